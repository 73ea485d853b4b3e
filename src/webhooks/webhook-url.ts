import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { WebhookSettings } from '../config/webhook-settings.js';
import { validationFailed } from '../problems.js';
import { AllowedAddresses } from './allowed-addresses.js';

const MAX_LENGTH = 2048;
const LOCAL_NAME = /(^|\.)localhost\.?$/;

/** Validates URLs of receivers: https, no credentials, an ordinary port, no private address. */
@Injectable()
export class WebhookUrls {
  constructor(
    private readonly settings: WebhookSettings,
    private readonly addresses: AllowedAddresses,
  ) {}

  /**
   * The URL in canonical form. Names aren't resolved here, but checked on each connection.
   * @throws Problem 422 `url_not_allowed`
   */
  check(text: string): string {
    const url = text.length > MAX_LENGTH ? null : URL.parse(text);
    const reason = url ? this.whyNot(url) : `is no URL of at most ${MAX_LENGTH} characters`;
    if (url && !reason) return url.href;
    throw validationFailed([{ pointer: '/url', code: 'url_not_allowed', detail: reason ?? 'is not allowed' }]);
  }

  private whyNot(url: URL): string | undefined {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const isLoopback = LOCAL_NAME.test(host) || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
    const mayBePlain = isLoopback && this.settings.allowLoopback;
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && mayBePlain)) return 'must begin with https://';
    if (url.username || url.password) return 'must not hold a username or password';
    if (url.hash) return 'must not have a fragment';
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
    if (port !== 443 && port < 1024 && !mayBePlain) return 'must use port 443 or one from 1024 on';
    if (isIP(host) ? !this.addresses.has(host) : LOCAL_NAME.test(host) && !mayBePlain) {
      return 'must not lead to a private or reserved address';
    }
    return undefined;
  }
}

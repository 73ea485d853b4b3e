import type { Server } from 'node:net';
import { Injectable } from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { MailSettings } from '../config/mail-settings.js';
import { ServerSettings } from '../config/server-settings.js';

/**
 * The URL of the front end: APP_URL, or in development this server's own pages. Never from `Host`, `X-Forwarded-Host` or
 * `Origin`, which an attacker can choose.
 */
@Injectable()
export class AppUrl {
  constructor(
    private readonly settings: MailSettings,
    private readonly server: ServerSettings,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The front end's URL, without a trailing slash. */
  get base(): string {
    return this.settings.appUrl ?? `http://localhost:${this.port}`;
  }

  /** The URL of one of its pages. @param path begins with a slash */
  page(path: string): string {
    return this.base + path;
  }

  /** The port that this server listens on; the configured one when it doesn't, as in a script. */
  get port(): number {
    const adapter = this.adapterHost.httpAdapter as AbstractHttpAdapter<Server> | undefined; // undefined in a script
    const address = adapter?.getHttpServer().address();
    return typeof address === 'object' && address ? address.port : this.server.port;
  }
}

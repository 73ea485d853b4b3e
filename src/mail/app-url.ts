import type { Server } from 'node:net';
import { Injectable } from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { MailSettings } from '../config/mail-settings.js';
import { ServerSettings } from '../config/server-settings.js';

/**
 * Where the front end is: APP_URL, or in development the pages of this server itself. Never what a request says of itself:
 * `Host`, `X-Forwarded-Host` and `Origin` are the attacker's to choose.
 */
@Injectable()
export class AppUrl {
  constructor(
    private readonly settings: MailSettings,
    private readonly server: ServerSettings,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The front end's address, without a slash at its end. */
  get base(): string {
    return this.settings.appUrl ?? `http://localhost:${this.port}`;
  }

  /** The address of one of its pages. @param path begins with a slash */
  page(path: string): string {
    return this.base + path;
  }

  /** Where this server listens; what it was told when it doesn't, as in a script. */
  get port(): number {
    const adapter = this.adapterHost.httpAdapter as AbstractHttpAdapter<Server> | undefined; // a script has none
    const address = adapter?.getHttpServer().address();
    return typeof address === 'object' && address ? address.port : this.server.port;
  }
}

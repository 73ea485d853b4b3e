import type { Server } from 'node:net';
import { Injectable } from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { ProvidersSettings } from '../../config/provider-settings.js';
import { ServerSettings } from '../../config/server-settings.js';

/** The address of this server, as the world knows it: PUBLIC_URL, or where it listens. Never what a request says of itself. */
@Injectable()
export class PublicUrl {
  constructor(
    private readonly settings: ProvidersSettings,
    private readonly server: ServerSettings,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Where a provider sends people back to. */
  callbackOf(provider: string): string {
    return `${this.base}/api/auth/providers/${provider}/callback`;
  }

  private get base(): string {
    return this.settings.publicUrl ?? this.listening;
  }

  /** As the banner says it. */
  private get listening(): string {
    const adapter = this.adapterHost.httpAdapter as AbstractHttpAdapter<Server> | undefined; // a script has none
    const address = adapter?.getHttpServer().address();
    if (typeof address !== 'object' || !address) return `http://127.0.0.1:${this.server.port}`;
    if (['::', '0.0.0.0'].includes(address.address)) return `http://127.0.0.1:${address.port}`;
    return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  }
}

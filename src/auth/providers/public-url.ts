import type { Server } from 'node:net';
import { Injectable } from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { ProvidersSettings } from '../../config/provider-settings.js';
import { ServerSettings } from '../../config/server-settings.js';

/** The public URL of this server: PUBLIC_URL, or the address it listens on; never the `Host` header of a request. */
@Injectable()
export class PublicUrl {
  constructor(
    private readonly settings: ProvidersSettings,
    private readonly server: ServerSettings,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The redirect URI for a provider. */
  callbackOf(provider: string): string {
    return `${this.base}/api/auth/providers/${provider}/callback`;
  }

  private get base(): string {
    return this.settings.publicUrl ?? this.listening;
  }

  /** As in the start-up message. */
  private get listening(): string {
    const adapter = this.adapterHost.httpAdapter as AbstractHttpAdapter<Server> | undefined; // undefined in the command line, which doesn't listen
    const address = adapter?.getHttpServer().address();
    if (typeof address !== 'object' || !address) return `http://127.0.0.1:${this.server.port}`;
    if (['::', '0.0.0.0'].includes(address.address)) return `http://127.0.0.1:${address.port}`;
    return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  }
}

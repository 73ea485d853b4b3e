import { Injectable } from '@nestjs/common';
import type { ProviderSettings } from '../../config/provider-settings.js';
import { ProvidersSettings } from '../../config/provider-settings.js';
import { problem } from '../../problems.js';
import { GithubClient } from './github-client.js';
import { OidcClient } from './oidc-client.js';
import type { ProviderClient } from './provider-client.js';

/** A configured provider, and its client. */
export interface Provider {
  settings: ProviderSettings;
  client: ProviderClient;
}

/** The client of a provider. */
export const clientOf = (settings: ProviderSettings): ProviderClient =>
  settings.type === 'github' ? new GithubClient(settings) : new OidcClient(settings);

/** The configured providers. Constructing a client makes no request. */
@Injectable()
export class Providers {
  private readonly byName: Map<string, Provider>;

  constructor({ providers }: ProvidersSettings) {
    this.byName = new Map(providers.map((settings) => [settings.name, { settings, client: clientOf(settings) }]));
  }

  /** All of them, ordered by name. */
  get all(): ProviderSettings[] {
    return [...this.byName.values()].map(({ settings }) => settings);
  }

  /** The provider of this name. @throws Problem 404 `not_enabled` */
  get(name: string): Provider {
    const provider = this.byName.get(name);
    if (!provider) throw problem('not_enabled', { detail: 'There is no such provider on this server.' });
    return provider;
  }

  /** Its name for people; the plain name when it is no longer configured. */
  labelOf(name: string): string {
    return this.byName.get(name)?.settings.label ?? name;
  }
}

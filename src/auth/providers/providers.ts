import { Injectable } from '@nestjs/common';
import type { ProviderSettings } from '../../config/provider-settings.js';
import { ProvidersSettings } from '../../config/provider-settings.js';
import { problem } from '../../problems.js';
import { GithubClient } from './github-client.js';
import { OidcClient } from './oidc-client.js';
import type { ProviderClient } from './provider-client.js';

/** A provider that is set up, and the way to it. */
export interface Provider {
  settings: ProviderSettings;
  client: ProviderClient;
}

/** The way to a provider. */
export const clientOf = (settings: ProviderSettings): ProviderClient =>
  settings.type === 'github' ? new GithubClient(settings) : new OidcClient(settings);

/** The providers that are set up. Making one asks nobody anything. */
@Injectable()
export class Providers {
  private readonly byName: Map<string, Provider>;

  constructor({ providers }: ProvidersSettings) {
    this.byName = new Map(providers.map((settings) => [settings.name, { settings, client: clientOf(settings) }]));
  }

  /** All of them, in the order of their names. */
  get all(): ProviderSettings[] {
    return [...this.byName.values()].map(({ settings }) => settings);
  }

  /** The provider of this name. @throws Problem 404 `not_enabled` */
  get(name: string): Provider {
    const provider = this.byName.get(name);
    if (!provider) throw problem('not_enabled', { detail: 'There is no such provider on this server.' });
    return provider;
  }

  /** What people call it; of one that is no longer set up, its name. */
  labelOf(name: string): string {
    return this.byName.get(name)?.settings.label ?? name;
  }
}

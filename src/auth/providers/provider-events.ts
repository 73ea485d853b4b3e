import { Injectable } from '@nestjs/common';

/** What became of somebody who went to a provider: signed in, refused by us, or failed by the provider. */
export const PROVIDER_OUTCOMES = ['success', 'refused', 'denied', 'failed', 'unreachable'] as const;
export type ProviderOutcome = (typeof PROVIDER_OUTCOMES)[number];

/** Tells whoever counts what becomes of people at providers. */
@Injectable()
export class ProviderEvents {
  private readonly listeners: ((provider: string, outcome: ProviderOutcome) => void)[] = [];

  /** Whom to tell. */
  onOutcome(listener: (provider: string, outcome: ProviderOutcome) => void): void {
    this.listeners.push(listener);
  }

  tell(provider: string, outcome: ProviderOutcome): void {
    for (const listener of this.listeners) listener(provider, outcome);
  }
}

import { Injectable } from '@nestjs/common';

/** Outcomes of a flow: signed in, refused by this server, denied by the person, failed at the provider, or the provider unreachable. */
export const PROVIDER_OUTCOMES = ['success', 'refused', 'denied', 'failed', 'unreachable'] as const;
export type ProviderOutcome = (typeof PROVIDER_OUTCOMES)[number];

/** Reports the outcomes of flows, for metrics. */
@Injectable()
export class ProviderEvents {
  private readonly listeners: ((provider: string, outcome: ProviderOutcome) => void)[] = [];

  /** Registers a listener. */
  onOutcome(listener: (provider: string, outcome: ProviderOutcome) => void): void {
    this.listeners.push(listener);
  }

  tell(provider: string, outcome: ProviderOutcome): void {
    for (const listener of this.listeners) listener(provider, outcome);
  }
}

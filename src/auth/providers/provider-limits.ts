import { Injectable } from '@nestjs/common';
import { ThrottleSettings } from '../../config/throttle-settings.js';
import type { Origin } from '../../request.js';
import { networkOf } from '../../throttle/networks.js';
import { budget, type Policy } from '../../throttle/policy.js';
import { Throttle } from '../../throttle/throttle.js';

type Step = 'authorize' | 'callback' | 'exchange';

/** Limits by network: starting flows, callbacks, and redeeming codes. */
@Injectable()
export class ProviderLimits {
  private readonly policies: Record<Step, Policy>;

  constructor(
    private readonly throttle: Throttle,
    { limits: { providers } }: ThrottleSettings,
  ) {
    this.policies = {
      authorize: throttle.policy('provider_authorize', providers),
      callback: throttle.policy('provider_callback', providers),
      exchange: throttle.policy('provider_exchange', providers),
    };
  }

  /** @throws Problem 429 */
  count(step: Step, from: Origin): Promise<void> {
    return this.throttle.count({ budgets: [budget(this.policies[step], [networkOf(from.ip)])] }, from);
  }
}

import { Injectable } from '@nestjs/common';
import { ThrottleSettings } from '../../config/throttle-settings.js';
import type { Origin } from '../../request.js';
import { networkOf } from '../../throttle/networks.js';
import { type Attempt, budget, type Policy } from '../../throttle/policy.js';
import { Throttle } from '../../throttle/throttle.js';

/** Counts refused refresh tokens by network. A valid token is neither counted nor refused because of others. */
@Injectable()
export class RefusedRefreshes {
  private readonly refused: Policy;

  constructor(
    private readonly throttle: Throttle,
    { limits }: ThrottleSettings,
  ) {
    this.refused = throttle.policy('refresh', limits.refusedRefreshes);
  }

  /** Counts a forged token. Its MAC gives it away without a query, so the count is kept in the process. @throws Problem 429 */
  countForged(from: Origin): Promise<void> {
    return this.throttle.tally(this.attempt(from), from);
  }

  /** Counts a genuine token that is used up, expired, or of a session that has ended. @throws Problem 429 */
  countExpired(from: Origin): Promise<void> {
    return this.throttle.count(this.attempt(from), from);
  }

  private attempt({ ip }: Origin): Attempt {
    return { budgets: [budget(this.refused, [networkOf(ip)])] };
  }
}

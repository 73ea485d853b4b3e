import { Injectable } from '@nestjs/common';
import { ThrottleSettings } from '../../config/throttle-settings.js';
import type { Origin } from '../../request.js';
import { networkOf } from '../../throttle/networks.js';
import { type Attempt, budget, type Policy } from '../../throttle/policy.js';
import { Throttle } from '../../throttle/throttle.js';

/** Refresh tokens that were refused, by network. A right one is never counted, nor held back by those that weren't. */
@Injectable()
export class RefusedRefreshes {
  private readonly refused: Policy;

  constructor(
    private readonly throttle: Throttle,
    { limits }: ThrottleSettings,
  ) {
    this.refused = throttle.policy('refresh', limits.refusedRefreshes);
  }

  /** Counts a token that isn't ours: its HMAC says so, so it is counted in the process, without the database. @throws Problem 429 */
  countForged(from: Origin): Promise<void> {
    return this.throttle.tally(this.attempt(from), from);
  }

  /** Counts a token of ours that is used up, expired or of an ended session. @throws Problem 429 */
  countExpired(from: Origin): Promise<void> {
    return this.throttle.count(this.attempt(from), from);
  }

  private attempt({ ip }: Origin): Attempt {
    return { budgets: [budget(this.refused, [networkOf(ip)])] };
  }
}

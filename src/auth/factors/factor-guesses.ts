import { Injectable } from '@nestjs/common';
import { ThrottleSettings } from '../../config/throttle-settings.js';
import { Mails } from '../../mail/mails.js';
import type { Origin } from '../../request.js';
import { networkOf } from '../../throttle/networks.js';
import { type Attempt, budget, type Policy } from '../../throttle/policy.js';
import type { Reservation } from '../../throttle/reservation.js';
import { Throttle } from '../../throttle/throttle.js';
import type { AccountFactors } from './account-factors.js';

/**
 * How often a second factor may be wrong: TOTP and recovery codes together, for the account and not for a network, as who
 * gets here has the first factor. How often passkeys are asked for and tried is counted for networks.
 */
@Injectable()
export class FactorGuesses {
  private readonly wrong: Policy;
  private readonly ofDay: Policy;
  private readonly reported: Policy;
  private readonly options: Policy;
  private readonly signIns: Policy;

  constructor(
    private readonly throttle: Throttle,
    private readonly mails: Mails,
    { limits }: ThrottleSettings,
  ) {
    this.wrong = throttle.policy('factor', limits.wrongFactors, { ofAccount: true, forgivable: true });
    this.ofDay = throttle.policy('factor:day', limits.wrongFactorsOfDay, { ofAccount: true, forgivable: true });
    this.reported = throttle.policy('factor:reported', { ...limits.wrongFactors, points: 1 });
    this.options = throttle.policy('passkey:options', limits.passkeyOptions);
    this.signIns = throttle.policy('passkey', limits.passkeySignIns);
  }

  /** Somebody tries a code. @throws Problem 429 */
  begin({ id }: Pick<AccountFactors, 'id'>, from: Origin): Promise<Reservation> {
    return this.throttle.reserve(this.attempt(id), from);
  }

  /** The code was wrong. When it was the last that was allowed, the owner is told. */
  async count(attempt: Reservation, account: AccountFactors, from: Origin): Promise<void> {
    await attempt.count();
    const hits = await this.throttle.hits(budget(this.wrong, [account.id]));
    if (hits < this.wrong.points || !(await this.throttle.tryCount([budget(this.reported, [account.id])]))) return;
    const words = { username: account.username, ...this.mails.originWords(from) };
    await this.mails.send('wrong_second_factor', { to: account.email, userId: account.id, words });
    this.mails.wake();
  }

  /** Options for a passkey are asked for, by whoever. They cost nothing, so they are counted without a statement. @throws Problem 429 */
  countOptions(from: Origin): Promise<void> {
    return this.throttle.tally({ budgets: [budget(this.options, [networkOf(from.ip)])] }, from);
  }

  /** A passkey is tried. @throws Problem 429 */
  countSignIn(from: Origin): Promise<void> {
    return this.throttle.count({ budgets: [budget(this.signIns, [networkOf(from.ip)])] }, from);
  }

  private attempt(account: string): Attempt {
    return { budgets: [budget(this.wrong, [account]), budget(this.ofDay, [account])], account };
  }
}

import { Injectable } from '@nestjs/common';
import { ThrottleSettings } from '../../config/throttle-settings.js';
import { Mails } from '../../mail/mails.js';
import type { Origin } from '../../request.js';
import { networkOf } from '../../throttle/networks.js';
import { budget, type Policy } from '../../throttle/policy.js';
import type { Reservation } from '../../throttle/reservation.js';
import { Throttle } from '../../throttle/throttle.js';
import type { AccountFactors } from './account-factors.js';

/**
 * Limits of wrong second factors. TOTP and recovery codes are counted together and by account, not by network, as the caller
 * has already shown the first factor. Passkey options and attempts are counted by network.
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

  /** Reserves an attempt. @throws Problem 429 */
  begin({ id }: Pick<AccountFactors, 'id'>, from: Origin): Promise<Reservation> {
    return this.throttle.reserve({ budgets: [budget(this.wrong, [id]), budget(this.ofDay, [id])], account: id }, from);
  }

  /** Counts a wrong code. When it was the last that is allowed, the owner gets a mail. */
  async count(attempt: Reservation, account: AccountFactors, from: Origin): Promise<void> {
    await attempt.count();
    const hits = await this.throttle.hits(budget(this.wrong, [account.id]));
    if (hits < this.wrong.points || !(await this.throttle.tryCount([budget(this.reported, [account.id])]))) return;
    const words = { username: account.username, ...this.mails.originWords(from) };
    await this.mails.send('wrong_second_factor', { to: account.email, userId: account.id, words });
    this.mails.wake();
  }

  /** Counts a request of passkey options, by network. They cost nothing, so the count is kept in the process. @throws Problem 429 */
  countOptions(from: Origin): Promise<void> {
    return this.throttle.tally({ budgets: [budget(this.options, [networkOf(from.ip)])] }, from);
  }

  /** Counts an attempt with a passkey. @throws Problem 429 */
  countSignIn(from: Origin): Promise<void> {
    return this.throttle.count({ budgets: [budget(this.signIns, [networkOf(from.ip)])] }, from);
  }
}

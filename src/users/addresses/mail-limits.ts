import { Injectable } from '@nestjs/common';
import { days, hours, minutes } from '../../config/durations.js';
import { ThrottleSettings } from '../../config/throttle-settings.js';
import { tooManyRequests } from '../../problems.js';
import type { Origin } from '../../request.js';
import { networkOf } from '../../throttle/networks.js';
import { type Budget, budget } from '../../throttle/policy.js';
import type { Reservation } from '../../throttle/reservation.js';
import { Throttle } from '../../throttle/throttle.js';
import type { Purpose } from './mail-challenge.entity.js';

/** Kinds of mail that a request can trigger. */
export type AskedKind = 'verify' | 'already_registered' | 'reset' | 'change' | 'invitation';

/** Wrong codes allowed in a day for one account and purpose. */
const CODES_A_DAY = 20;

/**
 * Limits of mails and codes. Mails are counted by the address as typed, whether an account has it or not. Over the limit no
 * mail is sent but the answer stays the same: a 429 would reveal who has an account.
 */
@Injectable()
export class MailLimits {
  private readonly asked = this.throttle.policy('mail:network', { points: 20, window: minutes(15) });
  private readonly minute = this.throttle.policy('mail:minute', { points: 1, window: minutes(1) });
  private readonly hour = this.throttle.policy('mail:hour', { points: 5, window: hours(1) });
  private readonly day = this.throttle.policy('mail:day', { points: 10, window: days(1) });
  private readonly allKinds = this.throttle.policy('mail:all', { points: 20, window: days(1) });
  private readonly codes = this.throttle.policy('code', { points: 5, window: minutes(15) });
  private readonly codesOfDay = this.throttle.policy('code:day', { points: CODES_A_DAY, window: days(1) });
  private readonly codesFromNetwork = this.throttle.policy('code:network', { points: 50, window: minutes(5) });

  constructor(
    private readonly throttle: Throttle,
    private readonly settings: ThrottleSettings,
  ) {}

  /** Counts a request for a mail, by network. @throws Problem 429 */
  countRequest(origin: Origin): Promise<void> {
    return this.throttle.count({ budgets: [budget(this.asked, [networkOf(origin.ip)])] }, origin);
  }

  /** Whether the limit of a mailbox allows a mail of this kind; if so, counts it. @param address normalised, or as typed */
  mayMail(kind: AskedKind, address: string): Promise<boolean> {
    return this.throttle.tryCount(this.mailbox(kind, address));
  }

  /** As `mayMail`, for a mail that may not be sent after all: the caller settles the reservation. Null over the limit. */
  reserveMail(kind: AskedKind, address: string): Promise<Reservation | null> {
    return this.throttle.tryReserve(this.mailbox(kind, address));
  }

  /**
   * Runs an attempt at a code; a wrong one is counted for address and purpose, whatever the network.
   * @param check returns null when the code is wrong; when it throws, nothing is counted
   * @throws Problem 429
   */
  async tryCode<T>(
    purpose: Purpose,
    address: string,
    { origin, check }: { origin: Origin; check: () => Promise<T | null> },
  ): Promise<T | null> {
    const budgets = [
      budget(this.codes, [address, purpose]),
      budget(this.codesOfDay, [address, purpose]),
      budget(this.codesFromNetwork, [networkOf(origin.ip)]),
    ];
    const reservation = await this.throttle.reserve({ budgets }, origin);
    try {
      const found = await check();
      if (found === null) await reservation.count();
      return found;
    } finally {
      await reservation.release(); // has no effect once counted
    }
  }

  private mailbox(kind: AskedKind, address: string): Budget[] {
    return [
      budget(this.minute, [address, kind]),
      budget(this.hour, [address, kind]),
      budget(this.day, [address, kind]),
      budget(this.allKinds, [address]),
    ];
  }

  /**
   * The same limit per day by the counts on the challenges, which survive a crash of the server.
   * @throws Problem 429
   */
  assertCodesLeft({ wrong, seconds }: { wrong: number; seconds: number }): void {
    if (this.settings.enabled && wrong >= CODES_A_DAY) throw tooManyRequests(seconds);
  }
}

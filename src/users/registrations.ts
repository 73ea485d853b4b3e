import { Injectable } from '@nestjs/common';
import { ThrottleSettings } from '../config/throttle-settings.js';
import { Problem } from '../problems.js';
import type { Origin } from '../request.js';
import { networkOf } from '../throttle/networks.js';
import { budget, type Policy } from '../throttle/policy.js';
import { Throttle } from '../throttle/throttle.js';

/** Limits per network: accounts registered, and refusals that reveal a taken name or address. */
@Injectable()
export class Registrations {
  private readonly made: Policy;
  private readonly taken: Policy;

  constructor(
    private readonly throttle: Throttle,
    { limits }: ThrottleSettings,
  ) {
    this.made = throttle.policy('register', limits.registrations);
    this.taken = throttle.policy('register:taken', limits.takenRegistrations);
  }

  /** Registers, and counts successes; requests that fail validation aren't counted. @throws Problem 429, what the work throws */
  async run<T>(from: Origin, register: () => Promise<T>): Promise<T> {
    const network = networkOf(from.ip);
    const budgets = [budget(this.made, [network]), budget(this.taken, [network])];
    const attempt = await this.throttle.reserve({ budgets }, from);
    try {
      const account = await register();
      await attempt.count(this.made);
      return account;
    } catch (error) {
      if (error instanceof Problem && error.status === 409) await attempt.count(this.taken);
      await attempt.release();
      throw error;
    }
  }
}

import { seconds } from '../config/durations.js';
import { tooManyRequests } from '../problems.js';
import type { Origin } from '../request.js';
import type { Full } from './counters.js';
import { FullWindows } from './full-windows.js';
import type { Attempt, Budget } from './policy.js';

/** A refused attempt. */
export interface Rejection extends Pick<Attempt, 'account'> {
  /** Whether it is the first in a window of one of these limits. */
  isFirst: boolean;
  /** The names of the policies that were reached. */
  limits: string[];
  from: Origin;
}

export type RejectionListener = (rejection: Rejection) => void | Promise<void>;

/** Milliseconds for which this process may still refuse an account that another one has unblocked. */
export const REFUSAL_MEMORY = seconds(1);
/** The limit named when no policy is exhausted, only attempts in flight are in the way. */
export const UNDER_WAY = 'under_way';

/** Refuses attempts, notifies listeners, and caches full windows, so that further refusals cost no statement. */
export class Rejections {
  readonly listeners: RejectionListener[] = [];
  private readonly windows = new FullWindows(REFUSAL_MEMORY);

  /** Whether an attempt at this budget was refused within the last second. */
  isFull(budget: Budget): boolean {
    return this.windows.find(memoryName(budget)) !== undefined;
  }

  /** @throws Problem 429 when such an attempt was refused within the last second */
  async assertOpen({ budgets, alias, account }: Attempt, from: Origin): Promise<void> {
    const names = [alias ?? '', ...budgets.map(memoryName)];
    const windows = names.flatMap((name) => this.windows.find(name) ?? []);
    if (!windows.length) return;
    const limits = [...new Set(windows.flatMap((window) => window.limits))];
    const milliseconds = Math.max(...windows.map(({ until }) => until)) - performance.now();
    await this.reject({ isFirst: false, limits, account, from }, milliseconds / 1000);
  }

  /** Refuses because of these full windows, and caches them. @throws Problem 429 */
  full({ alias, account }: Attempt, full: readonly Full[], from: Origin): Promise<never> {
    for (const { budget, seconds } of full) {
      const window = { limits: [budget.policy.name], until: performance.now() + seconds * 1000 };
      this.windows.remember(memoryName(budget), window);
      if (alias) this.windows.remember(alias, window);
    }
    const limits = full.map(({ budget }) => budget.policy.name);
    const isFirst = full.some((window) => window.isFirst);
    return this.reject({ isFirst, limits, account, from }, Math.max(...full.map(({ seconds }) => seconds)));
  }

  /** Refuses because of attempts in flight. @throws Problem 429, to retry in a second */
  forNow({ account }: Attempt, from: Origin): Promise<never> {
    return this.reject({ isFirst: false, limits: [UNDER_WAY], account, from }, 1);
  }

  /** Clears the cache, after an account was unblocked. */
  forget(): void {
    this.windows.clear();
  }

  private async reject(rejection: Rejection, waitSeconds: number): Promise<never> {
    for (const listener of this.listeners) await listener(rejection);
    throw tooManyRequests(waitSeconds);
  }
}

/** A budget with a pass distinguishes its holders from others: a refusal is cached for the others only. */
const memoryName = ({ key, pass }: Budget) => pass ?? key;

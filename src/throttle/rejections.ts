import { seconds } from '../config/durations.js';
import { tooManyRequests } from '../problems.js';
import type { Origin } from '../request.js';
import type { Full } from './counters.js';
import { FullWindows } from './full-windows.js';
import type { Attempt, Budget } from './policy.js';

/** Somebody is held back. */
export interface Rejection extends Pick<Attempt, 'account'> {
  /** Whether it is the first in the window of one of these limits. */
  isFirst: boolean;
  /** The names of the policies that were reached. */
  limits: string[];
  from: Origin;
}

export type RejectionListener = (rejection: Rejection) => void | Promise<void>;

/** For so long (milliseconds) an account that another process has unblocked may still be refused by this one. */
export const REFUSAL_MEMORY = seconds(1);
/** What rejections are named when no policy was reached: other attempts are in the way, for a moment. */
export const UNDER_WAY = 'under_way';

/** Rejects attempts, tells who wants to know, and remembers full windows, so that the next refusals cost no statement. */
export class Rejections {
  readonly listeners: RejectionListener[] = [];
  private readonly windows = new FullWindows(REFUSAL_MEMORY);

  /** Whether an attempt at this budget was refused a moment ago. */
  isFull(budget: Budget): boolean {
    return this.windows.find(memoryName(budget)) !== undefined;
  }

  /** @throws Problem 429 when such an attempt was refused a moment ago */
  async assertOpen({ budgets, alias, account }: Attempt, from: Origin): Promise<void> {
    const names = [alias ?? '', ...budgets.map(memoryName)];
    const windows = names.flatMap((name) => this.windows.find(name) ?? []);
    if (!windows.length) return;
    const limits = [...new Set(windows.flatMap((window) => window.limits))];
    const milliseconds = Math.max(...windows.map(({ until }) => until)) - performance.now();
    await this.reject({ isFirst: false, limits, account, from }, milliseconds / 1000);
  }

  /** Rejects for these full windows, and remembers them. @throws Problem 429 */
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

  /** Rejects for attempts that are under way. @throws Problem 429, to come back in a second */
  forNow({ account }: Attempt, from: Origin): Promise<never> {
    return this.reject({ isFirst: false, limits: [UNDER_WAY], account, from }, 1);
  }

  /** Forgets all windows: somebody was unblocked. */
  forget(): void {
    this.windows.clear();
  }

  private async reject(rejection: Rejection, waitSeconds: number): Promise<never> {
    for (const listener of this.listeners) await listener(rejection);
    throw tooManyRequests(waitSeconds);
  }
}

/** With a pass one budget treats its holders and everybody else apart: a refusal is remembered for the latter only. */
const memoryName = ({ key, pass }: Budget) => pass ?? key;

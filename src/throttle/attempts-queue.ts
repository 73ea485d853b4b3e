import { BoundedQueue, type Waiter } from '../database/bounded-queue.js';
import type { Budget } from './policy.js';
import type { Rejections } from './rejections.js';

/** Waiting failed: attempts in flight took too long, or used up the limit. */
export class StillBusyError extends Error {}

/**
 * Limits attempts in flight in this process: for each budget as many as it has points. Further ones would be refused by the
 * database anyway, and wait here instead, without a statement.
 */
export class AttemptsQueue extends BoundedQueue<Budget[]> {
  private readonly underWay = new Map<string, number>();

  constructor(
    private readonly rejections: Rejections,
    private readonly limits: { waiters: number; waitMs: number },
  ) {
    super();
  }

  protected admits(budgets: Budget[]): boolean {
    return budgets.every(({ key, policy }) => (this.underWay.get(key) ?? 0) < policy.points);
  }

  protected enter(budgets: Budget[]): void {
    for (const { key } of budgets) this.underWay.set(key, (this.underWay.get(key) ?? 0) + 1);
  }

  protected leave(budgets: Budget[]): void {
    for (const { key } of budgets) {
      const count = (this.underWay.get(key) ?? 0) - 1;
      if (count > 0) this.underWay.set(key, count);
      else this.underWay.delete(key);
    }
  }

  protected assertMayWait(): void {
    if (this.waiting >= this.limits.waiters) throw new StillBusyError();
  }

  protected override watch(waiter: Waiter<Budget[]>): () => void {
    const timer = setTimeout(() => waiter.answer(new StillBusyError()), this.limits.waitMs);
    return () => clearTimeout(timer);
  }

  protected override refusal({ job }: Waiter<Budget[]>): Error | undefined {
    return job.some((budget) => this.rejections.isFull(budget)) ? new StillBusyError() : undefined;
  }
}

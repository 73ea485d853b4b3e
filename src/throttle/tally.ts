import type { Full } from './counters.js';
import type { Budget } from './policy.js';

const MOST = 10_000; // about 100 bytes each

/** Counts in this process only: for requests so cheap to refuse that a write would cost more. */
export class Tally {
  private readonly counts = new Map<string, { hits: number; until: number }>(); // oldest window first

  /** Counts one more. Returns the full window when it is exceeded. */
  add(budget: Budget): Full | undefined {
    const { key, policy } = budget;
    const now = performance.now();
    for (const [oldest, { until }] of this.counts) {
      if (this.counts.size < MOST && until > now) break;
      this.counts.delete(oldest);
    }
    const count = this.counts.get(key) ?? { hits: 0, until: now + policy.window };
    this.counts.set(key, { ...count, hits: count.hits + 1 });
    if (count.hits < policy.points) return undefined;
    return { budget, isFirst: count.hits === policy.points, seconds: (count.until - now) / 1000 };
  }
}

import type { Budget } from './policy.js';

const MOST = 10_000; // of some 100 bytes

/** Counts in this process alone: for what costs so little to refuse that a write would be the dearer part. */
export class Tally {
  private readonly counts = new Map<string, { hits: number; until: number }>(); // oldest window first

  /** Counts one more. Returns the seconds until the window ends when there were too many, or else 0. */
  add({ key, policy: { points, window } }: Budget): number {
    const now = performance.now();
    for (const [oldest, { until }] of this.counts) {
      if (this.counts.size < MOST && until > now) break;
      this.counts.delete(oldest);
    }
    const count = this.counts.get(key) ?? { hits: 0, until: now + window };
    this.counts.set(key, { ...count, hits: count.hits + 1 });
    return count.hits < points ? 0 : (count.until - now) / 1000;
  }
}

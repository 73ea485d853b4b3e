import { minutes } from '../config/durations.js';

const REMEMBERED = minutes(15);

interface Outage {
  from: number;
  to: number;
}

/** Periods in which this process could not reach its database, by performance.now(). */
export class Reachability {
  private readonly outages: Outage[] = [];
  private reachedAt = performance.now();
  private awaySince?: number;

  /** Records an answer. */
  reached(): void {
    this.reachedAt = performance.now();
    if (this.awaySince === undefined) return;
    this.outages.push({ from: this.awaySince, to: this.reachedAt });
    this.awaySince = undefined;
    while (this.outages[0] && this.outages[0].to < this.reachedAt - REMEMBERED) this.outages.shift();
  }

  /** Records that what began at this time found no connection or lost it: unreachable since then, or since the last answer. */
  failed(startedAt: number): void {
    this.awaySince ??= Math.max(startedAt, this.reachedAt);
  }

  /** How many of the last so many milliseconds the database was unreachable. */
  awayWithin(milliseconds: number): number {
    const now = performance.now();
    const since = now - milliseconds;
    const current = this.awaySince === undefined ? [] : [{ from: this.awaySince, to: now }];
    return [...this.outages, ...current].reduce(
      (sum, { from, to }) => sum + Math.max(0, to - Math.max(from, since)),
      0,
    );
  }
}

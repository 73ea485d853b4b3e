import { minutes } from '../config/durations.js';

const REMEMBERED = minutes(15);

interface Outage {
  from: number;
  to: number;
}

/** When this process could not reach its database. Times are those of performance.now(). */
export class Reachability {
  private readonly outages: Outage[] = [];
  private reachedAt = performance.now();
  private awaySince?: number;

  /** Something was answered. */
  reached(): void {
    this.reachedAt = performance.now();
    if (this.awaySince === undefined) return;
    this.outages.push({ from: this.awaySince, to: this.reachedAt });
    this.awaySince = undefined;
    while (this.outages[0] && this.outages[0].to < this.reachedAt - REMEMBERED) this.outages.shift();
  }

  /** What was begun at this time found no connection, or lost it; it was away since then, or since it last answered. */
  failed(startedAt: number): void {
    this.awaySince ??= Math.max(startedAt, this.reachedAt);
  }

  /** For how many of the last so many milliseconds the database was away. */
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

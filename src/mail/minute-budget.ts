import { minutes } from '../config/durations.js';

/** A rate limit: how many mails this process may send within a sliding minute. */
export class MinuteBudget {
  private readonly taken: number[] = [];

  constructor(private readonly max: number) {}

  left(): number {
    const begin = performance.now() - minutes(1);
    while (this.taken.length && (this.taken[0] ?? 0) <= begin) this.taken.shift();
    return this.max - this.taken.length;
  }

  take(): void {
    this.taken.push(performance.now());
  }
}

import { minutes } from '../config/durations.js';

/** How many mails this process may still hand over in the minute that slides behind it. */
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

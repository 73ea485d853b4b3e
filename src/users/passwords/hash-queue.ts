import { BoundedQueue, type Waiter } from '../../database/bounded-queue.js';
import { unavailable } from '../../problems.js';

/** Concurrency, and the longest wait. */
export interface HashQueueOptions {
  width: number;
  /** Milliseconds: a job whose estimated wait is longer is rejected. */
  maxWaitMs: number;
  /** Assumed milliseconds of a job until some have been measured. */
  expectedMs: number;
}

const WEIGHT_OF_LAST = 0.1; // of the moving average: about twenty jobs

/** Runs a limited number of jobs at once, queues a few more, and rejects the rest at once. */
export class HashQueue extends BoundedQueue<undefined> {
  private inside = 0;
  private closed = false;
  private meanMs: number;
  private whenEmpty: () => void = () => undefined;

  constructor(private readonly options: HashQueueOptions) {
    super();
    this.meanMs = options.expectedMs;
  }

  /** Number of running jobs. */
  get running(): number {
    return this.inside;
  }

  /** Rejects waiting and later jobs; resolves when the last running job has ended. */
  close(): Promise<void> {
    this.closed = true;
    this.turnAway(unavailable());
    return this.inside === 0 ? Promise.resolve() : new Promise((resolve) => (this.whenEmpty = resolve));
  }

  protected admits(): boolean {
    return !this.closed && this.inside < this.options.width;
  }

  protected enter(): void {
    this.inside++;
  }

  protected leave(_job: undefined, tookMs: number): void {
    this.meanMs += (tookMs - this.meanMs) * WEIGHT_OF_LAST;
    this.inside--;
    if (this.inside === 0) this.whenEmpty();
  }

  protected assertMayWait(): void {
    if (this.closed) throw unavailable();
    const waitMs = (this.meanMs * (this.inside + this.waiting)) / this.options.width;
    if (waitMs > this.options.maxWaitMs) throw unavailable(waitMs / 1000);
  }

  /** Estimates are wrong when the machine slows down: a job that has waited twice the limit is rejected after all. */
  protected override refusal({ since }: Waiter<undefined>): Error | undefined {
    return performance.now() - since > 2 * this.options.maxWaitMs ? unavailable() : undefined;
  }
}

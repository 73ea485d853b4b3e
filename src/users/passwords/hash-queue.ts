import { BoundedQueue, type Waiter } from '../../database/bounded-queue.js';
import { unavailable } from '../../problems.js';

/** How many jobs run at once, and when one more would have to wait too long. */
export interface HashQueueOptions {
  width: number;
  /** Milliseconds: a job whose estimated wait is longer is turned away. */
  maxWaitMs: number;
  /** Milliseconds that a job is taken to last until some have been measured. */
  expectedMs: number;
}

const WEIGHT_OF_LAST = 0.1; // in the running mean: some twenty jobs and the past is forgotten

/** Lets so many jobs run at once, a few more wait, and turns the rest away while that is still cheap. */
export class HashQueue extends BoundedQueue<undefined> {
  private inside = 0;
  private closed = false;
  private meanMs: number;
  private whenEmpty: () => void = () => undefined;

  constructor(private readonly options: HashQueueOptions) {
    super();
    this.meanMs = options.expectedMs;
  }

  /** Jobs that run now. */
  get running(): number {
    return this.inside;
  }

  /** Turns away everyone who waits and everyone to come; resolves when the last job that runs has ended. */
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

  /** An estimate can be wrong, on a machine that slows down: whoever waited twice as long as promised is told so. */
  protected override refusal({ since }: Waiter<undefined>): Error | undefined {
    return performance.now() - since > 2 * this.options.maxWaitMs ? unavailable() : undefined;
  }
}

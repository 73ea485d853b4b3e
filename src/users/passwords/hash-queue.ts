import { unavailable } from '../../problems.js';

/** How many jobs run at once, and when one more would have to wait too long. */
export interface GateOptions {
  width: number;
  /** Milliseconds: a job whose estimated wait is longer is turned away. */
  maxWaitMs: number;
  /** Milliseconds that a job is taken to last until some have been measured. */
  expectedMs: number;
}

interface Waiter {
  since: number;
  /** Lets it in, or turns it away. */
  answer(failure?: Error): void;
}

const WEIGHT_OF_LAST = 0.1; // in the running mean: some twenty jobs and the past is forgotten

/** Lets so many jobs run at once, a few more wait in line, and turns the rest away while that is still cheap. */
export class HashQueue {
  private readonly line = new Set<Waiter>();
  private inside = 0;
  private closed = false;
  private meanMs: number;
  private whenEmpty: () => void = () => undefined;

  constructor(private readonly options: GateOptions) {
    this.meanMs = options.expectedMs;
  }

  /** Jobs that run now. */
  get running(): number {
    return this.inside;
  }

  /** Jobs that stand in line. */
  get waiting(): number {
    return this.line.size;
  }

  /**
   * Runs the job when its turn comes. Throws `unavailable` instead when the line is too long or the gate closed, and
   * the signal's reason when that fires before the turn; from then on the job is left alone.
   */
  async run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.enter(signal);
    const entered = performance.now();
    try {
      return await job();
    } finally {
      this.leave(performance.now() - entered);
    }
  }

  /** Turns away everyone in line and everyone to come; resolves when the last job inside has ended. */
  close(): Promise<void> {
    this.closed = true;
    for (const waiter of this.line) waiter.answer(unavailable());
    return this.inside === 0 ? Promise.resolve() : new Promise((resolve) => (this.whenEmpty = resolve));
  }

  private async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.closed) throw unavailable();
    if (this.inside < this.options.width) {
      this.inside++;
      return;
    }
    const waitMs = (this.meanMs * (this.inside + this.line.size)) / this.options.width;
    if (waitMs > this.options.maxWaitMs) throw unavailable(waitMs / 1000);
    await this.turn(signal);
  }

  /** The place goes straight to the next in line, so that nobody slips in between. */
  private leave(tookMs: number): void {
    this.meanMs += (tookMs - this.meanMs) * WEIGHT_OF_LAST;
    const next = this.nextInLine();
    if (next) next.answer();
    else this.inside--;
    if (this.inside === 0) this.whenEmpty();
  }

  private turn(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        since: performance.now(),
        answer: (failure) => {
          this.line.delete(waiter);
          signal?.removeEventListener('abort', onAbort);
          if (failure) reject(failure);
          else resolve();
        },
      };
      const onAbort = () => waiter.answer(signal?.reason as Error);
      signal?.addEventListener('abort', onAbort);
      this.line.add(waiter);
    });
  }

  /** An estimate can be wrong, on a machine that slows down: whoever waited twice as long as promised is told so. */
  private nextInLine(): Waiter | undefined {
    const patience = performance.now() - 2 * this.options.maxWaitMs;
    for (const waiter of this.line) {
      if (waiter.since >= patience) return waiter;
      waiter.answer(unavailable());
    }
    return undefined;
  }
}

/** Somebody who waits for their turn. */
export interface Waiter<Job> {
  readonly job: Job;
  /** When they came, by `performance.now()`. */
  readonly since: number;
  /** Lets them in, or turns them away. */
  answer(failure?: Error): void;
}

/**
 * Lets jobs in as long as an admission rule admits them; those that come after wait in the order of their arrival, and
 * whoever ends makes room for the first that fits. What the rule is, and how long somebody may wait, heirs say.
 */
export abstract class BoundedQueue<Job> {
  private readonly waiters = new Set<Waiter<Job>>();

  /** How many wait. */
  get waiting(): number {
    return this.waiters.size;
  }

  /**
   * Runs the work when the job is admitted. Throws the rule's failure instead when it isn't, and the signal's reason when
   * that fires before; from then on the work is left alone.
   */
  async run<T>(job: Job, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const wait = this.acquire(job, signal);
    if (wait) await wait;
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.release(job, performance.now() - start);
    }
  }

  /** Admits the job, at once (undefined) or later; whoever is admitted must `release`. @throws as `run` */
  acquire(job: Job, signal?: AbortSignal): Promise<void> | undefined {
    signal?.throwIfAborted();
    if (!this.admits(job)) {
      this.assertMayWait(job);
      return this.wait(job, signal);
    }
    this.enter(job);
    return undefined;
  }

  /** The job has ended, after so many milliseconds. */
  release(job: Job, tookMs = 0): void {
    this.leave(job, tookMs);
    this.admitWaiting();
  }

  /** Turns away everybody who waits, or those with such a job. */
  turnAway(failure: Error, isSuch: (job: Job) => boolean = () => true): void {
    for (const waiter of this.waiters) if (isSuch(waiter.job)) waiter.answer(failure);
  }

  /** Whether there is room for this job now, beside those that are in. */
  protected abstract admits(job: Job): boolean;
  /** The job takes its room. */
  protected abstract enter(job: Job): void;
  /** The job gives its room back. */
  protected abstract leave(job: Job, tookMs: number): void;
  /** Before somebody waits. @throws what they are told when waiting is of no use */
  protected abstract assertMayWait(job: Job): void;

  /** Keeps an eye on somebody who waits. Returns what ends that. */
  protected watch?(waiter: Waiter<Job>): () => void;
  /** Why somebody who waited until now must be turned away after all; undefined lets them in. */
  protected refusal?(waiter: Waiter<Job>): Error | undefined;

  /** Room is given straight to those who wait, so that nobody slips in between. */
  private admitWaiting(): void {
    for (const waiter of this.waiters) {
      if (!this.admits(waiter.job)) continue;
      const failure = this.refusal?.(waiter);
      if (!failure) this.enter(waiter.job);
      waiter.answer(failure);
    }
  }

  private wait(job: Job, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter<Job> = {
        job,
        since: performance.now(),
        answer: (failure) => {
          this.waiters.delete(waiter);
          signal?.removeEventListener('abort', onAbort);
          endWatch?.();
          if (failure) reject(failure);
          else resolve();
        },
      };
      const onAbort = () => waiter.answer(signal?.reason as Error);
      const endWatch = this.watch?.(waiter);
      signal?.addEventListener('abort', onAbort);
      this.waiters.add(waiter);
    });
  }
}

/** A waiting job. */
export interface Waiter<Job> {
  readonly job: Job;
  /** When it began to wait, by `performance.now()`. */
  readonly since: number;
  /** Admits the job, or rejects it with a failure. */
  answer(failure?: Error): void;
}

/**
 * Runs jobs as long as an admission rule allows; further ones wait in the order of arrival, and each job that ends admits
 * the first that fits. Subclasses define the rule and how long a job may wait.
 */
export abstract class BoundedQueue<Job> {
  private readonly waiters = new Set<Waiter<Job>>();

  /** Number of waiting jobs. */
  get waiting(): number {
    return this.waiters.size;
  }

  /**
   * Runs the work once the job is admitted. Throws the rule's failure when it isn't, and the signal's reason when that fires
   * before; the work is not started then.
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

  /** @throws what `run` would refuse such a job with at once */
  assertRoom(job: Job): void {
    if (!this.admits(job)) this.assertMayWait(job);
  }

  /** Admits the job, at once (undefined) or later; the caller must `release` it. @throws as `run` */
  acquire(job: Job, signal?: AbortSignal): Promise<void> | undefined {
    signal?.throwIfAborted();
    if (!this.admits(job)) {
      this.assertMayWait(job);
      return this.wait(job, signal);
    }
    this.enter(job);
    return undefined;
  }

  /** Ends an admitted job, after so many milliseconds. */
  release(job: Job, tookMs = 0): void {
    this.leave(job, tookMs);
    this.admitWaiting();
  }

  /** Rejects all waiting jobs, or those that match. */
  turnAway(failure: Error, isSuch: (job: Job) => boolean = () => true): void {
    for (const waiter of this.waiters) if (isSuch(waiter.job)) waiter.answer(failure);
  }

  /** Whether the job can be admitted now. */
  protected abstract admits(job: Job): boolean;
  /** Counts the job as admitted. */
  protected abstract enter(job: Job): void;
  /** Counts the job as ended. */
  protected abstract leave(job: Job, tookMs: number): void;
  /** Called before a job waits. @throws the failure when waiting makes no sense */
  protected abstract assertMayWait(job: Job): void;

  /** Watches a waiting job. Returns what stops that. */
  protected watch?(waiter: Waiter<Job>): () => void;
  /** Why a job must be rejected after having waited; undefined admits it. */
  protected refusal?(waiter: Waiter<Job>): Error | undefined;

  /** Admits waiting jobs directly, so that new ones can't overtake them. */
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

import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { minutes, seconds } from '../config/durations.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';

/** A recurring job, run by one process at a time, however many replicas there are. */
export interface Job {
  /** Unique; the key of its lease. */
  readonly name: string;
  /** Milliseconds from the end of a run to the next one, on any replica. */
  readonly every: number;
  /**
   * Runs the job. When the signal fires, the process is shutting down or has lost the lease: stop at the next point from
   * which a later run can continue.
   */
  run(signal: AbortSignal): Promise<void>;
}

const LEASE = minutes(1);
const RENEW = LEASE / 3;
const LONGEST_FIRST_WAIT = seconds(10); // replicas that start together must not query together
const MS = `interval '1 millisecond'`;

/** Claims a job that is due and not running. */
const CLAIM = statement(
  'scheduled_jobs.claim',
  `INSERT INTO scheduled_jobs AS j (name, leased_by, leased_until) VALUES ($1, $2, now() + $3::bigint * ${MS})
   ON CONFLICT (name) DO UPDATE SET leased_by = excluded.leased_by, leased_until = excluded.leased_until
   WHERE (j.leased_until IS NULL OR j.leased_until < now()) AND (j.next_run_at <= now() OR $4::boolean)
   RETURNING name`,
);
const EXTEND = statement(
  'scheduled_jobs.extend',
  `UPDATE scheduled_jobs SET leased_until = now() + $3::bigint * ${MS} WHERE name = $1 AND leased_by = $2 RETURNING name`,
);
const RELEASE = statement(
  'scheduled_jobs.release',
  `UPDATE scheduled_jobs SET leased_by = NULL, leased_until = NULL, next_run_at = now() + $3::bigint * ${MS}
   WHERE name = $1 AND leased_by = $2`,
);

/**
 * Runs recurring jobs. A row of `scheduled_jobs` is a job's lease: the replica that holds it runs the job and extends the
 * lease; if it dies, another takes over a minute later. Not advisory locks, which don't exclude anybody behind a pooler.
 */
@Injectable()
export class Scheduler implements OnModuleDestroy {
  private readonly log = new Logger('Scheduler');
  private readonly jobs = new Map<string, Job>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Map<string, Promise<boolean>>();
  private readonly ending = new AbortController();
  private readonly id = randomUUID();
  private isStarted = false;

  constructor(private readonly database: Database) {}

  /** Registers a job; a module does that when it is initialised. */
  register(job: Job): void {
    if (this.jobs.has(job.name)) throw new Error(`There are two jobs of the name ${job.name}`);
    this.jobs.set(job.name, job);
    if (this.isStarted) this.schedule(job, this.firstWait(job));
  }

  /** Starts running jobs, once the database has its tables. */
  start(): void {
    this.isStarted = true;
    for (const job of this.jobs.values()) this.schedule(job, this.firstWait(job));
  }

  /**
   * Runs a job now, even if it isn't due, unless it is running somewhere.
   * @returns whether it was run here to its end
   */
  runNow(name: string): Promise<boolean> {
    const job = this.jobs.get(name);
    if (!job) throw new Error(`There is no job ${name}`);
    return this.attempt(job, { isDue: true });
  }

  /** Signals running jobs to stop, and waits for them, before the connections are closed. */
  async onModuleDestroy(): Promise<void> {
    this.ending.abort();
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all(this.running.values());
  }

  private firstWait({ every }: Job): number {
    return Math.random() * Math.min(every, LONGEST_FIRST_WAIT);
  }

  private schedule(job: Job, wait: number): void {
    if (this.ending.signal.aborted) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.attempt(job, { isDue: false }).then(() => this.schedule(job, job.every));
    }, wait);
    timer.unref();
    this.timers.add(timer);
  }

  /** Never throws. Does nothing for a job that is still running in this process. */
  private async attempt(job: Job, { isDue }: { isDue: boolean }): Promise<boolean> {
    if (this.running.has(job.name) || this.ending.signal.aborted) return false;
    const run = this.claimAndRun(job, isDue).catch((error: unknown) => {
      this.log.warn({ event: 'job_failed', job: job.name, reason: (error as Error).message });
      return false;
    });
    this.running.set(job.name, run);
    return run.finally(() => this.running.delete(job.name));
  }

  private async claimAndRun(job: Job, isDue: boolean): Promise<boolean> {
    const claimed = await this.database.write(CLAIM, [job.name, this.id, LEASE, isDue]);
    if (claimed.length === 0) return false;
    const lost = new AbortController();
    const stopExtending = this.extend(job, lost);
    let wait = job.every;
    try {
      await job.run(AbortSignal.any([this.ending.signal, lost.signal]));
      if (this.ending.signal.aborted) wait = 0; // another replica continues
      return !this.ending.signal.aborted && !lost.signal.aborted;
    } finally {
      stopExtending();
      await this.database.write(RELEASE, [job.name, this.id, wait]);
    }
  }

  /** Extends the lease until stopped; when that fails until the lease expires, another process has the job. */
  private extend({ name }: Job, lost: AbortController): () => void {
    let until = performance.now() + LEASE;
    const timer = setInterval(() => {
      const begun = performance.now();
      if (begun > until) return lost.abort(); // for example after the process was suspended
      this.database.write(EXTEND, [name, this.id, LEASE]).then(
        (kept) => (kept.length ? (until = begun + LEASE) : lost.abort()),
        () => undefined, // tried again while the lease lasts
      );
    }, RENEW);
    return () => clearInterval(timer);
  }
}

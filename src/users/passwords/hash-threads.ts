import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Piscina } from 'piscina';
import { HashQueue } from './hash-queue.js';
import type * as worker from './hash-worker.js';

type Job = keyof typeof worker;
type Task<Name extends Job> = Parameters<(typeof worker)[Name]>[0];
type Answer<Name extends Job> = ReturnType<(typeof worker)[Name]>;

const WORKER = new URL(`./hash-worker${extname(import.meta.url)}`, import.meta.url).href;
const IDLE_THREAD_MS = 60_000; // then the thread ends, which frees its 10 MiB
const CLOSE_MS = 5_000;

/** How many threads there are, and how long a job may wait for one. */
interface ThreadOptions {
  /** By default one for each processor that this process may use. */
  threads?: number | undefined;
  /** Milliseconds of estimated wait above which a job is rejected; 2,000 by default. */
  maxWaitMs?: number | undefined;
  /** Milliseconds that a job is expected to take. */
  expectedMs: number;
}

/** Runs the functions of the hash worker on threads behind a bounded queue. */
export class HashThreads {
  private readonly threads: number;
  private readonly queue: HashQueue;
  private pool?: Promise<Piscina>;

  constructor({ threads = availableParallelism(), maxWaitMs = 2_000, expectedMs }: ThreadOptions) {
    this.threads = threads;
    this.queue = new HashQueue({ width: threads, maxWaitMs, expectedMs });
  }

  /** Runs a job on a thread. @throws `unavailable` when too many jobs wait, the signal's reason when it fires first */
  run<Name extends Job>(name: Name, task: Task<Name>, signal?: AbortSignal): Promise<Answer<Name>> {
    // the signal only cancels queued jobs: Piscina would kill the thread of a running one
    const job = async () => (await this.startedPool()).run(task, { filename: WORKER, name }) as Promise<Answer<Name>>;
    return this.queue.run(undefined, job, signal);
  }

  /** @throws Problem 503 when a job would be refused, as too many wait */
  assertRoom(): void {
    this.queue.assertRoom(undefined);
  }

  /** Running and waiting jobs. */
  stats(): { running: number; waiting: number } {
    return { running: this.queue.running, waiting: this.queue.waiting };
  }

  /** Rejects waiting jobs, waits for running ones (5 s at most), and ends the threads. */
  async close(): Promise<void> {
    await Promise.race([this.queue.close(), delay(CLOSE_MS, undefined, { ref: false })]);
    const pool = await this.pool;
    await Promise.race([pool?.destroy(), delay(CLOSE_MS, undefined, { ref: false })]);
  }

  private startedPool(): Promise<Piscina> {
    return (this.pool ??= startPool(this.threads));
  }
}

async function startPool(threads: number): Promise<Piscina> {
  const { Piscina } = await import('piscina'); // 7 MiB that an idle server can do without
  const pool = new Piscina({
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_THREAD_MS,
    execArgv: [], // don't inherit the process' options: a loader costs each thread time and memory
    recordTiming: false,
  });
  pool.on('error', () => undefined); // an idle thread that dies is replaced at the next job
  return pool;
}

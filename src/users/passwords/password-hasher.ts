import { createHmac } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Piscina } from 'piscina';
import { HashQueue } from './hash-queue.js';
import type * as worker from './hash-worker.js';
import { isHashable, normalizePassword } from './password-rules.js';

/** How passwords are hashed, and how long anyone waits for it. */
export interface HasherOptions {
  /** Cost of new hashes: 2^rounds rounds of bcrypt's key schedule. */
  rounds: number;
  /** A secret kept outside the database, mixed into new hashes. */
  pepper?: string;
  /** Threads to hash on; by default one for each processor that this process may use. */
  threads?: number;
  /** Milliseconds of estimated wait above which a job is turned away; 2,000 by default. */
  maxWaitMs?: number;
}

interface StoredHash {
  peppered: boolean;
  cost: number;
  bcrypt: string;
}

type Job = keyof typeof worker;
type Task<Name extends Job> = Parameters<(typeof worker)[Name]>[0];
type Answer<Name extends Job> = ReturnType<(typeof worker)[Name]>;

const WORKER = new URL(`./hash-worker${extname(import.meta.url)}`, import.meta.url).href;
const PEPPERED = '$pepper'; // marks a hash: `$pepper$2b$12$…`
const HIGHEST_FOREIGN_COST = 16; // a hash made elsewhere may cost seconds, not hours
const IDLE_THREAD_MS = 60_000; // then its 10 MiB are given back
const CLOSE_MS = 5_000;

/** Hashes and verifies passwords on threads of low priority, made at the first use; never on the event loop or in libuv's pool. */
export class PasswordHasher {
  private readonly threads: number;
  private readonly peppered: boolean;
  private readonly queue: HashQueue;
  private pool?: Promise<Piscina>;

  constructor(private readonly options: HasherOptions) {
    this.threads = options.threads ?? availableParallelism();
    this.peppered = options.pepper !== undefined;
    const maxWaitMs = options.maxWaitMs ?? 2_000;
    this.queue = new HashQueue({ width: this.threads, maxWaitMs, expectedMs: 2 ** options.rounds / 20 }); // cost 12: 0.2 s
  }

  /**
   * The hash to store for a password that the rules have passed.
   * Throws `unavailable` when too many wait, the signal's reason when it fires first, RangeError for what can't be hashed whole.
   */
  async hash(password: string, signal?: AbortSignal): Promise<string> {
    if (!isHashable(password, this.peppered))
      throw new RangeError('The password rules come first, and refuse this one.');
    const task = { input: this.inputFor(password, this.peppered), rounds: this.options.rounds };
    const hash = await this.onThread('hash', task, signal);
    return this.peppered ? PEPPERED + hash : hash;
  }

  /**
   * Whether a password is the one behind a stored hash; with null, for an unknown user, it takes the same time to say no.
   * Throws as `hash` does, save the RangeError.
   */
  async verify(password: string, hash: string | null, signal?: AbortSignal): Promise<boolean> {
    const { rounds } = this.options;
    const stored = this.usable(hash);
    const task =
      stored && isHashable(password, stored.peppered)
        ? { input: this.inputFor(password, stored.peppered), hash: stored.bcrypt, rounds }
        : { input: '', hash: matchless(rounds), rounds };
    return this.onThread('verify', task, signal);
  }

  /** Whether a hash, just verified, should be replaced: of lower cost than new ones, or without the pepper they have. */
  needsRehash(hash: string): boolean {
    const stored = this.usable(hash);
    return !stored || stored.cost < this.options.rounds || stored.peppered !== this.peppered;
  }

  /** Jobs on threads and jobs in line, for the metrics. */
  stats(): { running: number; waiting: number } {
    return { running: this.queue.running, waiting: this.queue.waiting };
  }

  /** Turns away what waits, lets what runs end (for 5 s at most), and ends the threads. */
  async close(): Promise<void> {
    await Promise.race([this.queue.close(), delay(CLOSE_MS, undefined, { ref: false })]);
    const pool = await this.pool;
    await Promise.race([pool?.destroy(), delay(CLOSE_MS, undefined, { ref: false })]);
  }

  /** The stored hash, if it is one of ours: bcrypt of a bearable cost, and its pepper, if any, at hand. */
  private usable(hash: string | null): StoredHash | undefined {
    const stored = parse(hash ?? '');
    if (!stored || stored.cost > Math.max(this.options.rounds, HIGHEST_FOREIGN_COST)) return undefined;
    return stored.peppered && !this.peppered ? undefined : stored;
  }

  /** What bcrypt reads: the password, or 64 characters that depend on the whole of it and on the pepper. */
  private inputFor(password: string, peppered: boolean): string {
    const normalized = normalizePassword(password);
    if (!peppered) return normalized;
    return createHmac('sha384', this.options.pepper ?? '')
      .update(normalized)
      .digest('base64');
  }

  private onThread<Name extends Job>(name: Name, task: Task<Name>, signal?: AbortSignal): Promise<Answer<Name>> {
    // the signal stops in the queue: the pool would kill the thread of a job that runs
    const job = async () => (await this.startedPool()).run(task, { filename: WORKER, name }) as Promise<Answer<Name>>;
    return this.queue.run(undefined, job, signal);
  }

  private startedPool(): Promise<Piscina> {
    return (this.pool ??= startPool(this.threads));
  }
}

async function startPool(threads: number): Promise<Piscina> {
  const { Piscina } = await import('piscina'); // 7 MiB that a server at rest can do without
  const pool = new Piscina({
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_THREAD_MS,
    execArgv: [], // whatever main was started with, loaders above all, costs each thread time and memory
    recordTiming: false,
  });
  pool.on('error', () => undefined); // a thread that dies at rest is replaced at the next job
  return pool;
}

function parse(hash: string): StoredHash | undefined {
  const [, marker, cost, rest] = /^(\$pepper)?\$2[aby]\$(0[4-9]|[12]\d|3[01])(\$[./A-Za-z0-9]{53})$/.exec(hash) ?? [];
  // $2y$ is PHP's name for $2b$, and $2a$ differs only beyond 72 bytes; node's bcrypt doesn't know the former
  return cost && rest
    ? { peppered: marker !== undefined, cost: Number(cost), bcrypt: `$2b$${cost}${rest}` }
    : undefined;
}

/** A hash that no password has, as dear to check as a new one. */
function matchless(rounds: number): string {
  return `$2b$${String(rounds).padStart(2, '0')}$${'.'.repeat(53)}`;
}

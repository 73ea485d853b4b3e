import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Piscina } from 'piscina';
import { HashQueue } from './hash-queue.js';
import { costOf, type ForeignHash, forWorker, type HashProblem, readForeignHash } from './foreign-hashes.js';
import type * as worker from './hash-worker.js';
import { isHashable, isText, normalizePassword } from './password-rules.js';
import { type Pepper, pepperOf, season } from './peppers.js';

/** How passwords are hashed, and how long a job may wait. */
export interface HasherOptions {
  /** Cost of new hashes: 2^rounds rounds of bcrypt's key schedule. */
  rounds: number;
  /** Secrets kept outside the database: the first is mixed into new hashes, the others into those made with them. */
  peppers?: string[];
  /** Threads to hash on; by default one for each processor that this process may use. */
  threads?: number;
  /** Milliseconds of estimated wait above which a job is turned away; 2,000 by default. */
  maxWaitMs?: number;
}

interface StoredHash {
  peppered: boolean;
  /** The id of its pepper; hashes from before peppers had ids have none. */
  pepperId?: string;
  cost: number;
  bcrypt: string;
}

type Job = keyof typeof worker;
type Task<Name extends Job> = Parameters<(typeof worker)[Name]>[0];
type Answer<Name extends Job> = ReturnType<(typeof worker)[Name]>;

const WORKER = new URL(`./hash-worker${extname(import.meta.url)}`, import.meta.url).href;
const PEPPERED = '$pepper'; // prefix of a hash: `$pepper$2b$12$…$<id of the pepper>`
const HIGHEST_FOREIGN_COST = 16; // an imported hash may cost seconds to verify, not hours
const IDLE_THREAD_MS = 60_000; // then the thread ends, which frees its 10 MiB
const CLOSE_MS = 5_000;

/** Hashes and verifies passwords on worker threads of low priority, started on first use; never on the event loop or in libuv's pool. */
export class PasswordHasher {
  private readonly threads: number;
  private readonly peppers: Pepper[];
  private readonly queue: HashQueue;
  private pool?: Promise<Piscina>;
  private slowest?: ForeignHash;

  constructor(private readonly options: HasherOptions) {
    this.threads = options.threads ?? availableParallelism();
    this.peppers = (options.peppers ?? []).map(pepperOf);
    const maxWaitMs = options.maxWaitMs ?? 2_000;
    this.queue = new HashQueue({ width: this.threads, maxWaitMs, expectedMs: 2 ** options.rounds / 20 }); // cost 12: 0.2 s
  }

  /**
   * Hashes a password that the rules have accepted.
   * Throws `unavailable` when too many jobs wait, the signal's reason when it fires first, RangeError when bcrypt would not
   * read all of it.
   */
  async hash(password: string, signal?: AbortSignal): Promise<string> {
    const pepper = this.peppers[0];
    if (!isHashable(password, pepper !== undefined))
      throw new RangeError('The password rules come first, and refuse this one.');
    const hash = await this.onThread(
      'hash',
      { input: inputFor(password, pepper), rounds: this.options.rounds },
      signal,
    );
    return pepper ? `${PEPPERED}${hash}$${pepper.id}` : hash;
  }

  /**
   * Whether a password matches a stored hash; null, for an unknown user, takes as long as a wrong password. A hash from
   * before peppers had ids is tried with each pepper; while there are several, every wrong answer takes as long as that.
   * Throws as `hash` does, save the RangeError.
   */
  async verify(password: string, hash: string | null, signal?: AbortSignal): Promise<boolean> {
    const { rounds } = this.options;
    const tries = Math.max(1, this.peppers.length);
    const stored = this.usable(hash);
    const foreign = stored || hash === null ? undefined : foreignIn(hash);
    if (foreign && isText(password)) {
      const inputs = [...new Set([password, normalizePassword(password)])]; // other systems didn't normalise
      const padding = this.paddingFor(foreign);
      const task = { inputs, foreign: forWorker(foreign), rounds, tries, padding: padding && forWorker(padding) };
      return this.onThread('verifyForeign', task, signal);
    }
    const padding = this.slowest && forWorker(this.slowest);
    const task =
      stored && isHashable(password, stored.peppered)
        ? { inputs: this.inputsFor(password, stored), hash: stored.bcrypt, rounds, tries, padding }
        : { inputs: [''], hash: dummyHash(rounds), rounds, tries, padding };
    return this.onThread('verify', task, signal);
  }

  /**
   * Sets which hashes of other systems are in use: while there are any, every wrong answer takes as long as one to the
   * slowest of them.
   */
  padFor(hashes: string[]): void {
    const foreign = hashes.map(foreignIn).filter((each) => each !== undefined);
    this.slowest = foreign.sort((a, b) => costOf(b) - costOf(a))[0];
  }

  /** What to store for an imported hash, or why it can't be verified here. */
  adopt(hash: string, hashType?: string): { stored: string } | HashProblem {
    const own = hashType === undefined ? parse(hash) : undefined;
    if (own) return own.cost > this.highestCost ? 'hash_too_costly' : { stored: hash };
    const read = readForeignHash(hash, hashType);
    if (typeof read === 'string') return read;
    return read.foreign.kind === 'argon2' && !hasArgon2() ? 'hash_not_supported' : { stored: read.stored };
  }

  /** Whether a correct password can be rehashed with bcrypt, which reads 72 bytes. */
  canHash(password: string): boolean {
    return isHashable(password, this.peppers.length > 0);
  }

  /** Whether a hash, just verified, should be renewed: its cost is lower than that of new ones, or it lacks the current pepper. */
  needsRehash(hash: string): boolean {
    const stored = this.usable(hash);
    const current = this.peppers[0];
    return (
      !stored ||
      stored.cost < this.options.rounds ||
      stored.peppered !== Boolean(current) ||
      stored.pepperId !== current?.id
    );
  }

  /** Running and waiting jobs, for metrics. */
  stats(): { running: number; waiting: number } {
    return { running: this.queue.running, waiting: this.queue.waiting };
  }

  /** Rejects waiting jobs, waits for running ones (5 s at most), and ends the threads. */
  async close(): Promise<void> {
    await Promise.race([this.queue.close(), delay(CLOSE_MS, undefined, { ref: false })]);
    const pool = await this.pool;
    await Promise.race([pool?.destroy(), delay(CLOSE_MS, undefined, { ref: false })]);
  }

  /** The parsed hash, if it is bcrypt of acceptable cost whose pepper is configured. */
  private usable(hash: string | null): StoredHash | undefined {
    const stored = parse(hash ?? '');
    if (!stored || stored.cost > this.highestCost) return undefined;
    return stored.peppered && !this.peppersOf(stored).length ? undefined : stored;
  }

  private get highestCost(): number {
    return Math.max(this.options.rounds, HIGHEST_FOREIGN_COST);
  }

  /** The padding that a wrong answer to this hash needs to take as long as the slowest. */
  private paddingFor(foreign: ForeignHash): ForeignHash | undefined {
    const { slowest } = this;
    if (!slowest || costOf(foreign) >= costOf(slowest)) return undefined;
    const isSameKind = slowest.kind === 'pbkdf2' && foreign.kind === 'pbkdf2' && slowest.digest === foreign.digest;
    return isSameKind ? { ...slowest, iterations: slowest.iterations - foreign.iterations } : slowest;
  }

  private peppersOf({ pepperId }: StoredHash): Pepper[] {
    return pepperId === undefined ? this.peppers : this.peppers.filter(({ id }) => id === pepperId);
  }

  private inputsFor(password: string, stored: StoredHash): string[] {
    if (!stored.peppered) return [inputFor(password)];
    return this.peppersOf(stored).map((pepper) => inputFor(password, pepper));
  }

  private onThread<Name extends Job>(name: Name, task: Task<Name>, signal?: AbortSignal): Promise<Answer<Name>> {
    // the signal only cancels queued jobs: Piscina would kill the thread of a running one
    const job = async () => (await this.startedPool()).run(task, { filename: WORKER, name }) as Promise<Answer<Name>>;
    return this.queue.run(undefined, job, signal);
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

function foreignIn(hash: string): ForeignHash | undefined {
  const read = readForeignHash(hash);
  return typeof read === 'string' ? undefined : read.foreign;
}

/** Whether the optional dependency is installed. */
export function hasArgon2(): boolean {
  try {
    return createRequire(import.meta.url).resolve('@node-rs/argon2') !== '';
  } catch {
    return false;
  }
}

/** The input of bcrypt. */
function inputFor(password: string, pepper?: Pepper): string {
  const normalized = normalizePassword(password);
  return pepper ? season(normalized, pepper) : normalized;
}

const HASH = /^(\$pepper)?\$2[aby]\$(0[4-9]|[12]\d|3[01])(\$[./A-Za-z0-9]{53})(?:\$([A-Za-z0-9_-]{8}))?$/;

function parse(hash: string): StoredHash | undefined {
  const [, marker, cost, rest, pepperId] = HASH.exec(hash) ?? [];
  const peppered = marker !== undefined;
  if (!cost || !rest || (pepperId && !peppered)) return undefined;
  // $2y$ is PHP's name for $2b$, and $2a$ differs only beyond 72 bytes; node's bcrypt doesn't accept $2y$
  return { peppered, pepperId, cost: Number(cost), bcrypt: `$2b$${cost}${rest}` };
}

/** A random hash that no password matches, as expensive to check as a new one. */
function dummyHash(rounds: number): string {
  return `$2b$${String(rounds).padStart(2, '0')}$${'.'.repeat(53)}`;
}

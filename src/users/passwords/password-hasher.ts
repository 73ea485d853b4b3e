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

/** How passwords are hashed, and how long anyone waits for it. */
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
  /** Of its pepper; hashes made before there were ids have none. */
  pepperId?: string;
  cost: number;
  bcrypt: string;
}

type Job = keyof typeof worker;
type Task<Name extends Job> = Parameters<(typeof worker)[Name]>[0];
type Answer<Name extends Job> = ReturnType<(typeof worker)[Name]>;

const WORKER = new URL(`./hash-worker${extname(import.meta.url)}`, import.meta.url).href;
const PEPPERED = '$pepper'; // marks a hash: `$pepper$2b$12$…$<id of the pepper>`
const HIGHEST_FOREIGN_COST = 16; // a hash made elsewhere may cost seconds, not hours
const IDLE_THREAD_MS = 60_000; // then its 10 MiB are given back
const CLOSE_MS = 5_000;

/** Hashes and verifies passwords on threads of low priority, made at the first use; never on the event loop or in libuv's pool. */
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
   * The hash to store for a password that the rules have passed.
   * Throws `unavailable` when too many wait, the signal's reason when it fires first, RangeError for what can't be hashed whole.
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
   * Whether a password is the one behind a stored hash; with null, for an unknown user, it takes the same time to say no.
   * A hash from before peppers had ids is tried with each of them: while there are several, every no takes as long as that.
   * Throws as `hash` does, save the RangeError.
   */
  async verify(password: string, hash: string | null, signal?: AbortSignal): Promise<boolean> {
    const { rounds } = this.options;
    const tries = Math.max(1, this.peppers.length);
    const stored = this.usable(hash);
    const foreign = stored || hash === null ? undefined : foreignIn(hash);
    if (foreign && isText(password)) {
      const inputs = [...new Set([password, normalizePassword(password)])]; // others didn't normalise
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
   * Says which hashes of other systems are in use: while there are any, every wrong answer takes as long as one to the
   * slowest of them, whosever it is.
   */
  padFor(hashes: string[]): void {
    const foreign = hashes.map(foreignIn).filter((each) => each !== undefined);
    this.slowest = foreign.sort((a, b) => costOf(b) - costOf(a))[0];
  }

  /** What to store for a hash that was made elsewhere, or by us; or why it can't be verified here. */
  adopt(hash: string, hashType?: string): { stored: string } | HashProblem {
    const own = hashType === undefined ? parse(hash) : undefined;
    if (own) return own.cost > this.highestCost ? 'hash_too_costly' : { stored: hash };
    const read = readForeignHash(hash, hashType);
    if (typeof read === 'string') return read;
    return read.foreign.kind === 'argon2' && !hasArgon2() ? 'hash_not_supported' : { stored: read.stored };
  }

  /** Whether a password that was right for a hash of another system can have one of ours, which reads 72 bytes of it. */
  canHash(password: string): boolean {
    return isHashable(password, this.peppers.length > 0);
  }

  /** Whether a hash, just verified, should be replaced: of lower cost than new ones, or without the pepper they have. */
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
    if (!stored || stored.cost > this.highestCost) return undefined;
    return stored.peppered && !this.peppersOf(stored).length ? undefined : stored;
  }

  private get highestCost(): number {
    return Math.max(this.options.rounds, HIGHEST_FOREIGN_COST);
  }

  /** What a wrong answer to this one lacks of the slowest. */
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

/** What bcrypt reads. */
function inputFor(password: string, pepper?: Pepper): string {
  const normalized = normalizePassword(password);
  return pepper ? season(normalized, pepper) : normalized;
}

const HASH = /^(\$pepper)?\$2[aby]\$(0[4-9]|[12]\d|3[01])(\$[./A-Za-z0-9]{53})(?:\$([A-Za-z0-9_-]{8}))?$/;

function parse(hash: string): StoredHash | undefined {
  const [, marker, cost, rest, pepperId] = HASH.exec(hash) ?? [];
  const peppered = marker !== undefined;
  if (!cost || !rest || (pepperId && !peppered)) return undefined;
  // $2y$ is PHP's name for $2b$, and $2a$ differs only beyond 72 bytes; node's bcrypt doesn't know the former
  return { peppered, pepperId, cost: Number(cost), bcrypt: `$2b$${cost}${rest}` };
}

/** A hash that no password has, as dear to check as a new one. */
function dummyHash(rounds: number): string {
  return `$2b$${String(rounds).padStart(2, '0')}$${'.'.repeat(53)}`;
}

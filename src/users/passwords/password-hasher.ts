import { costOf, type ForeignHash, forWorker, hasArgon2, type HashProblem, readForeignHash } from './foreign-hashes.js';
import { isHashable, isText, normalizePassword } from './password-rules.js';
import { type Pepper, pepperOf } from './peppers.js';
import { dummyHash, inputFor, parseHash, type StoredHash, withPepper } from './stored-hash.js';
import { HashThreads } from './hash-threads.js';

/** How passwords are hashed, and how long a job may wait. */
export interface HasherOptions {
  /** Cost of new hashes: 2^rounds rounds of bcrypt's key schedule. */
  rounds: number;
  /** Secrets kept outside the database: the first is mixed into new hashes, the others into those made with them. */
  peppers?: string[];
  /** Threads to hash on; by default one for each processor that this process may use. */
  threads?: number;
  /** Milliseconds of estimated wait above which a job is rejected; 2,000 by default. */
  maxWaitMs?: number;
}

const HIGHEST_FOREIGN_COST = 16; // an imported hash may cost seconds to verify, not hours

/** Hashes and verifies passwords on worker threads of low priority, started on first use; never on the event loop or in libuv's pool. */
export class PasswordHasher {
  private readonly threads: HashThreads;
  private readonly peppers: Pepper[];
  private slowest?: ForeignHash;

  constructor(private readonly options: HasherOptions) {
    this.peppers = (options.peppers ?? []).map(pepperOf);
    const expectedMs = 2 ** options.rounds / 20; // cost 12: 0.2 s
    this.threads = new HashThreads({ threads: options.threads, maxWaitMs: options.maxWaitMs, expectedMs });
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
    const hash = await this.threads.run(
      'hash',
      { input: inputFor(password, pepper), rounds: this.options.rounds },
      signal,
    );
    return pepper ? withPepper(hash, pepper) : hash;
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
      return this.threads.run('verifyForeign', task, signal);
    }
    const padding = this.slowest && forWorker(this.slowest);
    const task =
      stored && isHashable(password, stored.peppered)
        ? { inputs: this.inputsFor(password, stored), hash: stored.bcrypt, rounds, tries, padding }
        : { inputs: [''], hash: dummyHash(rounds), rounds, tries, padding };
    return this.threads.run('verify', task, signal);
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
    const own = hashType === undefined ? parseHash(hash) : undefined;
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

  /** @throws Problem 503 when a job would be refused, as too many wait */
  assertRoom(): void {
    this.threads.assertRoom();
  }

  /** Running and waiting jobs, for metrics. */
  stats(): { running: number; waiting: number } {
    return this.threads.stats();
  }

  /** Rejects waiting jobs, waits for running ones (5 s at most), and ends the threads. */
  close(): Promise<void> {
    return this.threads.close();
  }

  /** The parsed hash, if it is bcrypt of acceptable cost whose pepper is configured. */
  private usable(hash: string | null): StoredHash | undefined {
    const stored = parseHash(hash ?? '');
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
}

function foreignIn(hash: string): ForeignHash | undefined {
  const read = readForeignHash(hash);
  return typeof read === 'string' ? undefined : read.foreign;
}

import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { AuditService } from '../../audit/audit.service.js';
import { minutes } from '../../config/durations.js';
import { PasswordSettings } from '../../config/password-settings.js';
import { Database } from '../../database/database.js';
import { Mails } from '../../mail/mails.js';
import { invalidMember, wrongPassword } from '../../problems.js';
import type { Call, Origin } from '../../request.js';
import { Throttle } from '../../throttle/throttle.js';
import { normalizeEmail } from '../emails.js';
import type { User } from '../user.entity.js';
import { BreachedPasswords } from './breached-passwords.js';
import type { ForeignCount } from './foreign-hashes.js';
import { PasswordGuesses } from './password-guesses.js';
import { PasswordHasher } from './password-hasher.js';
import { passwordProblem } from './password-rules.js';
import * as sql from './passwords.statements.js';

/** What checking a password needs to know of an account. */
export interface Credentials extends Pick<
  User,
  | 'id'
  | 'email'
  | 'username'
  | 'role'
  | 'isActive'
  | 'passwordHash'
  | 'sessionGeneration'
  | 'mfaEnabled'
  | 'mfaRequired'
> {}

/** A newly chosen password: by whom, and its pointer in the body. */
interface NewPassword {
  /** Names that it must not consist of, as an attacker tries those first. */
  context: { email: string | null; username: string };
  pointer?: string;
  signal?: AbortSignal;
}

const MOST_COUNTED = 100_000;
const BREACHED = 'This password was in a data breach of another site, so attackers try it. Choose another one.';

/** Everything about passwords: rules, checking and counting, changing, resetting, renewing hashes. */
@Injectable()
export class Passwords implements OnApplicationShutdown {
  readonly hasher: PasswordHasher;

  private readonly changeStatement = sql.change(
    this.mails.insert('password_changed', {
      from: 'change',
      to: 'email',
      userId: 'id',
      locale: 'locale',
      data: `$5::jsonb || jsonb_build_object('username', username)`,
    }),
  );

  private readonly rules: { minLength: number; peppered: boolean };
  private readonly log = new Logger('Passwords');
  private padUntil = 0;

  constructor(
    { bcryptRounds, peppers, minLength }: PasswordSettings,
    private readonly database: Database,
    private readonly throttle: Throttle,
    private readonly guesses: PasswordGuesses,
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly breached: BreachedPasswords,
  ) {
    this.hasher = new PasswordHasher({ rounds: bcryptRounds, peppers });
    this.rules = { minLength, peppered: peppers.length > 0 };
  }

  /**
   * The account with this e-mail address or username.
   * @throws Problem 429 when a guess at it from this network was refused within the last second, 503 when too many passwords
   * wait to be hashed; both without a query
   */
  async find(identifier: string, from: Origin): Promise<Credentials | null> {
    await this.throttle.assertOpen(this.guesses.before(nameOf(identifier), from), from);
    this.hasher.assertRoom();
    const email = normalizeEmail(identifier); // usernames can't be mistaken for one: they never contain an @
    return email ? this.read(sql.BY_EMAIL, email) : this.read(sql.BY_USERNAME, identifier.trim());
  }

  /** As `find`, by id. */
  findById(id: string): Promise<Credentials | null> {
    return this.read(sql.BY_ID, id);
  }

  /**
   * Whether the password is right and the account may sign in; for an unknown account, takes the same time to fail. A wrong
   * password is counted; a right one resets the count.
   * @param identifier what was typed, or the account's id
   * @param isWhole whether no second factor follows; otherwise the count is reset by `forgive` after that
   * @throws Problem 429 after too many wrong ones, 503 when too many jobs wait
   */
  async check(
    account: Credentials | null,
    identifier: string,
    password: string,
    from: Origin,
    { isWhole = true } = {},
  ): Promise<boolean> {
    const name = nameOf(identifier);
    const attempt = await this.throttle.reserve(
      this.guesses.attempt(account?.id ?? `unknown|${name}`, name, from),
      from,
    );
    try {
      await this.padForForeignHashes();
      const holds = await this.hasher.verify(password, account?.passwordHash ?? null, from.signal);
      const isRight = holds && account?.isActive === true;
      await (!isRight ? attempt.count() : isWhole ? attempt.forgive() : attempt.release());
      return isRight;
    } catch (error) {
      await attempt.release();
      throw error;
    }
  }

  /** Checks the password of the signed-in user. @throws Problem 403 `wrong_password`, 422 without one, 429 */
  async confirm(password: string | undefined, call: Call): Promise<Credentials> {
    const { me } = call;
    if (password === undefined) throw invalidMember('/current_password', 'required', 'is needed for this change');
    const account = await this.read(sql.BY_ID, me.id);
    if ((await this.check(account, me.id, password, call)) && account) return account;
    await this.audit.record({ action: 'password_confirmed', outcome: 'failure', actorId: me.id, userId: me.id }, call);
    throw wrongPassword();
  }

  /** Resets the count of wrong passwords, after all factors were right. */
  forgive(id: string, from: Origin): Promise<void> {
    return this.throttle.forgive(this.guesses.attempt(id, id, from).budgets);
  }

  /** Whether the account has a password. */
  async has(id: string): Promise<boolean> {
    return (await this.read(sql.BY_ID, id))?.passwordHash != null;
  }

  /**
   * Hashes a newly chosen password. @throws Problem 422 naming the member when the rules refuse it or it is known from a
   * breach, 503 when too many jobs wait
   */
  async hashNew(password: string, { context, pointer = '/password', signal }: NewPassword): Promise<string> {
    this.assertAcceptable(password, { context, pointer });
    if (await this.breached.has(password)) throw invalidMember(pointer, 'password_breached', BREACHED);
    return this.hasher.hash(password, signal);
  }

  /** @throws Problem 422 naming the member when the rules refuse a newly chosen password */
  assertAcceptable(password: string, { context, pointer = '/password' }: NewPassword): void {
    const problem = passwordProblem(password, { ...this.rules, ...context });
    if (problem) throw invalidMember(pointer, problem.code, problem.detail);
  }

  /** Changes the password and ends every other session; false when password or session have changed meanwhile. */
  async change(
    { id, sessionGeneration }: Credentials,
    hash: string,
    { sessionId, call }: { sessionId: string; call: Call },
  ): Promise<boolean> {
    const words = JSON.stringify(this.mails.originWords(call));
    const values = [id, hash, sessionGeneration, sessionId, words];
    const isChanged = (await this.audit.write(this.changeStatement, values, call)).length > 0;
    this.mails.wake();
    if (isChanged) await this.throttle.clear(id); // the counted guesses, at second factors too, were at the old password
    return isChanged;
  }

  /** Renews an outdated hash, now that the password is known. A failure is only logged. */
  async renew({ id, passwordHash }: Credentials, password: string): Promise<void> {
    if (passwordHash === null || !this.hasher.needsRehash(passwordHash)) return;
    if (!this.hasher.canHash(password)) return; // longer than bcrypt reads: the imported hash is kept
    try {
      await this.database.write(sql.RENEW_HASH, [id, await this.hasher.hash(password), passwordHash]);
    } catch (error) {
      this.log.warn({ event: 'rehash_failed', user_id: id, reason: (error as Error).message }); // the next sign-in tries again
    }
  }

  /** Makes wrong answers take the same time for every account: reads once a minute which hashes of other systems exist. */
  private async padForForeignHashes(): Promise<void> {
    if (performance.now() < this.padUntil) return;
    this.padUntil = performance.now() + minutes(1);
    const hashes = await this.database.read<{ hash: string }>(sql.FOREIGN, []).catch(() => []);
    this.hasher.padFor(hashes.map(({ hash }) => hash));
  }

  /** Number of accounts with a hash of another system, by scheme; counting stops at 100,000. */
  countForeign(): Promise<ForeignCount[]> {
    return this.database.read<ForeignCount>(sql.COUNT_FOREIGN, [MOST_COUNTED]);
  }

  onApplicationShutdown(): Promise<void> {
    return this.hasher.close();
  }

  private async read(statement: typeof sql.BY_ID, key: string): Promise<Credentials | null> {
    const [credentials] = await this.database.lookUp<Credentials>(statement, [key]);
    return credentials ?? null;
  }
}

/** The key that guesses are counted by: one for all spellings, whether the account exists or not. */
const nameOf = (identifier: string) => normalizeEmail(identifier) ?? identifier.trim().toLowerCase();

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

/** What checking a password needs to know of an account, and what may be done once it was right. */
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

/** A password that was newly chosen, by whom, and where it stands in the body. */
interface NewPassword {
  /** What it is compared with: it must not be what an attacker tries first. */
  context: { email: string | null; username: string };
  pointer?: string;
  signal?: AbortSignal;
}

const MOST_COUNTED = 100_000;
const BREACHED = 'This password was in a data breach of another site, so attackers try it. Choose another one.';

/** All that is done with passwords: chosen by the rules, checked and counted, changed, reset, their hashes renewed. */
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
   * Whom this e-mail address or username would sign in.
   * @throws Problem 429 when a guess at them from this network was refused a moment ago; then the database isn't asked
   */
  async find(identifier: string, from: Origin): Promise<Credentials | null> {
    await this.throttle.assertOpen(this.guesses.before(nameOf(identifier), from), from);
    const email = normalizeEmail(identifier); // no username is one: it can't hold an @, nor what normalises to it
    return email ? this.read(sql.BY_EMAIL, email) : this.read(sql.BY_USERNAME, identifier.trim());
  }

  /** As `find`, by id. */
  findById(id: string): Promise<Credentials | null> {
    return this.read(sql.BY_ID, id);
  }

  /**
   * Whether the password is this account's, and the account may sign in; for nobody's it takes the same time to say no. A
   * wrong one is counted, a right one makes the wrong ones before it forgotten.
   * @param identifier what was typed, or the account's id
   * @param isWhole whether nothing else is asked for: else what was wrong is forgotten by `forgive`, once that was right too
   * @throws Problem 429 when there were too many wrong ones, 503 when too many wait
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

  /** Makes sure that the signed-in person knows the password. @throws Problem 403 `wrong_password`, 422 without one, 429 */
  async confirm(password: string | undefined, call: Call): Promise<Credentials> {
    const { me } = call;
    if (password === undefined) throw invalidMember('/current_password', 'required', 'is needed for this change');
    const account = await this.read(sql.BY_ID, me.id);
    if ((await this.check(account, me.id, password, call)) && account) return account;
    await this.audit.record({ action: 'password_confirmed', outcome: 'failure', actorId: me.id, userId: me.id }, call);
    throw wrongPassword();
  }

  /** The password was right, and so was all else: wrong ones before it are forgotten. */
  forgive(id: string, from: Origin): Promise<void> {
    return this.throttle.forgive(this.guesses.attempt(id, id, from).budgets);
  }

  /** Whether the account has a password at all. */
  async has(id: string): Promise<boolean> {
    return (await this.read(sql.BY_ID, id))?.passwordHash != null;
  }

  /** The hash of a newly chosen password. @throws Problem 422 naming the member when the rules refuse it or it was in a breach, 503 when too many wait */
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

  /** Changes the password and ends every other session with it; false when it was changed, or this session ended, meanwhile. */
  async change(
    { id, sessionGeneration }: Credentials,
    hash: string,
    { sessionId, call }: { sessionId: string; call: Call },
  ): Promise<boolean> {
    const words = JSON.stringify(this.mails.originWords(call));
    const values = [id, hash, sessionGeneration, sessionId, words];
    const isChanged = (await this.audit.write(this.changeStatement, values, call)).length > 0;
    this.mails.wake();
    if (isChanged) await this.throttle.clear(id); // what was guessed at before counts no more, second factors too
    return isChanged;
  }

  /** Now, and only now, the password is known: a hash that is cheaper than today's is replaced. Failing stops nobody. */
  async renew({ id, passwordHash }: Credentials, password: string): Promise<void> {
    if (passwordHash === null || !this.hasher.needsRehash(passwordHash)) return;
    if (!this.hasher.canHash(password)) return; // longer than bcrypt reads: a hash of another system stays
    try {
      await this.database.write(sql.RENEW_HASH, [id, await this.hasher.hash(password), passwordHash]);
    } catch (error) {
      this.log.warn({ event: 'rehash_failed', user_id: id, reason: (error as Error).message }); // the next sign-in tries again
    }
  }

  /** Wrong answers take as long for everybody: what hashes of other systems there are is looked up once a minute. */
  private async padForForeignHashes(): Promise<void> {
    if (performance.now() < this.padUntil) return;
    this.padUntil = performance.now() + minutes(1);
    const hashes = await this.database.read<{ hash: string }>(sql.FOREIGN, []).catch(() => []);
    this.hasher.padFor(hashes.map(({ hash }) => hash));
  }

  /** How many accounts still have the hash of another system, by its scheme; 100,000 are counted at most. */
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

/** One account has one count of guesses, however it is spelled; one that doesn't exist must not be told apart by that. */
const nameOf = (identifier: string) => normalizeEmail(identifier) ?? identifier.trim().toLowerCase();

import { Injectable, Logger } from '@nestjs/common';
import { AuditService } from '../../audit/audit.service.js';
import { invalidMember, problem, validationFailed } from '../../problems.js';
import type { Origin } from '../../request.js';
import { Throttle } from '../../throttle/throttle.js';
import { normalizeEmail } from '../../users/emails.js';
import { Passwords } from '../../users/passwords/passwords.js';
import { type Credentials, UsersService } from '../../users/users.service.js';
import { SessionStore } from '../sessions/session-store.js';
import type { TokenPairDto } from '../sessions/sessions.dto.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { LoginDto } from './sign-in.dto.js';

/** Getting in: by password, or by the refresh token grant. */
@Injectable()
export class SignIn {
  private readonly log = new Logger('SignIn');

  constructor(
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly store: SessionStore,
    private readonly sessions: SessionsService,
    private readonly throttle: Throttle,
    private readonly audit: AuditService,
  ) {}

  /** Tokens for a password or for a refresh token, as the grant type says. @throws Problem 401, 422, 429, 503 */
  grant(dto: LoginDto, from: Origin): Promise<TokenPairDto> {
    switch (dto.grant_type ?? 'password') {
      case 'password':
        return this.login(identifierOf(dto), required(dto, 'password'), from);
      case 'refresh_token':
        return this.sessions.refresh(required(dto, 'refresh_token'), from);
      default:
        throw invalidMember('/grant_type', 'unsupported_grant_type', 'must be password or refresh_token');
    }
  }

  /**
   * Signs in. Unknown, wrong, inactive and deleted get the same answer after the same work.
   * @throws Problem 401 `invalid_credentials`, 429, 503
   */
  async login(identifier: string, password: string, from: Origin): Promise<TokenPairDto> {
    const account = await this.authenticate(identifier, password, from);
    const session = account && (await this.store.start(account, from));
    if (!account || !session) throw problem('invalid_credentials');
    await this.audit.record({ action: 'login', actorId: account.id, userId: account.id }, from);
    return this.sessions.tokensOf(session);
  }

  /** The account that this identifier and password open, or null; counted, recorded, and its hash kept up to date. */
  async authenticate(identifier: string, password: string, from: Origin): Promise<Credentials | null> {
    const account = await this.users.findCredentials(identifier);
    const isRight = await this.throttle.guess(account?.id ?? unknownAccount(identifier), from, async () => {
      const holds = await this.passwords.verify(password, account?.passwordHash ?? null, from.signal);
      return holds && account?.isActive === true;
    });
    if (isRight && account) {
      await this.renewHash(account, password);
      return account;
    }
    await this.audit.record({ action: 'login', outcome: 'failure', userId: account?.id }, from);
    return null;
  }

  /** Now, and only now, the password is known: a hash that is cheaper than today's is replaced. Signing in goes on without. */
  private async renewHash({ id, passwordHash }: Credentials, password: string): Promise<void> {
    const { hasher } = this.passwords;
    if (!hasher.needsRehash(passwordHash)) return;
    try {
      await this.users.rehash(id, { from: passwordHash, to: await hasher.hash(password) });
    } catch (error) {
      // the next sign-in tries again
      this.log.warn({ event: 'rehash_failed', user_id: id, reason: (error as Error).message });
    }
  }
}

function identifierOf({ email, username }: LoginDto): string {
  if (email !== undefined && username !== undefined) {
    throw invalidMember('/username', 'either_or', 'must not come together with email');
  }
  const identifier = email ?? username;
  if (identifier !== undefined) return identifier;
  throw validationFailed([{ pointer: '/username', code: 'required', detail: 'is missing' }]);
}

function required(dto: LoginDto, member: 'password' | 'refresh_token'): string {
  const value = dto[member];
  if (value === undefined) throw invalidMember(`/${member}`, 'required', 'is missing');
  return value;
}

/** One account has one count of guesses, however it is spelled; one that doesn't exist must not be told apart by that. */
const unknownAccount = (identifier: string) =>
  `unknown|${normalizeEmail(identifier) ?? identifier.trim().toLowerCase()}`;

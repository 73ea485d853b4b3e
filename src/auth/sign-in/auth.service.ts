import { Injectable, Logger } from '@nestjs/common';
import type { Origin, Principal } from '../../request.js';
import { AuditService } from '../../audit/audit.service.js';
import {
  invalidCredentials,
  invalidMember,
  invalidRefreshToken,
  invalidToken,
  notFound,
  refreshTokenReused,
  validationFailed,
  wrongPassword,
} from '../../problems.js';
import { Throttle } from '../../throttle/throttle.js';
import { normalizeEmail } from '../../users/emails.js';
import { Passwords } from '../../users/passwords/passwords.js';
import { type Credentials, UsersService } from '../../users/users.service.js';
import { AccessTokens } from '../sessions/access-tokens.js';
import {
  type ChangePasswordDto,
  type LoginDto,
  type SessionListDto,
  type TokenPairDto,
  toSessionDto,
} from './auth.dto.js';
import { RefreshTokens } from '../sessions/refresh-tokens.js';
import { type TokenState, SessionsService } from '../sessions/sessions.service.js';

/** The stories of signing in, staying signed in, and signing out. */
@Injectable()
export class AuthService {
  private readonly log = new Logger('Auth');

  constructor(
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly sessions: SessionsService,
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly throttle: Throttle,
    private readonly audit: AuditService,
  ) {}

  /** Tokens for a password or for a refresh token, as the grant type says. @throws Problem 401, 422, 429, 503 */
  grant(dto: LoginDto, from: Origin): Promise<TokenPairDto> {
    switch (dto.grant_type ?? 'password') {
      case 'password':
        return this.login(identifierOf(dto), required(dto, 'password'), from);
      case 'refresh_token':
        return this.refresh(required(dto, 'refresh_token'), from);
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
    const session = account && (await this.sessions.start(account, from));
    if (!account || !session) throw invalidCredentials();
    await this.audit.record({ action: 'login', actorId: account.id, userId: account.id }, from);
    return this.tokensOf(session);
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

  /** Trades a refresh token for a new pair. @throws Problem 401 `invalid_refresh_token` or `refresh_token_reused`, 429 */
  async refresh(refreshToken: string, from: Origin): Promise<TokenPairDto> {
    await this.throttle.count('refreshes', from); // here, as the token route refreshes too
    const claims = this.refreshTokens.verify(refreshToken);
    if (!claims) throw invalidRefreshToken();
    const refreshed = await this.sessions.rotate(claims);
    if (refreshed === 'invalid') throw invalidRefreshToken();
    if (!('stolenFrom' in refreshed)) return this.tokensOf(refreshed);
    const details = { session_id: claims.sessionId };
    await this.audit.record(
      { action: 'token_reused', outcome: 'failure', userId: refreshed.stolenFrom, details },
      from,
    );
    throw refreshTokenReused();
  }

  /** Ends the sessions of these tokens, whatever their age; a token that is none ends nothing. */
  async logout(tokens: { refreshToken?: string; accessToken?: string }, from: Origin): Promise<void> {
    const claims = [
      tokens.refreshToken === undefined ? undefined : this.refreshTokens.verify(tokens.refreshToken),
      tokens.accessToken === undefined ? undefined : this.accessTokens.read(tokens.accessToken),
    ];
    for (const sessionId of new Set(claims.flatMap((claim) => claim?.sessionId ?? []))) {
      const userId = await this.sessions.end(sessionId);
      if (userId) await this.audit.record({ action: 'logout', actorId: userId, userId }, from);
    }
  }

  /** Changes one's own password; every other session ends. @throws Problem 403 `wrong_password`, 422, 429 */
  async changePassword(me: Principal, dto: ChangePasswordDto, from: Origin): Promise<void> {
    const account = await this.users.confirmPassword(me, dto.current_password, from);
    const hash = await this.passwords.hashNew(dto.new_password, {
      context: me,
      pointer: '/new_password',
      signal: from.signal,
    });
    if (!(await this.sessions.changePassword(account, hash, me.sessionId))) throw await this.whyNotChanged(me);
    await this.audit.record({ action: 'password_changed', actorId: me.id, userId: me.id }, from);
  }

  /** The living sessions of a user. @throws Problem 404 */
  async listSessions(userId: string, me: Principal): Promise<SessionListDto> {
    if (userId !== me.id && !(await this.users.findById(userId))) throw notFound('user');
    const sessions = await this.sessions.list(userId);
    return { items: sessions.map((session) => toSessionDto(session, me.sessionId)) };
  }

  /** Ends one of one's own sessions. @throws Problem 404 */
  async endSession(id: string, me: Principal, from: Origin): Promise<void> {
    if (!(await this.sessions.endOwn(id, me.id))) throw notFound('session');
    await this.audit.record(
      { action: 'sessions_ended', actorId: me.id, userId: me.id, details: { session_id: id } },
      from,
    );
  }

  /** Ends all of one's own sessions but this one. */
  async endOtherSessions(me: Principal, from: Origin): Promise<void> {
    await this.sessions.endAll(me.id, me.sessionId);
    await this.audit.record({ action: 'sessions_ended', actorId: me.id, userId: me.id }, from);
  }

  /** Ends all sessions of a user, as an admin. @throws Problem 404 */
  async endSessionsOf(userId: string, me: Principal, from: Origin): Promise<void> {
    if (!(await this.users.findById(userId))) throw notFound('user');
    await this.sessions.endAll(userId);
    await this.audit.record({ action: 'sessions_ended', actorId: me.id, userId }, from);
  }

  private tokensOf({ userId, sessionId, counter, secondsLeft }: TokenState): TokenPairDto {
    return {
      access_token: this.accessTokens.sign({ userId, sessionId }),
      token_type: 'bearer',
      expires_in: this.accessTokens.lifetime,
      refresh_token: this.refreshTokens.sign({ sessionId, counter }),
      refresh_expires_in: secondsLeft,
    };
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

  /** Somebody was faster: with another password, or by ending this session. */
  private async whyNotChanged({ id, sessionId }: Principal): Promise<Error> {
    return (await this.sessions.findSignedIn({ userId: id, sessionId })) ? wrongPassword() : invalidToken();
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

import { Injectable } from '@nestjs/common';
import { forbidden, notFound, problem, wrongPassword } from '../../problems.js';
import type { Call, Origin } from '../../request.js';
import { VerifiedOnly } from '../../users/addresses/verified-only.js';
import { Passwords } from '../../users/passwords/passwords.js';
import { UsersService } from '../../users/users.service.js';
import { type AccessClaims, AccessTokens } from './access-tokens.js';
import { BearerTokens } from './bearer-tokens.js';
import { sessionIdOf } from './credential.js';
import { RefreshTokens } from './refresh-tokens.js';
import { RefusedRefreshes } from './refused-refreshes.js';
import { SessionStore, type TokenState } from './session-store.js';
import { type ChangePasswordDto, type SessionListDto, type TokenPairDto, toSessionDto } from './sessions.dto.js';

/** Refreshing, listing and ending sessions. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly sessions: SessionStore,
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly refused: RefusedRefreshes,
    private readonly bearers: BearerTokens,
    private readonly verified: VerifiedOnly,
  ) {}

  /**
   * Trades a refresh token for a new pair.
   * @throws Problem 401 `invalid_refresh_token` or `refresh_token_reused`, 403 `email_not_verified`, 429
   */
  async refresh(refreshToken: string, from: Origin): Promise<TokenPairDto> {
    const claims = this.refreshTokens.verify(refreshToken);
    if (!claims) {
      await this.refused.countForged(from);
      throw problem('invalid_refresh_token');
    }
    const userId = this.verified.isOn ? await this.sessions.userOf(claims.sessionId) : null;
    if (userId !== null) await this.verified.assert(userId, from);
    const refreshed = await this.sessions.rotate(claims, from);
    if (typeof refreshed !== 'string' && !('stolenFrom' in refreshed)) return this.tokensOf(refreshed);
    await this.refused.countExpired(from);
    throw problem(refreshed === 'invalid' ? 'invalid_refresh_token' : 'refresh_token_reused');
  }

  /**
   * Ends the sessions of these tokens, expired or not; a token that is invalid ends nothing.
   * @throws Problem 403 for a valid personal access token, which has no session and would go on working
   */
  async logout(tokens: { refreshToken?: string; accessToken?: string }, from: Origin): Promise<void> {
    const reader = tokens.refreshToken === undefined ? this.bearers.readerOf(tokens.accessToken ?? '') : undefined;
    if (reader && (await reader(tokens.accessToken ?? '', from, false))) {
      throw forbidden('A personal access token has no session to end: revoke it instead.');
    }
    const claims = [
      tokens.refreshToken === undefined ? undefined : this.refreshTokens.verify(tokens.refreshToken),
      tokens.accessToken === undefined ? undefined : this.accessTokens.read(tokens.accessToken),
    ];
    for (const sessionId of new Set(claims.flatMap((claim) => claim?.sessionId ?? []))) {
      await this.sessions.end(sessionId, from);
    }
  }

  /** Changes one's own password; every other session ends. @throws Problem 403 `wrong_password`, 422, 429 */
  async changePassword(dto: ChangePasswordDto, call: Call): Promise<void> {
    const { me } = call;
    const sessionId = sessionIdOf(call);
    const account = await this.passwords.confirm(dto.current_password, call);
    const hash = await this.passwords.hashNew(dto.new_password, {
      context: me,
      pointer: '/new_password',
      signal: call.signal,
    });
    if (!(await this.passwords.change(account, hash, { sessionId, call }))) {
      throw await this.whyNotChanged({ userId: me.id, sessionId });
    }
  }

  /** The living sessions of a user. @throws Problem 404 */
  async listSessions(userId: string, { me, credential }: Call): Promise<SessionListDto> {
    if (userId !== me.id && !(await this.users.findById(userId))) throw notFound('user');
    const sessions = await this.sessions.list(userId);
    return {
      items: sessions.map((session) =>
        toSessionDto(session, credential.kind === 'session' ? credential.sessionId : undefined),
      ),
    };
  }

  /** Ends one of one's own sessions. @throws Problem 404 */
  async endSession(id: string, call: Call): Promise<void> {
    if (!(await this.sessions.endOne(id, call.me.id, call))) throw notFound('session');
  }

  /** Ends all of one's own sessions but this one. */
  async endOtherSessions(call: Call): Promise<void> {
    await this.sessions.endAll(call.me.id, call, sessionIdOf(call));
  }

  /** Ends one of a user's sessions, as an admin. @throws Problem 404 */
  async endSessionOf(userId: string, id: string, call: Call): Promise<void> {
    if (!(await this.sessions.endOne(id, userId, call))) throw notFound('session');
  }

  /** Ends all sessions of a user, as an admin. @throws Problem 404 */
  async endSessionsOf(userId: string, call: Call): Promise<void> {
    if (!(await this.sessions.endAll(userId, call))) throw notFound('user');
  }

  /** The pair of tokens for a session at this rotation (RFC 6749 section 5.1). */
  tokensOf(session: TokenState): TokenPairDto {
    return {
      access_token: this.accessTokens.sign(session),
      token_type: 'bearer',
      expires_in: this.accessTokens.lifetime,
      refresh_token: this.refreshTokens.sign(session),
      refresh_expires_in: session.secondsLeft,
    };
  }

  /** A new access token for a session; its refresh token stays. */
  accessTokenOf(session: AccessClaims): Pick<TokenPairDto, 'access_token' | 'token_type' | 'expires_in'> {
    const { lifetime: expires_in } = this.accessTokens;
    return { access_token: this.accessTokens.sign(session), token_type: 'bearer', expires_in };
  }

  /** Why a password change failed at commit: the session has ended meanwhile, or the password was changed. */
  private async whyNotChanged(claims: Pick<AccessClaims, 'userId' | 'sessionId'>): Promise<Error> {
    return (await this.sessions.isAlive(claims)) ? wrongPassword() : problem('invalid_token');
  }
}

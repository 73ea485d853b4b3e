import { Optional, StringField } from '../../http/fields.js';
import { type AssuranceLevel } from '../../request.js';
import { acrOf } from './authentication.js';
import type { SessionRow } from './session-store.js';

/** The refresh token to trade for a new pair. */
export class RefreshDto {
  /** @example "rt_AZqy…" */
  @StringField()
  refresh_token: string;
}

/** Any token of the session that is to end; the bearer token of the request will do as well. */
export class LogoutDto {
  /** @example "rt_AZqy…" */
  @Optional()
  @StringField()
  refresh_token?: string;
}

/** A new password, and the proof that it is one's own account. */
export class ChangePasswordDto {
  @StringField()
  current_password: string;

  /** At least 8 characters, at most 72 bytes; not a common one. @example "a better horse battery" */
  @StringField()
  new_password: string;
}

/** The answer to signing in and refreshing (RFC 6749 section 5.1). */
export class TokenPairDto {
  /** A JWT, to be sent as `Authorization: Bearer …`. */
  access_token: string;
  token_type: 'bearer';
  /** Seconds until the access token expires. */
  expires_in: number;
  /** Good for one refresh. */
  refresh_token: string;
  /** Seconds until the refresh token expires. @example 604800 */
  refresh_expires_in: number;
}

/** A signed-in device. */
export class SessionDto {
  id: string;
  created_at: Date;
  /** When it was last refreshed. */
  last_used_at: Date;
  expires_at: Date;
  ip: string | null;
  user_agent: string | null;
  /**
   * How the person authenticated: `pwd`, `otp`, `hwk` or `swk` (a passkey), `user`, `fed`, `email`, `rba`, `mfa` (RFC 8176).
   * @example ["pwd","otp","mfa"]
   */
  amr: string[];
  /** The assurance level of these methods: `aal2` with two factors. */
  acr: AssuranceLevel;
  /** When the person last authenticated. */
  auth_time: Date;
  /** Whether a remembered device replaced the second factor. */
  remembered: boolean;
  /** Whether an admin acts in the person's place: never, as nobody can. */
  impersonated: false;
  /** Whether it is the session that makes this request. @example true */
  current: boolean;
}

/** Signed-in devices. */
export class SessionListDto {
  items: SessionDto[];
}

/** The session as its owner, or an admin, may see it. */
export function toSessionDto(session: SessionRow, currentId?: string): SessionDto {
  return {
    id: session.id,
    created_at: session.createdAt,
    last_used_at: session.lastUsedAt,
    expires_at: session.expiresAt,
    ip: session.ip,
    user_agent: session.userAgent,
    amr: session.amr,
    acr: acrOf(session.amr),
    auth_time: session.authTime,
    remembered: session.amr.includes('rba'),
    impersonated: false,
    current: session.id === currentId,
  };
}

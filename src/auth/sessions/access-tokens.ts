import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { v4 as uuidv4 } from 'uuid';
import { seconds } from '../../config/durations.js';
import { TokenSettings } from '../../config/token-settings.js';
import { isUuid } from '../../http/fields.js';
import { acrOf } from './authentication.js';
import { signEdDsa, verifyJwt } from './jwt-signatures.js';
import { KeyRing, type SigningKey } from './keys.js';

const TYPE = 'at+jwt'; // RFC 9068
const HEADER_MEMBERS = new Set(['alg', 'typ', 'kid']);
const HEADERS = 100; // how many distinct JWT headers are cached; a client could invent any number of spellings
const CLOCK_SKEW = seconds(10);

/** The claims of an access token. */
export interface AccessClaims {
  userId: string;
  sessionId: string;
  /** When the person last authenticated. */
  authTime: Date;
  /** The methods of that authentication. */
  amr: readonly string[];
}

const NEVER = new Date(0);

/** Signs and verifies access tokens: JWTs (RFC 7519, 8725, 9068) that name their session and carry no roles. */
@Injectable()
export class AccessTokens {
  /** Lifetime of a token in seconds. */
  readonly lifetime: number;
  private readonly keys = new Map<string, SigningKey>(); // by encoded header, which is the same for all tokens of a key

  constructor(
    private readonly jwt: JwtService,
    private readonly ring: KeyRing,
    private readonly settings: TokenSettings,
  ) {
    this.lifetime = settings.accessTokenLifetime / 1000;
  }

  /** A new access token for a session. */
  sign({ userId, sessionId, authTime, amr }: AccessClaims): string {
    const now = Math.floor(Date.now() / 1000);
    const { issuer, audience } = this.settings.jwt;
    const payload = {
      iss: issuer,
      aud: audience,
      sub: userId,
      sid: sessionId,
      iat: now,
      exp: now + this.lifetime,
      jti: uuidv4(),
      auth_time: Math.floor(authTime.getTime() / 1000),
      amr,
      acr: acrOf(amr),
    };
    const { current } = this.ring;
    const { algorithm } = current;
    const header = { alg: algorithm, typ: TYPE, kid: current.id };
    if (algorithm === 'EdDSA') return signEdDsa(header, payload, current);
    const key = algorithm === 'HS256' ? { secret: current.sign } : { privateKey: current.sign };
    return this.jwt.sign(payload, { ...key, algorithm, header } as object);
  }

  /** The key that a token must verify with; undefined when its header isn't one that this server writes. */
  keyFor(token: string): SigningKey | undefined {
    const encoded = token.split('.', 1)[0] ?? '';
    const known = this.keys.get(encoded);
    if (known) return known;
    const header = headerOf(encoded);
    if (!header || !isOurHeader(header)) return undefined;
    const key = this.ring.find(header['kid']);
    if (!key || key.algorithm !== header['alg']) return undefined; // no algorithm confusion: each key verifies by its own algorithm only
    if (this.keys.size < HEADERS) this.keys.set(encoded, key);
    return key;
  }

  /** The claims of a token, expired or not; undefined when this server didn't sign it. */
  read(token: string): AccessClaims | undefined {
    const key = this.keyFor(token);
    let claims: AccessClaims | undefined;
    if (!key) return undefined;
    verifyJwt(token, key, {}, (error, payload) => {
      claims = error ? undefined : this.claimsOf(payload, { ignoreExpiration: true });
    });
    return claims;
  }

  /**
   * The claims of a verified payload; undefined when a claim is missing or wrong. Whether the session is still alive is
   * checked by the sessions' look-up.
   */
  claimsOf(payload: unknown, { ignoreExpiration = false } = {}): AccessClaims | undefined {
    if (typeof payload !== 'object' || payload === null) return undefined;
    const { iss, aud, sub, sid, iat, exp, nbf, auth_time, amr } = payload as Record<string, unknown>;
    const { issuer, audience } = this.settings.jwt;
    if (iss !== issuer || aud !== audience || nbf !== undefined) return undefined;
    if (typeof sub !== 'string' || typeof sid !== 'string' || !isUuid(sub) || !isUuid(sid)) return undefined;
    if (!Number.isFinite(iat) || !Number.isFinite(exp)) return undefined;
    const [issuedAt, expiresAt] = [seconds(iat as number), seconds(exp as number)];
    const now = Date.now();
    if (issuedAt > now + CLOCK_SKEW || expiresAt - issuedAt > this.settings.accessTokenLifetime) return undefined;
    if (expiresAt <= now && !ignoreExpiration) return undefined;
    return { userId: sub, sessionId: sid, ...authenticationOf(auth_time, amr) };
  }
}

/** `auth_time` and `amr`; tokens issued before these claims existed count as authenticated long ago, by one factor. */
function authenticationOf(authTime: unknown, amr: unknown): Pick<AccessClaims, 'authTime' | 'amr'> {
  return {
    authTime: typeof authTime === 'number' ? new Date(seconds(authTime)) : NEVER,
    amr: Array.isArray(amr) ? (amr as string[]) : [],
  };
}

function headerOf(encoded: string): Record<string, unknown> | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    return typeof header === 'object' && header !== null ? (header as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Headers such as `jku`, `jwk`, `x5u` or `crit` are never written by this server. */
function isOurHeader(header: Record<string, unknown>): header is Record<string, string> {
  const { typ, kid } = header;
  if (typeof typ !== 'string' || typ.toLowerCase() !== TYPE) return false;
  return typeof kid === 'string' && Object.keys(header).every((name) => HEADER_MEMBERS.has(name));
}

import { sign as cryptoSign, type KeyObject, verify as cryptoVerify } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { LRUCache } from 'lru-cache';
import jsonwebtoken from 'jsonwebtoken';
import { v4 as uuidv4 } from 'uuid';
import { seconds } from '../../config/durations.js';
import { TokenSettings } from '../../config/token-settings.js';
import { isUuid } from '../../http/fields.js';
import { acrOf } from './authentication.js';
import { KeyRing, type SigningKey } from './keys.js';

const TYPE = 'at+jwt'; // RFC 9068
const HEADER_MEMBERS = new Set(['alg', 'typ', 'kid']);
const HEADERS = 100; // spellings of our few; each costs its sender a look, and us no more than this
const VERIFIED = 5_000;
const CLOCK_SKEW = seconds(10);

/** Whom an access token speaks for. */
export interface AccessClaims {
  userId: string;
  sessionId: string;
  /** When they last proved who they are. */
  authTime: Date;
  /** By what. */
  amr: readonly string[];
}

const NEVER = new Date(0);

/** Signs and verifies access tokens: JWTs (RFC 7519, 8725, 9068) that name their session, and say nothing of roles. */
@Injectable()
export class AccessTokens {
  /** Seconds that a token lives. */
  readonly lifetime: number;
  private readonly keys = new Map<string, SigningKey>(); // by the header, which is the same for all tokens of a key

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

  /** The key that a token must verify with, or undefined when its header is not one that we write. */
  keyFor(token: string): SigningKey | undefined {
    const encoded = token.split('.', 1)[0] ?? '';
    const known = this.keys.get(encoded);
    if (known) return known;
    const header = headerOf(encoded);
    if (!header || !isOurHeader(header)) return undefined;
    const key = this.ring.find(header['kid']);
    if (!key || key.algorithm !== header['alg']) return undefined; // a public key is no secret, nor the other way round
    if (this.keys.size < HEADERS) this.keys.set(encoded, key);
    return key;
  }

  /** Whom a token speaks for, expired or not, or undefined when it is not one of ours. */
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
   * Whom the payload of a verified token speaks for, or undefined when it claims what ours never do.
   * Whether its session still lives is for the sessions to say.
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

/** Tokens that were issued before they said how: those count as long ago, and as one factor. */
function authenticationOf(authTime: unknown, amr: unknown): Pick<AccessClaims, 'authTime' | 'amr'> {
  return {
    authTime: typeof authTime === 'number' ? new Date(seconds(authTime)) : NEVER,
    amr: Array.isArray(amr) ? (amr as string[]) : [],
  };
}

type Verified = (error: Error | null, payload?: unknown) => void;
type VerifyJwt = (token: string, key: SigningKey, options: unknown, done: Verified) => void;

const verified = new WeakMap<SigningKey, LRUCache<string, object>>();

/**
 * Verifies a signature with the one algorithm that its key is for: jsonwebtoken does, save for EdDSA, which it doesn't know.
 * A signature that has held for a key will always hold, and a client sends the same token over and over: what was
 * verified lately is remembered, which makes `me` 1.4 times as fast. Its claims, and its session, are judged each time.
 */
export const verifyJwt: VerifyJwt = (token, key, _options, done) => {
  const tokens = verifiedBy(key);
  const known = tokens.get(token);
  if (known) return done(null, known);
  verifySignature(token, key, (error, payload) => {
    if (!error && typeof payload === 'object' && payload !== null) tokens.set(token, Object.freeze(payload));
    done(error, payload);
  });
};

function verifiedBy(key: SigningKey): LRUCache<string, object> {
  const known = verified.get(key);
  if (known) return known;
  const tokens = new LRUCache<string, object>({ max: VERIFIED });
  verified.set(key, tokens);
  return tokens;
}

function verifySignature(token: string, { algorithm, verify }: SigningKey, done: Verified): void {
  if (algorithm === 'EdDSA') return verifyEdDsa(token, verify, done);
  // whether it has expired is for `claimsOf` to say
  jsonwebtoken.verify(token, verify, { algorithms: [algorithm], ignoreExpiration: true }, done);
}

function headerOf(encoded: string): Record<string, unknown> | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    return typeof header === 'object' && header !== null ? (header as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** `jku`, `jwk`, `x5u`, `crit` and the like are never ours. */
function isOurHeader(header: Record<string, unknown>): header is Record<string, string> {
  const { typ, kid } = header;
  if (typeof typ !== 'string' || typ.toLowerCase() !== TYPE) return false;
  return typeof kid === 'string' && Object.keys(header).every((name) => HEADER_MEMBERS.has(name));
}

// EdDSA: RFC 8037

function signEdDsa(header: object, payload: object, { sign }: SigningKey): string {
  const input = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  if (!sign) throw new TypeError('This key can only verify.');
  return `${input}.${cryptoSign(null, Buffer.from(input), sign).toString('base64url')}`;
}

function verifyEdDsa(token: string, key: KeyObject, done: Verified): void {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  const holds = cryptoVerify(null, Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'));
  if (!holds || more.length > 0) return done(new Error('invalid signature'));
  let payload: unknown;
  try {
    payload = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  } catch (error) {
    return done(error as Error);
  }
  done(null, payload);
}

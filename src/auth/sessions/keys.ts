import { createHash, createPrivateKey, createPublicKey, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { JwtAlgorithm, JwtSettings } from '../../config/jwt-settings.js';

/** A key that access tokens are signed or verified with, and the name that tokens call it by. */
export interface SigningKey {
  readonly id: string;
  /** Undefined for a retired key of which only the public half is left. */
  readonly sign: KeyObject | undefined;
  readonly verify: KeyObject;
  /** What refresh tokens are authenticated with, derived from the same secret for this one purpose. */
  readonly refresh: KeyObject | undefined;
}

/** The keys of this process: the first signs, all of them verify. */
export class KeyRing {
  readonly algorithm: JwtAlgorithm;
  readonly keys: readonly SigningKey[];

  /** @throws TypeError when a key is no key, or not one for the algorithm */
  constructor({ algorithm, keys }: JwtSettings) {
    this.algorithm = algorithm;
    // a KeyObject, as jsonwebtoken takes 0.4 ms a call to find out that a string is no PEM
    this.keys = keys.map((key) => (algorithm === 'HS256' ? secretKey(key) : pemKey(key, algorithm)));
    if (!this.keys[0]?.sign) throw new TypeError('JWT_SECRET_KEY: the first key must be able to sign.');
  }

  /** The key that signs. */
  get current(): SigningKey & { sign: KeyObject; refresh: KeyObject } {
    return this.keys[0] as SigningKey & { sign: KeyObject; refresh: KeyObject };
  }

  /** The key of that name; without a name, the current one. */
  find(id: string | undefined): SigningKey | undefined {
    return id === undefined ? this.current : this.keys.find((key) => key.id === id);
  }

  /** The public halves, for `/.well-known/jwks.json` (RFC 7517); none for HS256, whose keys are secrets. */
  get jwks(): object[] {
    if (this.algorithm === 'HS256') return [];
    return this.keys.map(({ id, verify }) => ({
      ...verify.export({ format: 'jwk' }),
      kid: id,
      use: 'sig',
      alg: this.algorithm,
    }));
  }
}

function secretKey(text: string): SigningKey {
  const secret = createSecretKey(Buffer.from(text, 'utf8'));
  return { id: digest(`kid|${text}`), sign: secret, verify: secret, refresh: refreshKey(Buffer.from(text, 'utf8')) };
}

function pemKey(pem: string, algorithm: JwtAlgorithm): SigningKey {
  const verify = publicKey(pem, algorithm);
  const sign = pem.includes('PRIVATE KEY') ? createPrivateKey(pem) : undefined;
  return {
    id: digest(verify.export({ format: 'der', type: 'spki' })),
    sign,
    verify,
    refresh: sign && refreshKey(sign.export({ format: 'der', type: 'pkcs8' })),
  };
}

/** The public half of either half. */
function publicKey(pem: string, algorithm: JwtAlgorithm): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPublicKey(pem);
  } catch {
    // OpenSSL's own words help nobody
  }
  if (key && isOf(algorithm, key)) return key;
  throw new TypeError(`JWT_SECRET_KEY: this is not a key for ${algorithm}.`);
}

const isOf = (algorithm: JwtAlgorithm, { asymmetricKeyType, asymmetricKeyDetails }: KeyObject) =>
  algorithm === 'EdDSA' ? asymmetricKeyType === 'ed25519' : asymmetricKeyDetails?.namedCurve === 'prime256v1';

const refreshKey = (secret: Buffer) =>
  createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'userhub refresh tokens', 32)));

const digest = (data: string | Buffer) => createHash('sha256').update(data).digest('base64url').slice(0, 16);

import { createHash, createPrivateKey, createPublicKey, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { isPem, type JwtAlgorithm, type JwtSettings } from '../../config/jwt-settings.js';

/** A key that access tokens are signed or verified with, with its `kid`. */
export interface SigningKey {
  readonly id: string;
  /** The one algorithm that this key is used with. */
  readonly algorithm: JwtAlgorithm;
  /** Undefined for a retired key of which only the public half is kept. */
  readonly sign: KeyObject | undefined;
  readonly verify: KeyObject;
  /** The key of refresh tokens, derived from the same secret for this one purpose. */
  readonly refresh: KeyObject | undefined;
}

/** The keys of this process, of whatever algorithms: the first signs; all of them verify, each by its own algorithm only. */
export class KeyRing {
  readonly keys: readonly SigningKey[];

  /** @throws TypeError when a key can't be parsed, or the first doesn't fit the algorithm */
  constructor({ algorithm, keys }: JwtSettings) {
    // KeyObjects, made once: given a string, jsonwebtoken spends 0.4 ms per call on finding out that it is no PEM
    this.keys = keys.map((key) => (isPem(key) ? pemKey(key) : secretKey(key)));
    const [first] = this.keys;
    if (first && first.algorithm !== algorithm)
      throw new TypeError(`JWT_SECRET_KEY: the first key is not one for ${algorithm}.`);
    if (!first?.sign) throw new TypeError('JWT_SECRET_KEY: the first key must be able to sign.');
  }

  /** The key that signs. */
  get current(): SigningKey & { sign: KeyObject; refresh: KeyObject } {
    return this.keys[0] as SigningKey & { sign: KeyObject; refresh: KeyObject };
  }

  /** The key with that `kid`; without one, the current key. */
  find(id: string | undefined): SigningKey | undefined {
    return id === undefined ? this.current : this.keys.find((key) => key.id === id);
  }

  /** The public keys, for `/.well-known/jwks.json` (RFC 7517). Keys for HS256 are secrets and not included. */
  get jwks(): object[] {
    return this.keys
      .filter(({ algorithm }) => algorithm !== 'HS256')
      .map(({ id, algorithm, verify }) => ({
        ...verify.export({ format: 'jwk' }),
        kid: id,
        use: 'sig',
        alg: algorithm,
      }));
  }
}

function secretKey(text: string): SigningKey {
  const bytes = Buffer.from(text, 'utf8');
  const secret = createSecretKey(bytes);
  return { id: digest(`kid|${text}`), algorithm: 'HS256', sign: secret, verify: secret, refresh: refreshKey(bytes) };
}

function pemKey(pem: string): SigningKey {
  const verify = publicKey(pem);
  const sign = pem.includes('PRIVATE KEY') ? createPrivateKey(pem) : undefined;
  return {
    id: digest(verify.export({ format: 'der', type: 'spki' })),
    algorithm: algorithmOf(verify),
    sign,
    verify,
    refresh: sign && refreshKey(sign.export({ format: 'der', type: 'pkcs8' })),
  };
}

/** The public key, from a private or a public one. */
function publicKey(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch {
    throw new TypeError('JWT_SECRET_KEY: one of the PEM blocks is not a key.'); // OpenSSL's message says nothing useful here
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): JwtAlgorithm {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new TypeError('JWT_SECRET_KEY: one of the keys is for neither ES256 nor EdDSA.');
}

const refreshKey = (secret: Buffer) =>
  createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'userhub refresh tokens', 32)));

const digest = (data: string | Buffer) => createHash('sha256').update(data).digest('base64url').slice(0, 16);

/** Formats of scrypt hashes of other systems. */
import type { ForeignHash, HashProblem } from './foreign-hashes.js';
import { adapted, base64, hex, HIGHEST, isKey, type Reader, SHORTEST_KEY, utf8 } from './foreign-hash-formats.js';

/** passlib's PHC string, Werkzeug, Django and better-auth. */
export const readScrypt: Reader = (hash) => {
  const phc =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,15}),p=(\d{1,15})\$([A-Za-z0-9+/.]+)={0,2}\$([A-Za-z0-9+/.]+)={0,2}$/.exec(hash);
  if (phc) return scrypt(2 ** Number(phc[1]), phc[2], phc[3], adapted(phc[4]), adapted(phc[5]));
  const werkzeug = /^scrypt:(\d{1,15}):(\d{1,15}):(\d{1,15})\$([^$]+)\$([0-9a-f]+)$/i.exec(hash);
  if (werkzeug) return scrypt(Number(werkzeug[1]), werkzeug[2], werkzeug[3], utf8(werkzeug[4]), hex(werkzeug[5]));
  const django = /^scrypt\$(\d{1,15})\$([^$]+)\$(\d{1,15})\$(\d{1,15})\$([A-Za-z0-9+/]+={0,2})$/.exec(hash);
  if (django) return scrypt(Number(django[1]), django[3], django[4], utf8(django[2]), base64(django[5]));
  const betterAuth = /^\$better-auth\$([0-9a-f]+):([0-9a-f]+)$/i.exec(hash);
  if (betterAuth) return scrypt(16_384, '16', '1', utf8(betterAuth[1]), hex(betterAuth[2]), 'NFKC');
  return undefined;
};

/** Firebase's variant: scrypt derives the key that encrypts the project's signer key. In the formats of GoTrue and Kratos. */
export const readFirebase: Reader = (hash) => {
  const gotrue =
    /^\$fbscrypt\$v=1,n=(\d{1,2}),r=(\d{1,15}),p=(\d{1,15}),ss=([^,$]*),sk=([^,$]+)\$([^$]*)\$([^$]+)$/.exec(hash);
  if (gotrue) {
    const [, n, r, p, separator, signerKey, salt, key] = gotrue;
    return firebase({ n, r, p, separator, signerKey, salt, key });
  }
  const kratos = /^\$firescrypt\$ln=(\d{1,2}),r=(\d{1,15}),p=(\d{1,15})\$([^$]*)\$([^$]+)\$([^$]*)\$([^$]+)$/.exec(
    hash,
  );
  if (!kratos) return undefined;
  const [, n, r, p, salt, key, separator, signerKey] = kratos;
  return firebase({ n, r, p, separator, signerKey, salt, key });
};

function scrypt(
  N: number,
  r: string | undefined,
  p: string | undefined,
  salt: string,
  key: string,
  form: 'NFC' | 'NFKC' = 'NFC',
): ForeignHash | HashProblem {
  const parameters = scryptParameters(N, r, p);
  if (typeof parameters === 'string') return parameters;
  return isKey(key) ? { kind: 'scrypt', ...parameters, salt, key, form } : 'hash_not_supported';
}

function firebase(hash: Record<'n' | 'r' | 'p' | 'separator' | 'signerKey' | 'salt' | 'key', string | undefined>) {
  const bytes = Object.fromEntries(
    (['separator', 'signerKey', 'salt', 'key'] as const).map((name) => [name, fromBase64(hash[name] ?? '')]),
  ) as Record<'separator' | 'signerKey' | 'salt' | 'key', Buffer | undefined>;
  const { separator, signerKey, salt, key } = bytes;
  if (!separator || !signerKey || !salt || !key || key.length < SHORTEST_KEY || key.length !== signerKey.length) {
    return 'hash_not_supported';
  }
  const parameters = scryptParameters(2 ** Number(hash.n), hash.r, hash.p);
  if (typeof parameters === 'string') return parameters;
  return {
    kind: 'firebase' as const,
    ...parameters,
    salt: Buffer.concat([salt, separator]).toString('base64'),
    signerKey: signerKey.toString('base64'),
    key: key.toString('base64'),
  };
}

function scryptParameters(N: number, r: string | undefined, p: string | undefined) {
  const parameters = { N, r: Number(r), p: Number(p) };
  if (N < 2 || !Number.isInteger(Math.log2(N)) || parameters.r < 1 || parameters.p < 1) return 'hash_not_supported';
  return N * parameters.r > HIGHEST.scrypt || parameters.p > HIGHEST.parallelism ? 'hash_too_costly' : parameters;
}

/** Standard or URL-safe; undefined when it is neither. */
const fromBase64 = (text: string): Buffer | undefined =>
  /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;

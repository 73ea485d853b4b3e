/** Password hashes of other systems: parses their formats, and refuses those too expensive to verify. */

interface ScryptParameters {
  N: number;
  r: number;
  p: number;
}

/** What the hash worker verifies; bytes are in base64. */
export type ForeignHash =
  | { kind: 'bcrypt'; hash: string; prehash: '' | 'sha256' }
  | { kind: 'argon2'; hash: string }
  | ({ kind: 'scrypt'; salt: string; key: string; form: 'NFC' | 'NFKC' } & ScryptParameters)
  | ({ kind: 'firebase'; salt: string; signerKey: string; key: string } & ScryptParameters)
  | { kind: 'pbkdf2'; digest: string; iterations: number; salt: string; key: string };

/** The families of such hashes. */
export const FOREIGN_SCHEMES = ['argon2', 'bcrypt', 'firebase', 'pbkdf2', 'scrypt'] as const;

/** Number of accounts that still have a hash of another system. */
export interface ForeignCount {
  scheme: ForeignHash['kind'];
  count: number;
}

/** Why a hash can't be imported. */
export type HashProblem = 'hash_not_supported' | 'hash_too_costly';

const BLANK = { kind: '', hash: '', prehash: '', salt: '', key: '', signerKey: '', form: 'NFC', digest: '', N: 2, r: 1, p: 1, iterations: 1 }; // prettier-ignore

/** With the members of all kinds, as the worker has no types to tell them apart. */
export const forWorker = (foreign: ForeignHash): typeof BLANK => ({ ...BLANK, ...foreign });

/** What to store, and how to verify it. */
export interface ReadHash {
  stored: string;
  foreign: ForeignHash;
}

const LONGEST = 1024;
const SHORTEST_KEY = 16; // bytes
const LONGEST_KEY = 256;
const BETTER_AUTH = '$better-auth$'; // our prefix for the one format that can't be recognised by itself

const HIGHEST = {
  bcrypt: 16,
  argonMemory: 256 * 1024,
  argonTime: 10,
  parallelism: 16,
  scrypt: 2 ** 20,
  pbkdf2: 5_000_000,
};

const DIGEST_BYTES: Record<string, number> = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

/** Parses one format; undefined when it is another one. */
type Reader = (hash: string) => ForeignHash | HashProblem | undefined;

/**
 * Parses a hash of another system. bcrypt hashes without a prefix are handled by `PasswordHasher`.
 * @param hashType the system, where the format alone is ambiguous
 */
export function readForeignHash(hash: string, hashType?: string): ReadHash | HashProblem {
  if (hash.length > LONGEST) return 'hash_not_supported';
  if (hashType !== undefined && hashType !== 'better-auth') return 'hash_not_supported';
  const stored = hashType === 'better-auth' && !hash.startsWith(BETTER_AUTH) ? BETTER_AUTH + hash : hash;
  for (const read of READERS) {
    const found = read(stored);
    if (typeof found === 'string') return found;
    if (found) return { stored, foreign: found };
  }
  return 'hash_not_supported';
}

/** Estimated milliseconds of verifying: to find the slowest. */
export function costOf(foreign: ForeignHash): number {
  switch (foreign.kind) {
    case 'bcrypt':
      return 2 ** Number(foreign.hash.slice(4, 6)) / 20;
    case 'argon2':
      return Number(/m=(\d+)/.exec(foreign.hash)?.[1]) * Number(/t=(\d+)/.exec(foreign.hash)?.[1]) * 0.0004;
    case 'scrypt':
    case 'firebase':
      return foreign.N * foreign.r * foreign.p * 0.0008;
    case 'pbkdf2':
      return foreign.iterations * 0.001;
    default:
      return foreign satisfies never;
  }
}

/** Django's bcrypt formats. */
const readBcrypt: Reader = (hash) => {
  const [, name, rest] = /^(?:(bcrypt|bcrypt_sha256)\$)?(\$2[aby]\$\d\d\$[./A-Za-z0-9]{53})$/.exec(hash) ?? [];
  if (!rest) return undefined;
  const cost = Number(rest.slice(4, 6));
  if (cost < 4 || cost > 31) return 'hash_not_supported';
  if (cost > HIGHEST.bcrypt) return 'hash_too_costly';
  return { kind: 'bcrypt', hash: `$2b${rest.slice(3)}`, prehash: name === 'bcrypt_sha256' ? 'sha256' : '' };
};

/** The PHC string, also with Django's prefix. */
const readArgon2: Reader = (hash) => {
  const [, variant, version, parameters = '', rest] =
    /^(?:argon2)?\$(argon2(?:id|i|d))(?:\$v=(16|19))?\$([mtp]=\d{1,15},[mtp]=\d{1,15},[mtp]=\d{1,15})(\$[A-Za-z0-9+/]{6,86}\$[A-Za-z0-9+/]{16,342})$/.exec(hash) ?? []; // prettier-ignore
  if (!variant || !rest) return undefined;
  const { m, t, p } = Object.fromEntries(parameters.split(',').map((each) => each.split('='))) as Record<
    string,
    string
  >;
  const [memory, time, parallelism] = [Number(m), Number(t), Number(p)];
  if (!memory || !time || !parallelism || memory < 8 * parallelism) return 'hash_not_supported';
  const { argonMemory, argonTime, parallelism: most } = HIGHEST;
  if (memory > argonMemory || time > argonTime || parallelism > most) return 'hash_too_costly';
  return { kind: 'argon2', hash: `$${variant}$v=${version ?? 16}$m=${memory},t=${time},p=${parallelism}${rest}` };
};

/** passlib's PHC string, Werkzeug, Django and better-auth. */
const readScrypt: Reader = (hash) => {
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
const readFirebase: Reader = (hash) => {
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

/** Django, Werkzeug and passlib. */
const readPbkdf2: Reader = (hash) => {
  const django = /^pbkdf2_(sha1|sha256|sha512)\$(\d{1,15})\$([^$]+)\$([A-Za-z0-9+/]+={0,2})$/.exec(hash);
  if (django) return pbkdf2(django[1], django[2], utf8(django[3]), base64(django[4]));
  const werkzeug = /^pbkdf2:(sha1|sha224|sha256|sha384|sha512)(?::(\d{1,15}))?\$([^$]+)\$([0-9a-f]+)$/i.exec(hash);
  if (werkzeug) return pbkdf2(werkzeug[1], werkzeug[2] ?? '1000', utf8(werkzeug[3]), hex(werkzeug[4]));
  const passlib =
    /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(\d{1,15})\$([A-Za-z0-9+/.]*)={0,2}\$([A-Za-z0-9+/.]+)={0,2}$/.exec(hash);
  if (passlib) return pbkdf2(passlib[1] ?? 'sha1', passlib[2], adapted(passlib[3]), adapted(passlib[4]));
  return undefined;
};

/** ASP.NET Identity v3: base64 of a marker, the function, iterations and salt's length in four bytes each, salt, key. */
const readAspNet: Reader = (hash) => {
  if (!/^AQAAAA[A-Za-z0-9+/]+={0,2}$/.test(hash)) return undefined;
  const bytes = Buffer.from(hash, 'base64');
  if (bytes.length < 13 + 8 + SHORTEST_KEY) return 'hash_not_supported';
  const digest = ['sha1', 'sha256', 'sha512'][bytes.readUInt32BE(1)];
  const saltLength = bytes.readUInt32BE(9);
  if (!digest || saltLength > bytes.length - 13 - SHORTEST_KEY) return 'hash_not_supported';
  const salt = bytes.subarray(13, 13 + saltLength).toString('base64');
  return pbkdf2(digest, String(bytes.readUInt32BE(5)), salt, bytes.subarray(13 + saltLength).toString('base64'));
};

const READERS = [readBcrypt, readArgon2, readScrypt, readFirebase, readPbkdf2, readAspNet];

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

function pbkdf2(digest = '', iterations: string | undefined, salt: string, key: string): ForeignHash | HashProblem {
  const count = Number(iterations);
  const name = digest.toLowerCase();
  if (count < 1 || !isKey(key)) return 'hash_not_supported';
  const blocks = Math.ceil(Buffer.from(key, 'base64').length / (Number(DIGEST_BYTES[name]) || 20));
  if (count * blocks > HIGHEST.pbkdf2) return 'hash_too_costly'; // each output block costs all iterations again
  return { kind: 'pbkdf2', digest: name, iterations: count, salt, key };
}

function isKey(key: string): boolean {
  const { length } = Buffer.from(key, 'base64');
  return length >= SHORTEST_KEY && length <= LONGEST_KEY;
}

/** Standard or URL-safe; undefined when it is neither. */
const fromBase64 = (text: string): Buffer | undefined =>
  /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;

// everything in base64, as the worker expects
const utf8 = (text = '') => Buffer.from(text, 'utf8').toString('base64');
const hex = (text = '') => Buffer.from(text, 'hex').toString('base64');
const base64 = (text = '') => text;
const adapted = (text = '') => text.replaceAll('.', '+'); // passlib writes a dot for a plus

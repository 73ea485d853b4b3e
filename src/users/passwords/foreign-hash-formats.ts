/** Formats of password hashes of other systems, except those of the scrypt family, and how expensive they may be. */
import type { ForeignHash, HashProblem } from './foreign-hashes.js';

/** Fewest bytes of a derived key. */
export const SHORTEST_KEY = 16;
const LONGEST_KEY = 256;

/** The most expensive parameters that are verified. */
export const HIGHEST = {
  bcrypt: 16,
  argonMemory: 256 * 1024,
  argonTime: 10,
  parallelism: 16,
  scrypt: 2 ** 20,
  pbkdf2: 5_000_000,
};

const DIGEST_BYTES: Record<string, number> = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

/** Parses one format; undefined when it is another one. */
export type Reader = (hash: string) => ForeignHash | HashProblem | undefined;

/** Django's bcrypt formats. */
export const readBcrypt: Reader = (hash) => {
  const [, name, rest] = /^(?:(bcrypt|bcrypt_sha256)\$)?(\$2[aby]\$\d\d\$[./A-Za-z0-9]{53})$/.exec(hash) ?? [];
  if (!rest) return undefined;
  const cost = Number(rest.slice(4, 6));
  if (cost < 4 || cost > 31) return 'hash_not_supported';
  if (cost > HIGHEST.bcrypt) return 'hash_too_costly';
  return { kind: 'bcrypt', hash: `$2b${rest.slice(3)}`, prehash: name === 'bcrypt_sha256' ? 'sha256' : '' };
};

/** The PHC string, also with Django's prefix. */
export const readArgon2: Reader = (hash) => {
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

/** Django, Werkzeug and passlib. */
export const readPbkdf2: Reader = (hash) => {
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
export const readAspNet: Reader = (hash) => {
  if (!/^AQAAAA[A-Za-z0-9+/]+={0,2}$/.test(hash)) return undefined;
  const bytes = Buffer.from(hash, 'base64');
  if (bytes.length < 13 + 8 + SHORTEST_KEY) return 'hash_not_supported';
  const digest = ['sha1', 'sha256', 'sha512'][bytes.readUInt32BE(1)];
  const saltLength = bytes.readUInt32BE(9);
  if (!digest || saltLength > bytes.length - 13 - SHORTEST_KEY) return 'hash_not_supported';
  const salt = bytes.subarray(13, 13 + saltLength).toString('base64');
  return pbkdf2(digest, String(bytes.readUInt32BE(5)), salt, bytes.subarray(13 + saltLength).toString('base64'));
};

function pbkdf2(digest = '', iterations: string | undefined, salt: string, key: string): ForeignHash | HashProblem {
  const count = Number(iterations);
  const name = digest.toLowerCase();
  if (count < 1 || !isKey(key)) return 'hash_not_supported';
  const blocks = Math.ceil(Buffer.from(key, 'base64').length / (Number(DIGEST_BYTES[name]) || 20));
  if (count * blocks > HIGHEST.pbkdf2) return 'hash_too_costly'; // each output block costs all iterations again
  return { kind: 'pbkdf2', digest: name, iterations: count, salt, key };
}

/** Whether a derived key, in base64, has an acceptable length. */
export function isKey(key: string): boolean {
  const { length } = Buffer.from(key, 'base64');
  return length >= SHORTEST_KEY && length <= LONGEST_KEY;
}

/** The base64 of a text, as the worker expects all bytes. */
export const utf8 = (text = '') => Buffer.from(text, 'utf8').toString('base64');
/** The base64 of bytes in hexadecimal. */
export const hex = (text = '') => Buffer.from(text, 'hex').toString('base64');
/** Base64 as it is. */
export const base64 = (text = '') => text;
/** The base64 of passlib's variant, which writes a dot for a plus. */
export const adapted = (text = '') => text.replaceAll('.', '+');

import { createRequire } from 'node:module';
import { readArgon2, readAspNet, readBcrypt, readPbkdf2 } from './foreign-hash-formats.js';
import { readFirebase, readScrypt } from './scrypt-hash-formats.js';

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

const READERS = [readBcrypt, readArgon2, readScrypt, readFirebase, readPbkdf2, readAspNet];
const LONGEST = 1024; // characters of a hash
const BETTER_AUTH = '$better-auth$'; // our prefix for the one format that can't be recognised by itself

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

/** Whether the optional dependency is installed. */
export function hasArgon2(): boolean {
  try {
    return createRequire(import.meta.url).resolve('@node-rs/argon2') !== '';
  } catch {
    return false;
  }
}

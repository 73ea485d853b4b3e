import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What every token starts with: secret scanners know it by that. */
export const TOKEN_PREFIX = 'uhp_';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM = 30; // characters: 178 bits
const CHECKSUM = 6;
const SHAPE = /^uhp_[0-9A-Za-z]{36}$/;

/** A new token: prefix, 30 random characters of base62, and their CRC32 in six more. */
export function makeToken(): string {
  const random = Array.from({ length: RANDOM }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return TOKEN_PREFIX + random + checksumOf(random);
}

/** Whether it can be one of ours: its checksum is right. What was mistyped, or made up, costs no look-up. */
export function isToken(text: string): boolean {
  const random = text.slice(TOKEN_PREFIX.length, TOKEN_PREFIX.length + RANDOM);
  return SHAPE.test(text) && text.slice(-CHECKSUM) === checksumOf(random);
}

/** What is kept of a token. */
export const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** What people see of a token that is no longer shown: `uhp_…Q7kd`. */
export const hintOf = (token: string): string => `${TOKEN_PREFIX}…${token.slice(-4)}`;

function checksumOf(random: string): string {
  let rest = crc32(random);
  let text = '';
  for (let place = 0; place < CHECKSUM; place++) {
    text = (ALPHABET[rest % ALPHABET.length] ?? '') + text;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return text;
}

import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The prefix of every token, by which secret scanners recognise it. */
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

/** Whether the checksum is right. A mistyped or invented token costs no query. */
export function isToken(text: string): boolean {
  const random = text.slice(TOKEN_PREFIX.length, TOKEN_PREFIX.length + RANDOM);
  return SHAPE.test(text) && text.slice(-CHECKSUM) === checksumOf(random);
}

/** What is stored of a token. */
export const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** What is shown of a token after its creation: `uhp_…Q7kd`. */
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

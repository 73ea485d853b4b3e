import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { seconds } from '../../config/durations.js';

const PERIOD = seconds(30);
const DIGITS = 6;
const SECRET_BYTES = 20; // as long as SHA-1's output, RFC 4226 section 4
const WINDOW = [0, -1, 1]; // clocks of phones drift, and people type slowly

/** A new shared secret. */
export const newTotpSecret = (): Buffer => randomBytes(SECRET_BYTES);

/**
 * The time step (RFC 6238) that a code belongs to, or null when it is wrong. One step before and after now are accepted too.
 * The caller stores the step, so that a code of the same or an older step is refused.
 */
export function stepOf(code: string, secret: Buffer, now = Date.now()): number | null {
  const typed = Buffer.from(withoutSpaces(code));
  if (typed.length !== DIGITS) return null;
  const current = Math.floor(now / PERIOD);
  // compares with all codes of the window, so that the time reveals nothing
  const matching = WINDOW.map((offset) => current + offset).filter((step) =>
    timingSafeEqual(typed, Buffer.from(totpCode(secret, step))),
  );
  return matching[0] ?? null;
}

/** The code of a time step: HOTP (RFC 4226) with SHA-1, which is what every authenticator app computes. */
export function totpCode(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = (mac[mac.length - 1] as number) & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** Whether a text looks like a code of an authenticator app; people type it with a space in the middle. */
export const isTotpCode = (text: string): boolean => /^[0-9]{6}$/.test(withoutSpaces(text));

/** What an authenticator app reads from a QR code: https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
export function otpauthUri(secret: Buffer, { issuer, account }: { issuer: string; account: string }): string {
  const label = [issuer.replaceAll(':', ''), account].map(encodeURIComponent).join(':');
  const parameters = {
    secret: base32(secret),
    issuer: issuer.replaceAll(':', ''),
    algorithm: 'SHA1',
    digits: String(DIGITS),
    period: String(PERIOD / 1000),
  };
  // not by URLSearchParams: it writes spaces as plus signs, which apps show as plus signs
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `otpauth://totp/${label}?${query.join('&')}`;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Base32 (RFC 4648) without padding: how authenticator apps take a secret that is typed. */
export function base32(bytes: Buffer): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => BASE32.charAt(parseInt(group.padEnd(5, '0'), 2))).join('');
}

const withoutSpaces = (text: string) => text.replaceAll(/\s/g, '');

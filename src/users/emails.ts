import { domainToASCII } from 'node:url';
import { isEmail } from 'class-validator';

const INVISIBLE = /[\p{Cc}\p{Cf}]/u;

/**
 * The one form in which an e-mail address is stored and looked up: trimmed, NFKC, lower case, its domain in ASCII (IDNA).
 * The local part must be ASCII. At most 254 characters.
 * @returns null when it is no address
 */
export function normalizeEmail(raw: string): string | null {
  const text = raw.trim();
  if (text.length > 1000 || INVISIBLE.test(text)) return null;
  const normal = text.normalize('NFKC').toLowerCase();
  const at = normal.lastIndexOf('@');
  const email = `${normal.slice(0, at)}@${domainToASCII(normal.slice(at + 1))}`;
  return at > 0 && isEmail(email, { allow_utf8_local_part: false, ignore_max_length: false }) ? email : null;
}

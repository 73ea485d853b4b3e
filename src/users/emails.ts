import { domainToASCII } from 'node:url';
import { isEmail } from 'class-validator';

const INVISIBLE = /[\p{Cc}\p{Cf}]/u;
/** ASCII characters of domains only: `domainToASCII` parses a URL's host and would drop what follows `/`, `?` or `#`. */
const DOMAIN = /^(?:[a-z0-9.-]|[^\0-\x7f])+$/;

/**
 * The form in which e-mail addresses are stored and looked up: trimmed, NFKC, lower case, the domain in ASCII (IDNA). The
 * local part must be ASCII and not quoted, as many clients reject quoted ones. At most 254 characters.
 * @returns null when it is invalid
 */
export function normalizeEmail(raw: string): string | null {
  const text = raw.trim();
  if (text.length > 1000 || INVISIBLE.test(text)) return null;
  const normal = text.normalize('NFKC').toLowerCase();
  const at = normal.lastIndexOf('@');
  const domain = normal.slice(at + 1);
  if (at < 1 || !DOMAIN.test(domain)) return null;
  const email = `${normal.slice(0, at)}@${domainToASCII(domain)}`;
  return !email.startsWith('"') && isEmail(email, { allow_utf8_local_part: false, ignore_max_length: false })
    ? email
    : null;
}

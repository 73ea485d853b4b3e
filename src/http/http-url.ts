import { isURL } from 'class-validator';

const MAX_LENGTH = 2048;
const RULES = { protocols: ['http', 'https'], require_protocol: true, require_tld: false };

const PART = String.raw`(?:[\w.~!$&'()*+,;=:@/?-]|%[\da-f]{2})*`;
const URI = new RegExp(String.raw`^https?://(?:[^@/?#\[\]]*@)?(?:\[[\da-f:.]+\]|[\w.~-]+)(?::\d+)?(?:[/?]${PART})?(?:#${PART})?$`, 'i'); // prettier-ignore

/**
 * Normalises an http or https URL to a URI (RFC 3986), as strict clients require: unchanged if it is one, else with the
 * domain in ASCII and the rest percent-encoded. At most 2,048 characters.
 * @returns null when that isn't possible
 */
export function httpUrl(text: string): string | null {
  if (text.length > MAX_LENGTH || !isURL(text, RULES) || !URL.canParse(text)) return null;
  if (URI.test(text)) return text;
  const { href } = new URL(text);
  return URI.test(href) && href.length <= MAX_LENGTH ? href : null;
}

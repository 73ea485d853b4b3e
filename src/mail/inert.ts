/** Makes text from users harmless in mails that we send. */

const LONGEST_NAME = 64;

// controls, bidi marks, invisible characters, line separators
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;
const DOT_BETWEEN = /(?<=[\p{L}\p{N}\-_])\.(?=[\p{L}\p{N}\-_])/gu;
const ONE_DOT_LEADER = '\u2024';
const SCHEME = /:\/\//g;
const SCHEME_APART = ': / / ';

/**
 * A name as it may appear in a mail: one line of at most 64 characters, without anything that mail clients turn into a link.
 * Otherwise somebody could sign up as "Win at evil.example" with the address of another person, and we would send that.
 */
export function inert(name: string): string {
  const characters = [...name.replace(INVISIBLE, ' ').replace(/\s+/g, ' ').trim()];
  const cut = characters.length > LONGEST_NAME ? [...characters.slice(0, LONGEST_NAME - 1), '…'] : characters;
  return cut.join('').replace(SCHEME, SCHEME_APART).replace(DOT_BETWEEN, ONE_DOT_LEADER);
}

/** Plain text of several lines: line breaks are kept, other invisible characters removed. */
export const plainText = (text: string): string =>
  text
    .split(/\r\n|[\r\n]/)
    .map((line) => line.replace(INVISIBLE, ' ').trimEnd())
    .join('\n')
    .trim();

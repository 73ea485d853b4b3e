/** Text that somebody else chose, made harmless for a mail that carries our name. */

const LONGEST_NAME = 64;

// controls, marks of direction, what is invisible, line separators
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;
const DOT_BETWEEN = /(?<=[\p{L}\p{N}\-_])\.(?=[\p{L}\p{N}\-_])/gu;
const ONE_DOT_LEADER = '\u2024';
const SCHEME = /:\/\//g;
const SCHEME_APART = ': / / ';

/**
 * A name as it may stand in a mail: one line of 64 characters at most, and nothing that a mail client makes a link of. Else
 * whoever signs up as "Win at evil.example" with the address of another has us send their advertisement.
 */
export function inert(name: string): string {
  const characters = [...name.replace(INVISIBLE, ' ').replace(/\s+/g, ' ').trim()];
  const cut = characters.length > LONGEST_NAME ? [...characters.slice(0, LONGEST_NAME - 1), '…'] : characters;
  return cut.join('').replace(SCHEME, SCHEME_APART).replace(DOT_BETWEEN, ONE_DOT_LEADER);
}

/** Several lines of plain text: line breaks stay, other invisible characters go. */
export const plainText = (text: string): string =>
  text
    .split(/\r\n|[\r\n]/)
    .map((line) => line.replace(INVISIBLE, ' ').trimEnd())
    .join('\n')
    .trim();

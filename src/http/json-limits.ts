import { type Problem, refusedCharacter, tooComplex } from '../errors.js';

const MAX_DEPTH = 16;
const MAX_MEMBERS = 200;

/**
 * Looks over a JSON text before anything is built from it, in one pass that stops at the first offence: a body of
 * 100,000 levels or of 60,000 keys must not get as far as the parser, let alone the validator.
 * Members are those of all objects and arrays together. Whether it is JSON at all is the parser's business.
 */
export function jsonProblem(text: string): Problem | undefined {
  const containers: string[] = [];
  let members = 0;
  let previous = '';
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    switch (character) {
      case '"':
        i = endOfString(text, i);
        if (i < 0) return refusedCharacter();
        break;
      case '[':
      case '{':
        if (containers.push(character) > MAX_DEPTH) {
          return tooComplex(`The body is nested deeper than ${MAX_DEPTH} levels.`);
        }
        break;
      case ']':
        if (previous !== '[') members++; // the last element, which no comma follows
        containers.pop();
        break;
      case '}':
        containers.pop();
        break;
      case ':':
        members++;
        break;
      case ',':
        if (containers.at(-1) === '[') members++;
        break;
    }
    if (members > MAX_MEMBERS) return tooComplex(`The body has more than ${MAX_MEMBERS} members.`);
    if (character > ' ') previous = character; // not white space
  }
  return undefined;
}

/** Where the string that opens at `start` closes (or the text ends), or -1 when it holds a refused character. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '"') return i;
    if (character !== '\\') continue;
    i++;
    if (text.charAt(i) !== 'u') continue;
    const unit = escapedUnit(text, i);
    i += 4;
    if (isLowSurrogate(unit) || unit === 0) return -1;
    if (!isHighSurrogate(unit)) continue;
    if (text.slice(i + 1, i + 3) !== '\\u' || !isLowSurrogate(escapedUnit(text, i + 2))) return -1;
    i += 6;
  }
  return i;
}

const escapedUnit = (text: string, at: number) => parseInt(text.slice(at + 1, at + 5), 16);
const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdbff;
const isLowSurrogate = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;

/** NUL, or half of a UTF-16 pair, percent-encoded in an address: PostgreSQL can't store either. */
export const hasRefusedEscape = (url: string): boolean => url.includes('%') && /%00|%ed%[ab]/i.test(url);

import { isUtf8 } from 'node:buffer';
import { type Problem, problem } from '../problems.js';

const MAX_DEPTH = 16;
const MAX_MEMBERS = 200;

interface Container {
  isArray: boolean;
  /** The names in it, as they are written. */
  names: Set<string>;
}

/**
 * Looks over a JSON text before anything is built from it, in one pass that stops at the first offence: a body of
 * 100,000 levels or of 60,000 keys must not get as far as the parser, let alone the validator.
 * Members are those of all objects and arrays together; of two with the same name, parsers differ in which one they
 * believe (RFC 8259 section 4). Whether it is JSON at all is the parser's business.
 */
export function jsonProblem(text: string): Problem | undefined {
  const containers: Container[] = [];
  let lastString = '';
  let members = 0;
  let previous = '';
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    switch (character) {
      case '"': {
        const start = i;
        i = endOfString(text, start);
        if (i < 0) return problem('refused_character');
        lastString = text.slice(start, i + 1);
        break;
      }
      case '[':
      case '{':
        if (containers.push({ isArray: character === '[', names: new Set() }) > MAX_DEPTH) {
          return problem('too_complex', { detail: `The body is nested deeper than ${MAX_DEPTH} levels.` });
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
        if (isRepeated(lastString, containers.at(-1))) return problem('malformed_json');
        members++;
        break;
      case ',':
        if (containers.at(-1)?.isArray) members++;
        break;
    }
    if (members > MAX_MEMBERS)
      return problem('too_complex', { detail: `The body has more than ${MAX_MEMBERS} members.` });
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

/** Remembers the name, however it is escaped; true when it was there before. */
function isRepeated(quoted: string, container: Container | undefined): boolean {
  const name = quoted.includes('\\') ? unescaped(quoted) : quoted;
  const isRepeated = container?.names.has(name) ?? false;
  container?.names.add(name);
  return isRepeated;
}

function unescaped(quoted: string): string {
  try {
    return JSON.stringify(JSON.parse(quoted));
  } catch {
    return quoted; // no JSON, as the parser is about to find
  }
}

/** Whether bytes (as latin1), once percent-decoded, hold NUL or are no UTF-8: PostgreSQL can't store either. */
export function hasRefusedBytes(latin1: string): boolean {
  const decoded = latin1.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return decoded.includes('\0') || !isUtf8(Buffer.from(decoded, 'latin1'));
}

/** The same of an address, of which node's parser has seen to it that only escapes can hide anything. */
export const hasRefusedEscape = (url: string): boolean => url.includes('%') && hasRefusedBytes(url);

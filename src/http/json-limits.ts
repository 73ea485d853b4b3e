import { isUtf8 } from 'node:buffer';
import { type Problem, problem } from '../problems.js';

const MAX_DEPTH = 16;
const MAX_MEMBERS = 200;

interface Container {
  isArray: boolean;
  /** The raw names of its members. */
  names: Set<string>;
}

/**
 * Checks a JSON text before it is parsed, in one pass that stops at the first violation: 100,000 levels or 60,000 keys must
 * reach neither the parser nor the validator. Members of all objects and arrays are counted together. Duplicate names are
 * refused, as parsers differ in which they keep (RFC 8259 section 4). Syntax errors are left to the parser.
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

/** The index of the closing quote of the string at `start` (or the end of the text); -1 when it contains a refused character. */
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

/** Adds the name, unescaped; true when the object has it already. */
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
    return quoted; // invalid JSON, which the parser will report
  }
}

/** Whether bytes (as latin1), once percent-decoded, contain NUL or aren't UTF-8: PostgreSQL can store neither. */
export function hasRefusedBytes(latin1: string): boolean {
  const decoded = latin1.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return decoded.includes('\0') || !isUtf8(Buffer.from(decoded, 'latin1'));
}

/** The same for a URL, in which node's parser leaves only percent escapes to check. */
export const hasRefusedEscape = (url: string): boolean => url.includes('%') && hasRefusedBytes(url);

/** What members of other systems become here. */
import { isUuid } from '../../http/fields.js';
import type { ImportRowDto } from '../../users/import/import-row.js';

const MOST_CHARACTERS = 100;

/** An account as another system had it; what it had no value for is left out. */
export type Row = { [Member in keyof ImportRowDto]?: unknown };

/** The row without members that are empty. */
export const rowOf = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined && value !== null && value !== ''));

/** A name that can be one here; what can't (an address, often) is left to be derived from the address. */
export const usernameOf = (name: unknown): string | undefined =>
  typeof name === 'string' && /^[A-Za-z0-9._-]{3,32}$/.test(name) ? name : undefined;

/** What others see: the parts of a name, in their order. */
export const displayNameOf = (...parts: unknown[]): string =>
  Array.from(
    parts
      .filter((part) => typeof part === 'string')
      .join(' ')
      .replace(/\s+/g, ' ')
      .trim(),
  ) // prettier-ignore
    .slice(0, MOST_CHARACTERS)
    .join('');

/** An id that can be kept: other systems' may be numbers, or words. */
export const idOf = (id: unknown): string | undefined => (typeof id === 'string' && isUuid(id) ? id : undefined);

/** Whether a cell of a table says yes; undefined when it says nothing. */
export function flagOf(cell: unknown): unknown {
  if (typeof cell !== 'string') return cell;
  const word = cell.toLowerCase();
  return word === '' ? undefined : ['true', 't', '1', 'yes'].includes(word);
}

/** A time in the form that an import reads: from milliseconds, or from what databases write, in UTC unless they say. */
export function timeOf(time: string | number | null | undefined): string | undefined {
  if (time === undefined || time === null || time === '') return undefined;
  const text = typeof time === 'number' ? String(time) : time;
  if (/^\d+$/.test(text)) return asTime(Number(text));
  if (/^\d+-\d+-\d+$/.test(text)) return asTime(text);
  const [day = '', clock = '', offset = ''] = text
    .trim()
    .split(/[ T]|(?=[+-]\d\d:?\d*$)/)
    .filter(Boolean);
  return asTime(`${day}T${clock}${offset.replace(/^[+-]\d\d$/, '$&:00') || (/Z$/i.test(clock) ? '' : 'Z')}`);
}

function asTime(time: number | string): string | undefined {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Converts members of other systems. */
import { isUuid } from '../../http/fields.js';
import type { ImportRowDto } from '../../users/import/import-row.js';

const MOST_CHARACTERS = 100;

/** An account in the form of an import row; missing values are left out. */
export type Row = { [Member in keyof ImportRowDto]?: unknown };

/** The row without empty members. */
export const rowOf = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined && value !== null && value !== ''));

/** A valid username; undefined for others (often an address): then it is derived from the address. */
export const usernameOf = (name: unknown): string | undefined =>
  typeof name === 'string' && /^[A-Za-z0-9._-]{3,32}$/.test(name) ? name : undefined;

/** A display name from the parts of a name. */
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

/** An id that can be kept: a UUID. Those of other systems may be numbers or words. */
export const idOf = (id: unknown): string | undefined => (typeof id === 'string' && isUuid(id) ? id : undefined);

/** The boolean in a cell of CSV; undefined when it is empty. */
export function flagOf(cell: unknown): unknown {
  if (typeof cell !== 'string') return cell;
  const word = cell.toLowerCase();
  return word === '' ? undefined : ['true', 't', '1', 'yes'].includes(word);
}

/** A time in the form of an import, from milliseconds or from the formats of databases; UTC by default. */
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

/** Parses the rows of an import file. */
import { parse } from 'csv-parse/sync';
import { jsonProblem } from '../../http/json-limits.js';
import { unknownMember } from '../../http/validation.pipe.js';
import { malformedRequest, Problem, problem, validationFailed } from '../../problems.js';
import type { ImportRowDto } from './import-row.js';

/** A parsed row, or why it could not be parsed. */
export interface RawRow {
  /** The physical line that it starts at, from 1. */
  line: number;
  value?: unknown;
  problem?: string | Problem;
}

const MOST_ROWS = 10_000;
// prettier-ignore
const COLUMNS = new Set<string>([
  'email', 'username', 'display_name', 'password_hash', 'hash_type', 'password', 'invite', 'role', 'is_active', 'email_verified',
  'created_at', 'locale', 'id',
] satisfies (keyof ImportRowDto)[]);
const BOOLEANS = new Set(['invite', 'is_active', 'email_verified']);

/** NDJSON: an object a line, with the limits of any JSON body; empty lines are skipped. @throws Problem 413 when there are too many */
export function* readNdjson(text: string): Generator<RawRow> {
  let rows = 0;
  let line = 0;
  for (const content of text.replace(/^\ufeff/, '').split('\n')) {
    line++;
    if (content.trim() === '') continue;
    if (rows++ === MOST_ROWS) throw problem('import_too_large');
    yield jsonRow(content, line);
  }
}

/** CSV with a header; empty cells are left out. @throws Problem 400 when it can't be parsed, 413 for too many rows, 422 for an unknown column */
export function readCsv(text: string): RawRow[] {
  const records = parsed(text);
  if (records.length > MOST_ROWS) throw problem('import_too_large');
  return records.map(({ record, info }) => ({ line: info.lines - breaksIn(record), value: cellValues(record) }));
}

function parsed(text: string): { record: Record<string, string>; info: { lines: number } }[] {
  try {
    return parse(text, { bom: true, columns: checkedHeader, info: true, skip_empty_lines: true, trim: true, to: MOST_ROWS + 1 }) as unknown as { record: Record<string, string>; info: { lines: number } }[]; // prettier-ignore
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw malformedRequest(`The table cannot be read: ${(error as Error).message}`.slice(0, 300));
  }
}

/** Before the rows are read: 60,000 columns would take seconds. @throws Problem 422 for an unknown column, 400 for a repeated one */
function checkedHeader(columns: string[]): string[] {
  const unknown = columns.find((column) => !COLUMNS.has(column));
  if (unknown !== undefined) throw validationFailed([unknownMember(unknown, 'body')]);
  if (new Set(columns).size < columns.length) throw malformedRequest('The header names a column twice.');
  return columns;
}

/** Line breaks inside a record: csv-parse reports the line where the record ends. */
export const breaksIn = (record: Record<string, string>) => Object.values(record).join('').split('\n').length - 1;

function jsonRow(content: string, line: number): RawRow {
  const refused = jsonProblem(content);
  if (refused) return { line, problem: refused };
  try {
    return { line, value: JSON.parse(content) };
  } catch {
    return { line, problem: 'This line is not valid JSON.' };
  }
}

/** The members of a CSV row; empty cells are left out. */
export function cellValues(record: Record<string, string>): Record<string, unknown> {
  const said = Object.entries(record).filter(([, cell]) => cell !== '');
  return Object.fromEntries(said.map(([name, cell]) => [name, BOOLEANS.has(name) ? booleanIn(cell) : cell]));
}

function booleanIn(cell: string): unknown {
  const word = cell.toLowerCase();
  return ['true', 't', '1', 'yes'].includes(word) ? true : ['false', 'f', '0', 'no'].includes(word) ? false : cell;
}

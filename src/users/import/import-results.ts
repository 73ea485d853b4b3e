import { isText } from '../passwords/password-rules.js';
import { FAILURES, Problem, type ProblemCode } from '../../problems.js';
import type { ImportDto, ImportQuery, ImportResultDto } from './import.dto.js';

/** Why a row failed. */
export class RowProblem extends Error {
  constructor(
    readonly code: string,
    readonly pointer: string | undefined,
    detail: string,
  ) {
    super(detail);
  }
}

/**
 * A row as PostgreSQL takes it: no NUL or lone surrogate, which a file's JSON may spell, and the time in UTC, as it refuses
 * offsets of 16 hours and fractions of many digits. @throws RowProblem
 */
export function storable<Row extends { created_at?: string }>(row: Row): Row {
  const bad = Object.entries(row).find(([, value]) => typeof value === 'string' && !isText(value));
  if (bad) throw rowProblem('refused_character', `/${bad[0]}`);
  if (row.created_at === undefined) return row;
  const created_at = new Date(row.created_at).toISOString();
  if (/^(?!0000)\d{4}-/.test(created_at)) return { ...row, created_at };
  throw new RowProblem('is_rfc3339', '/created_at', 'must be a time of the years 1 to 9999');
}

/** A problem of a row with a code of the problems table. */
export const rowProblem = (code: ProblemCode, pointer?: string) => new RowProblem(code, pointer, FAILURES[code][1]);

/** The result of a row that failed. @throws the error when it isn't about the row */
export function failureOf(line: number, error: unknown): ImportResultDto {
  if (error instanceof RowProblem) return result(line, error.code, error.pointer, error.message);
  if (!(error instanceof Problem) || error.status >= 500) throw error;
  const [first] = error.extras.errors ?? [];
  return result(line, first?.code ?? error.code, first?.pointer, first?.detail ?? error.detail);
}

const result = (line: number, code: string, pointer: string | undefined, detail: string): ImportResultDto => ({
  line,
  status: 'failed',
  code,
  ...(pointer !== undefined && { pointer }),
  detail,
});

/** The answer: counts, and the results that were asked for. */
export function summaryOf(total: number, results: ImportResultDto[], { results: which }: ImportQuery): ImportDto {
  const count = (status: ImportResultDto['status']) => results.filter((one) => one.status === status).length;
  return {
    total,
    added: count('added'),
    updated: count('updated'),
    skipped: count('skipped'),
    failed: count('failed'),
    results: results.filter(({ status }) => which === 'all' || status === 'failed').sort((a, b) => a.line - b.line),
  };
}

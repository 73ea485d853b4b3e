/** Paging: by `skip` for people, by `cursor` for programs. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { validationFailed } from '../problems.js';
import { boundedTotal, type Total } from './totals.js';
import { isUuid, Optional, QueryInteger, Length } from '../http/fields.js';

const MAX_LIMIT = 100;
const MAX_SKIP = 10_000;

/** The paging parameters of every list. */
export class PageQuery {
  /** How many entries to skip, 10,000 at most; to go further use `cursor`. Not together with `cursor`. */
  @Optional()
  @QueryInteger(0, MAX_SKIP, `must be ${MAX_SKIP} or less; walk further by cursor`)
  skip?: number;

  /** How many entries a page has, 1 to 100. */
  @Optional()
  @QueryInteger(1, MAX_LIMIT)
  limit: number = 10;

  /** The `next_cursor` of the previous page. Each page costs the same, at any depth. */
  @Optional()
  @Length(1, 500)
  cursor?: string;
}

/** One page of a list. */
export class Page<T> {
  items: T[];
  /** The number of entries, up to 10,000; null when paging by cursor, or when counting took too long. @example 1 */
  total: number | null;
  /** Whether `total` is exact; false when there are more than 10,000, and when `total` is null. */
  total_is_exact: boolean;
  skip: number;
  limit: number;
  /** The `cursor` of the next page; null on the last one. */
  next_cursor: string | null;
}

/** A position in a list: after the entry with this sort value and id. */
export interface Position {
  value: string;
  id: string;
}

/** What a cursor is bound to (list, owner, filters, order): with other parameters it is refused. */
export type ListIdentity = readonly unknown[];

/** The position in a cursor. @throws Problem 422 when it belongs to another list, or comes with `skip` */
export function positionOf(
  { cursor, skip }: PageQuery,
  list: ListIdentity,
  isValid: (value: string) => boolean = () => true,
): Position | undefined {
  if (cursor === undefined) return undefined;
  if (skip !== undefined) throw badCursor('cursor_with_skip', 'must not come together with skip');
  const [tag, id, ...value] = Buffer.from(cursor, 'base64url').toString('utf8').split('|');
  const position = { id: id ?? '', value: value.join('|') };
  const isWhole = isUuid(position.id) && !position.value.includes('\0') && isValid(position.value);
  if (tag === tagOf(list) && isWhole) return position;
  throw badCursor('invalid_cursor', 'is not a cursor of this list');
}

/** Whether a text is a timestamp in the format of answers and cursors, in PostgreSQL's range. */
export function isTimestamp(text: string): boolean {
  const time = new Date(text);
  return /^(?!0000)\d{4}-/.test(text) && !Number.isNaN(time.getTime()) && time.toISOString() === text;
}

/**
 * Makes a page. The query must ask for one row more than the page holds, which tells whether there is a next page.
 */
export function pageOf<Row, T>(
  rows: Row[],
  query: PageQuery,
  list: ListIdentity,
  { total, position, show }: { total: Total; position: (row: Row) => Position; show: (row: Row) => T },
): Page<T> {
  const page = new Page<T>();
  const shown = rows.slice(0, query.limit);
  const last = shown.at(-1);
  page.items = shown.map(show);
  page.total = total.total;
  page.total_is_exact = total.isExact;
  page.skip = query.skip ?? 0;
  page.limit = query.limit;
  page.next_cursor = last && rows.length > query.limit ? cursorAt(position(last), list) : null;
  return page;
}

/** The total when it follows from the page: unknown by cursor; known when the page isn't full. Else undefined. */
export function impliedTotal(found: number, { skip = 0, limit, cursor }: PageQuery): Total | undefined {
  if (cursor !== undefined) return { total: null, isExact: false };
  const isLast = found <= limit && (found > 0 || skip === 0);
  return isLast ? boundedTotal(skip + found) : undefined;
}

/** Adds `Link: <…>; rel="next"` (RFC 8288) to pages that have a next one. */
export function sendPageLinks(fastify: FastifyInstance): void {
  fastify.addHook('preSerialization', (request, reply, payload: unknown, done) => {
    if (payload instanceof Page && payload.next_cursor) {
      reply.header('link', `<${nextUrl(request, payload)}>; rel="next"`);
    }
    done(null, payload);
  });
}

/**
 * URL of the next page, in the same paging style (skip or cursor) as this request, or by cursor where skip ends. It has the
 * path of the route, not that of the request line.
 */
function nextUrl({ url, routeOptions, params }: FastifyRequest, page: Page<unknown>): string {
  const values = params as Record<string, string>;
  const path = routeOptions.url?.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
  const search = url.split('?').slice(1).join('?');
  const query = new URLSearchParams(search);
  const isTooFar = page.skip + page.limit > MAX_SKIP;
  if (isTooFar) query.delete('skip');
  if (isTooFar || query.has('cursor')) query.set('cursor', page.next_cursor ?? '');
  else query.set('skip', String(page.skip + page.limit));
  query.set('limit', String(page.limit));
  return `${path}?${query.toString()}`;
}

const cursorAt = ({ id, value }: Position, list: ListIdentity) =>
  Buffer.from(`${tagOf(list)}|${id}|${value}`, 'utf8').toString('base64url');

const tagOf = (list: ListIdentity) => createHash('sha1').update(JSON.stringify(list)).digest('base64url').slice(0, 8);

const badCursor = (code: string, detail: string) => validationFailed([{ parameter: 'cursor', code, detail }]);

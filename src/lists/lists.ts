import { Injectable } from '@nestjs/common';
import type { Conditions } from './conditions.js';
import { Database } from '../database/database.js';
import { composedStatement, unnamedStatement } from '../database/statement.js';
import { isUuid } from '../http/fields.js';
import { MOST_COUNTED, type Total, Totals } from './totals.js';
import { impliedTotal, isTimestamp, type Page, type PageQuery, pageOf, positionOf } from './pages.js';

/** Rows per batch of `walk`. */
const BATCH = 500;

/** The sort order of a list, besides the id that breaks ties. There must be an index on both. */
export interface Order<Row> {
  expression: string;
  type: 'timestamptz' | 'text' | 'uuid';
  valueOf: (row: Row) => string;
}

/** Whether a value in a cursor is valid for PostgreSQL. */
const IS_VALID = { timestamptz: isTimestamp, uuid: isUuid, text: undefined };

/** The order of most lists; `descending` for newest first. */
export const byCreation = <Row extends { createdAt: Date }>(expression = 'created_at'): Order<Row> => ({
  expression,
  type: 'timestamptz',
  valueOf: (row) => row.createdAt.toISOString(),
});

/** A list in SQL. Its texts come from the code, its values from requests; never the other way round. */
export interface List<Row> {
  /** What a cursor is bound to: list, owner, filters, order. */
  identity: readonly unknown[];
  /** The selected columns; a function when they contain a value, for which it gets a placeholder. */
  columns: string | ((placeholder: (value: unknown) => string) => string);
  from: string;
  /** The topic of its statements, when `columns` reads from a further table that might be locked: see `Statement`. */
  topic?: string | undefined;
  conditions: Conditions;
  order: Order<Row>;
  descending: boolean;
  /** The column that breaks ties; `id` by default. */
  id?: string;
  idOf?: (row: Row) => string;
  /** Whether the statement is planned for its values: the best index depends on how rare the search term is. */
  isSearch?: boolean;
}

/** Reads pages of lists: by `skip` with a total, or by `cursor` at the same cost at any depth. */
@Injectable()
export class Lists {
  private readonly totals = new Totals();

  constructor(private readonly database: Database) {}

  /** A page of a list. @throws Problem 422 on a cursor of another list */
  async page<Row extends object, T>(list: List<Row>, query: PageQuery, show: (row: Row) => T): Promise<Page<T>> {
    const count = countOf(list); // before the cursor's condition is added, which must not affect the total
    const rows = await this.rows(list, query);
    const total = impliedTotal(rows.length, query) ?? (await this.total(list, count));
    return this.pageOf(list, query, rows, total, show);
  }

  /** All rows of a list, in batches; `make` builds the list for each of them. */
  async *walk<Row extends object>(make: () => List<Row>): AsyncGenerator<Row[]> {
    let cursor: string | undefined;
    do {
      const list = make();
      const query = { limit: BATCH, cursor };
      const rows = await this.rows(list, query);
      const { items, next_cursor } = this.pageOf(list, query, rows, { total: null, isExact: false }, (row) => row);
      yield items;
      cursor = next_cursor ?? undefined;
    } while (cursor);
  }

  /** Call after a write to this table, so that the writer's next list has a current total. */
  changed(table: string): void {
    this.totals.changed(table);
  }

  private pageOf<Row extends object, T>(
    { order, identity, idOf = (row) => (row as { id: string }).id }: List<Row>,
    query: PageQuery,
    rows: Row[],
    total: Total,
    show: (row: Row) => T,
  ): Page<T> {
    const position = (row: Row) => ({ value: order.valueOf(row), id: idOf(row) });
    return pageOf(rows, query, identity, { total, position, show });
  }

  private rows<Row extends object>(list: List<Row>, query: PageQuery): Promise<Row[]> {
    const { columns, from, conditions, order, descending, id = 'id', isSearch } = list;
    const after = positionOf(query, list.identity, IS_VALID[order.type]);
    if (after) {
      const comparison = `(${order.expression}, ${id}) ${descending ? '<' : '>'} ($::${order.type}, $::uuid)`;
      conditions.add(comparison, after.value, after.id);
    }
    const selected = typeof columns === 'string' ? columns : columns((value) => conditions.value(value));
    const direction = descending ? 'DESC' : 'ASC';
    const limit = conditions.value(query.limit + 1); // one more than the page holds: tells whether there is a next page
    const offset = query.skip ? `OFFSET ${conditions.value(query.skip)}` : '';
    const text = `SELECT ${selected} FROM ${from} ${conditions.where}
      ORDER BY ${order.expression} ${direction}, ${id} ${direction} LIMIT ${limit} ${offset}`;
    const topic = list.topic ?? tableOf(list);
    const statement = isSearch ? unnamedStatement(text, topic) : composedStatement(text, topic);
    return this.database.read<Row>(statement, conditions.values, isSearch ? 'search' : 'read');
  }

  private total<Row>(list: List<Row>, { statement, values }: ReturnType<typeof countOf>): Promise<Total> {
    return this.totals.get(tableOf(list), JSON.stringify([statement.text, values]), async () => {
      const kind = list.isSearch ? 'search' : 'read';
      const [row] = await this.database.read<{ total: number }>(statement, values, kind);
      return row?.total ?? 0;
    });
  }
}

/**
 * Counts up to one more than the limit. For a search, the rows come from a materialized CTE: it is planned for all of its
 * rows, and so by the trigram index, but executed only as far as the LIMIT reads. With the LIMIT alone the planner prefers a
 * sequential scan, and reads hundreds of thousands of rows to find 10,001.
 */
function countOf<Row>({ from, conditions, isSearch }: List<Row>) {
  const found = `SELECT FROM ${from} ${conditions.where}`;
  const [cte, counted] = isSearch ? [`WITH found AS MATERIALIZED (${found})`, 'SELECT FROM found'] : ['', found];
  const text = `${cte} SELECT count(*)::int AS total FROM (${counted} LIMIT ${MOST_COUNTED + 1}) AS counted`;
  const values = [...conditions.values];
  return { statement: isSearch ? unnamedStatement(text, 'counts') : composedStatement(text, 'counts'), values };
}

/** The table of the list. */
const tableOf = <Row>({ from }: List<Row>) => /^\w+/.exec(from)?.[0] ?? from;

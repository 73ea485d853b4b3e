import { Injectable } from '@nestjs/common';
import type { Conditions } from './conditions.js';
import { Database } from '../database/database.js';
import { composedStatement, unnamedStatement } from '../database/statement.js';
import { isUuid } from '../http/fields.js';
import { MOST_COUNTED, type Total, Totals } from './totals.js';
import { impliedTotal, isTimestamp, type Page, type PageQuery, pageOf, positionOf } from './pages.js';

/** Rows that a walk takes at a time. */
const BATCH = 500;

/** What a list is ordered by, besides the id that settles ties. There must be an index on both. */
export interface Order<Row> {
  expression: string;
  type: 'timestamptz' | 'text' | 'uuid';
  valueOf: (row: Row) => string;
}

/** Whether a value out of a cursor is one that PostgreSQL can read. */
const IS_VALID = { timestamptz: isTimestamp, uuid: isUuid, text: undefined };

/** The order of most lists; `descending` for newest first. */
export const byCreation = <Row extends { createdAt: Date }>(expression = 'created_at'): Order<Row> => ({
  expression,
  type: 'timestamptz',
  valueOf: (row) => row.createdAt.toISOString(),
});

/** A list in SQL. Its texts come from the code and its values from the wire; never the other way round. */
export interface List<Row> {
  /** What a cursor of this list is good for: its name, its owner, its filters, its order. */
  identity: readonly unknown[];
  /** What is selected; a function where a value is part of it, which it is given to turn into a placeholder. */
  columns: string | ((placeholder: (value: unknown) => string) => string);
  from: string;
  /** What its rows are admitted as, when `columns` reads from a table that other lists of this one can do without. */
  topic?: string | undefined;
  conditions: Conditions;
  order: Order<Row>;
  descending: boolean;
  /** The column that settles ties; `id` unless said. */
  id?: string;
  idOf?: (row: Row) => string;
  /** Planned anew each time: how rare it is what is searched for decides which index is best. */
  isSearch?: boolean;
}

/** Finds pages of lists: by `skip` with a total, or by `cursor` at the same cost at any depth. */
@Injectable()
export class Lists {
  private readonly totals = new Totals();

  constructor(private readonly database: Database) {}

  /** The page that a query asks for. @throws Problem 422 on a cursor that isn't this list's */
  async page<Row extends object, T>(list: List<Row>, query: PageQuery, show: (row: Row) => T): Promise<Page<T>> {
    const count = countOf(list); // before the cursor's condition is added, which doesn't concern the total
    const rows = await this.rows(list, query);
    const total = impliedTotal(rows.length, query) ?? (await this.total(list, count));
    return this.pageOf(list, query, rows, total, show);
  }

  /** Every row of a list, in batches; `make` makes the list anew for each of them. */
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

  /** Something was written to this table: whoever wrote it expects the next total to know. */
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
    const limit = conditions.value(query.limit + 1); // by the row too many, the next page shows
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
 * Counts a row more than matters. A search's rows come from a materialized CTE: it is planned as if all of them were wanted,
 * and so by the trigram index, and executed only as far as the LIMIT reads. Under the LIMIT alone the planner takes a
 * sequential scan for cheaper, and reads hundreds of thousands of rows to find the 10,001.
 */
function countOf<Row>({ from, conditions, isSearch }: List<Row>) {
  const found = `SELECT FROM ${from} ${conditions.where}`;
  const [cte, counted] = isSearch ? [`WITH found AS MATERIALIZED (${found})`, 'SELECT FROM found'] : ['', found];
  const text = `${cte} SELECT count(*)::int AS total FROM (${counted} LIMIT ${MOST_COUNTED + 1}) AS counted`;
  const values = [...conditions.values];
  return { statement: isSearch ? unnamedStatement(text, 'counts') : composedStatement(text, 'counts'), values };
}

/** The table whose rows are listed. */
const tableOf = <Row>({ from }: List<Row>) => /^\w+/.exec(from)?.[0] ?? from;

import pg from 'pg';
import utils from 'pg/lib/utils.js';
import { isPlanOutdated } from './failures.js';

/** What pg knows of a statement's columns: as far as a row is made with it. */
interface Columns {
  fields: unknown[];
  _parsers: unknown[];
  _prebuiltEmptyResultObject: object;
}

/** The part of pg's connection that a query speaks to. */
interface Connection {
  bind(what: object): void;
  execute(what: object): void;
  sync(): void;
}

/** What is pg's own in a query. */
interface Internals {
  name: string;
  values: unknown[];
  _result: Columns & { rows: unknown[] };
  _accumulateRows: boolean;
  hasBeenParsed(connection: Connection): boolean;
  prepare(connection: Connection): void;
  submit(connection: Connection): Error | null;
  handleRowDescription(message: object): void;
  handleError(error: Error, connection: Connection): void;
}

const known = new WeakMap<Connection, Map<string, Columns>>();
const outdated = new WeakMap<Connection, Map<string, number>>();
const PgQuery = pg.Query as unknown as new (text: string, values: unknown[]) => Omit<pg.Query, 'submit'> & Internals;

/**
 * A named statement that asks for its columns once on each connection. pg asks again, and works out again how to read
 * them, each time that it runs a statement; without that a look-up takes half of the time here and a tenth less in the
 * database. What the columns are can't change: PostgreSQL refuses to run a prepared statement that would return others.
 */
export class NamedQuery extends PgQuery {
  private connection?: Connection;
  private timesOutdated = 0;

  constructor(
    private readonly statementName: string,
    text: string,
    values: unknown[],
  ) {
    super(text, values);
  }

  override submit(connection: Connection): Error | null {
    this.timesOutdated = outdated.get(connection)?.get(this.statementName) ?? 0;
    this.name = this.timesOutdated ? `${this.statementName}.${this.timesOutdated}` : this.statementName;
    return super.submit(connection);
  }

  /** A statement whose columns have changed is prepared anew, under another name, when it is next run on this connection. */
  override handleError(error: Error, connection: Connection): void {
    if (isPlanOutdated(error)) {
      const times = outdated.get(connection) ?? new Map<string, number>();
      outdated.set(connection, times.set(this.statementName, this.timesOutdated + 1));
    }
    super.handleError(error, connection);
  }

  override prepare(connection: Connection): void {
    const columns = this.hasBeenParsed(connection) && known.get(connection)?.get(this.name);
    this.connection = connection;
    if (!columns) return super.prepare(connection);
    Object.assign(this._result, columns);
    this._accumulateRows = true;
    try {
      connection.bind({
        statement: this.name,
        values: this.values,
        valueMapper: (value: unknown) => utils.prepareValue(value),
      });
    } catch (error) {
      connection.sync();
      return this.handleError(error as Error, connection);
    }
    connection.execute({});
    connection.sync();
  }

  override handleRowDescription(message: object): void {
    super.handleRowDescription(message);
    if (!this.connection) return;
    const statements = known.get(this.connection) ?? new Map<string, Columns>();
    const { fields, _parsers, _prebuiltEmptyResultObject } = this._result; // not the rows, which hold secrets too
    known.set(this.connection, statements.set(this.name, { fields, _parsers, _prebuiltEmptyResultObject }));
  }
}

/** Who is told of a query's end, and with what rows. */
export type Done<Row> = (error: Error | null, rows: Row[]) => void;

/** Runs a query on a connection. By a callback, so that a client's deadline sees its end; pg's types don't know of that. */
export function submit<Row>(client: pg.ClientBase, query: NamedQuery, done: Done<Row>): void {
  const callback = (error: Error | null, result?: { rows: Row[] }) => done(error, result?.rows ?? []);
  (client as unknown as { query(query: NamedQuery, callback: unknown): void }).query(query, callback);
}

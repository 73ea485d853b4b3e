import pg from 'pg';
import utils from 'pg/lib/utils.js';
import { isPlanOutdated } from './failures.js';

/** The part of pg's result that describes columns. */
interface Columns {
  fields: unknown[];
  _parsers: unknown[];
  _prebuiltEmptyResultObject: object;
}

/** The part of pg's connection that a query uses. */
interface Connection {
  bind(what: object): void;
  execute(what: object): void;
  sync(): void;
}

/** pg's internal members of a query. */
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
 * A named statement that is described once per connection. pg asks for the columns and prepares their parsers on each
 * execution; skipping that halves the client's time of a look-up and saves a tenth of the server's. Columns can't change
 * meanwhile: PostgreSQL refuses to run a prepared statement whose result type has changed.
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

  /** After a change of its columns, prepares the statement under a new name at its next execution on this connection. */
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
    const { fields, _parsers, _prebuiltEmptyResultObject } = this._result; // without the rows, which may hold secrets
    known.set(this.connection, statements.set(this.name, { fields, _parsers, _prebuiltEmptyResultObject }));
  }
}

/** Called with the result of a query. */
export type Done<Row> = (error: Error | null, rows: Row[]) => void;

/** Runs a query on a connection. With a callback, so that a client's deadline sees its end; pg's types lack this signature. */
export function submit<Row>(client: pg.ClientBase, query: NamedQuery, done: Done<Row>): void {
  const callback = (error: Error | null, result?: { rows: Row[] }) => done(error, result?.rows ?? []);
  (client as unknown as { query(query: NamedQuery, callback: unknown): void }).query(query, callback);
}

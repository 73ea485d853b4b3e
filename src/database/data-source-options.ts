import pg from 'pg';
import type { DataSourceOptions, MixedList } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import type { DatabaseSettings } from '../config/database-settings.js';
import { seconds } from '../config/durations.js';
import type { Settings } from '../config/settings.js';
import { DeadlineClient } from './client.js';
import { ConnectionGroup } from './connection-group.js';
import { PrimaryFinder } from './primary-finder.js';
import { SqlLogger } from './sql-logger.js';
import type { ConnectionSettings } from '../config/connection-settings.js';

// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- TypeORM's own type
export type Entities = MixedList<Function>;

/**
 * The connection options of the server, the migrations, the tests and TypeORM's CLI.
 *
 * Time-outs increase from the inside out, so that the innermost fires first and names the cause: for a lock 1.1 s, for a
 * connection 2 s, a statement 5 s, the client 7 s, a request 10 s. `lock_timeout` limits each wait, and a statement may wait
 * twice: for a row whose holder waits for a locked table, then for that table. It is longer than PostgreSQL's
 * `deadlock_timeout` of 1 s: a deadlock that is found is tried again.
 */
export function dataSourceOptions(
  { database, logging }: Settings,
  entities: Entities,
  connection = database.connection,
): DataSourceOptions {
  return {
    type: 'postgres',
    driver: pg, // otherwise TypeORM would require it from node_modules, which a bundle doesn't have
    host: connection.servers[0].host,
    port: connection.servers[0].port,
    username: connection.user,
    password: connection.password,
    database: connection.name,
    ssl: connection.ssl,
    applicationName: 'userhub',
    entities,
    migrations,
    installExtensions: false, // the migrations do
    logger: new SqlLogger(logging.debug),
    poolSize: poolSize(database),
    connectTimeoutMS: seconds(2),
    extra: {
      Client: DeadlineClient,
      group: new ConnectionGroup(),
      primary: PrimaryFinder.of(connection),
      session: sessionParameters(connection),
      maxLifetimeSeconds: database.poolRecycle / 1000,
      idleTimeoutMillis: database.poolRecycle,
      keepAlive: true,
      keepAliveInitialDelayMillis: seconds(30),
    },
  };
}

/** What all connections of a data source share, also that for look-ups. */
export interface SharedOptions {
  group: ConnectionGroup;
  /** Session parameters, read for every new connection. */
  session: Record<string, string>;
}

/**
 * Session parameters: override defaults of role and database, so that dates are ISO and the isolation level is READ
 * COMMITTED.
 */
export function sessionParameters(
  { pooler }: Pick<ConnectionSettings, 'pooler'>,
  { withTimeouts = true } = {},
): Record<string, string> {
  if (pooler === 'transaction') return { ...PASSED_ON };
  return { ...PASSED_ON, default_transaction_isolation: 'read committed', ...(withTimeouts && SESSION_TIMEOUTS) };
}

/** Removes the parameters that a pooler in transaction mode refuses; then only the client's deadline limits statements. */
export function forgetSessionParameters(session: Record<string, string>): void {
  for (const name of Object.keys(session)) if (!(name in PASSED_ON)) Reflect.deleteProperty(session, name);
}

/** Whether one connection is reserved for look-ups: not behind a pooler that shares sessions, and not if it is the only one. */
export const hasPipeline = ({ connection, poolMax }: DatabaseSettings): boolean =>
  connection.pooler !== 'transaction' && poolMax > 1;

/** Number of connections left for the pool. */
export const poolSize = (settings: DatabaseSettings): number => settings.poolMax - (hasPipeline(settings) ? 1 : 0);

const PASSED_ON = { DateStyle: 'ISO' };

const SESSION_TIMEOUTS = {
  statement_timeout: String(seconds(5)),
  lock_timeout: String(seconds(1.1)),
  idle_in_transaction_session_timeout: String(seconds(10)),
};

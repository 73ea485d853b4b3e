import { DataSource, type DataSourceOptions, MigrationExecutor, type QueryRunner } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import type { Settings } from '../config/settings.js';
import { DatabaseClient } from './client.js';
import { dataSourceOptions, type Entities, sessionParameters } from './data-source-options.js';
import { PrimaryFinder } from './primary-finder.js';
import { assertUsable, missingRight, UnusableDatabaseError } from './requirements.js';

/** Any number will do, as long as every version of UserHub uses the same. */
const MIGRATION_LOCK = 7_358_203_411;

/** One migration, and when it was applied; null means it still waits. */
export interface MigrationStatus {
  name: string;
  applied: boolean;
}

/** Applies what is pending, once, however many processes try at the same time. Returns the names of what it applied. */
export function migrate(settings: Settings): Promise<string[]> {
  return withMigrationConnection(settings, async (dataSource, runner) => {
    if ((await pendingMigrations(runner)).length === 0) return [];
    return locked(runner, async () => {
      const done = await executor(dataSource, runner).executePendingMigrations();
      return done.map(({ name }) => name);
    });
  });
}

/** Undoes the newest applied migration. Returns its name, or undefined when there was none. */
export function revert(settings: Settings): Promise<string | undefined> {
  return withMigrationConnection(settings, (dataSource, runner) =>
    locked(runner, async () => {
      const newest = (await migrationStatus(runner)).findLast(({ applied }) => applied);
      if (newest) await executor(dataSource, runner).undoLastMigration();
      return newest?.name;
    }),
  );
}

/** All migrations of this version, oldest first. */
export function listMigrations(settings: Settings): Promise<MigrationStatus[]> {
  return withMigrationConnection(settings, (_, runner) => migrationStatus(runner));
}

/** The names of the migrations that this version has and the database lacks. */
export async function pendingMigrations(runner: Pick<QueryRunner, 'query'>): Promise<string[]> {
  return (await migrationStatus(runner)).filter(({ applied }) => !applied).map(({ name }) => name);
}

async function migrationStatus(runner: Pick<QueryRunner, 'query'>): Promise<MigrationStatus[]> {
  const [table] = (await runner.query(`SELECT to_regclass('migrations') AS found`)) as { found: string | null }[];
  const rows = table?.found ? ((await runner.query('SELECT name FROM migrations')) as { name: string }[]) : [];
  const applied = new Set(rows.map(({ name }) => name));
  return migrations.map(({ name }) => ({ name, applied: applied.has(name) }));
}

function executor(dataSource: DataSource, runner: QueryRunner): MigrationExecutor {
  const migrationExecutor = new MigrationExecutor(dataSource, runner);
  migrationExecutor.transaction = 'all';
  return migrationExecutor;
}

/** Whatever a role or database has as its defaults; some are known to some versions only. */
const NO_TIMEOUTS = `
  SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`;

/** For the operator classes of an extension that was put into a schema of its own, such as `extensions`. */
const REACH_EXTENSIONS = `
  SELECT set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), quote_ident(nspname)), true)
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  WHERE extname = 'pg_trgm' AND nspname <> ALL (current_schemas(true))`;

/** The lock is the transaction's own, so it works through a pooler, and dies with whoever holds it. */
async function locked<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  await runner.startTransaction('READ COMMITTED'); // to see what the one before has done, once the lock is ours
  try {
    await runner.query(NO_TIMEOUTS);
    await runner.query(REACH_EXTENSIONS);
    await runner.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await runner.query(`SET LOCAL lock_timeout = '5s'`); // whoever waits for a table makes everybody else wait behind
    const result = await work();
    await runner.commitTransaction();
    return result;
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined); // the first error is the one to tell
    throw error;
  }
}

/** One connection of its own: patient, as a migration may take its time, and direct, where a pooler stands before the pool. */
export function migrationOptions(settings: Settings, entities: Entities = []): DataSourceOptions {
  const connection = settings.database.directConnection ?? settings.database.connection;
  const options = dataSourceOptions(settings, entities, connection);
  const session = sessionParameters(connection, { withTimeouts: false });
  const extra = { Client: DatabaseClient, primary: PrimaryFinder.of(connection), session, keepAlive: true };
  return { ...options, poolSize: 1, extra } as DataSourceOptions;
}

async function withMigrationConnection<T>(
  settings: Settings,
  work: (dataSource: DataSource, runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const dataSource = new DataSource(migrationOptions(settings));
  await dataSource.initialize();
  try {
    await using runner = dataSource.createQueryRunner();
    await assertUsable(runner);
    return await work(dataSource, runner);
  } catch (error) {
    const missing = missingRight(error, settings.database.connection.user);
    throw missing ? new UnusableDatabaseError(missing) : error;
  } finally {
    await dataSource.destroy();
  }
}

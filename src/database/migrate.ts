import {
  DataSource,
  type DataSourceOptions,
  MigrationExecutor,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import { migrations } from '../../migrations/index.js';
import type { Settings } from '../config/settings.js';
import { DatabaseClient } from './client.js';
import { dataSourceOptions, type Entities, sessionParameters } from './data-source-options.js';
import { MigrationConnections } from './migration-connections.js';
import { PrimaryFinder } from './primary-finder.js';
import { assertUsable, missingRight, UnusableDatabaseError } from './requirements.js';

/** Classes of migrations, oldest first. */
export type Migrations = readonly (new () => MigrationInterface)[];

/** A migration, and whether it has been applied. */
export interface MigrationStatus {
  name: string;
  applied: boolean;
}

/**
 * Applies pending migrations, once, even if several processes try at the same time. A new database gets all in one
 * transaction, as nobody else uses it; otherwise each migration has its own, or none with `transaction = false`. Returns the
 * names of those applied.
 */
export function migrate(settings: Settings, list: Migrations = migrations): Promise<string[]> {
  return withMigrationConnection(settings, list, async (connections) => {
    const done: string[] = [];
    while ((await migrationStatus(connections.runner, list)).some(({ applied }) => !applied)) {
      done.push(...(await connections.locked(() => applyNext(connections))));
    }
    return done;
  });
}

/** Undoes the newest applied migration. Returns its name, or undefined when there was none. */
export function revert(settings: Settings, list: Migrations = migrations): Promise<string | undefined> {
  return withMigrationConnection(settings, list, (connections) =>
    connections.locked(async () => {
      const newest = (await migrationStatus(connections.runner, list)).findLast(({ applied }) => applied)?.name;
      if (!newest) return undefined;
      const undo = (runner: QueryRunner) => executor(connections.dataSource, runner).undoLastMigration();
      await connections.run(
        undo,
        connections.dataSource.migrations.find(({ constructor }) => constructor.name === newest),
      );
      return newest;
    }),
  );
}

/** All migrations of this version, oldest first. */
export function listMigrations(settings: Settings): Promise<MigrationStatus[]> {
  return withMigrationConnection(settings, migrations, ({ runner }) => migrationStatus(runner));
}

/** The names of this version's migrations that the database lacks. */
export async function pendingMigrations(runner: Pick<QueryRunner, 'query'>): Promise<string[]> {
  return (await migrationStatus(runner)).filter(({ applied }) => !applied).map(({ name }) => name);
}

async function migrationStatus(
  runner: Pick<QueryRunner, 'query'>,
  list: Migrations = migrations,
): Promise<MigrationStatus[]> {
  const [table] = (await runner.query(`SELECT to_regclass('migrations') AS found`)) as { found: string | null }[];
  const rows = table?.found ? ((await runner.query('SELECT name FROM migrations')) as { name: string }[]) : [];
  const applied = new Set(rows.map(({ name }) => name));
  return list.map(({ name }) => ({ name, applied: applied.has(name) }));
}

/** Applies the next migration; nothing if another process did while this one waited for the lock. */
async function applyNext(connections: MigrationConnections): Promise<string[]> {
  const { dataSource, runner } = connections;
  const pending = await executor(dataSource, runner).getPendingMigrations();
  const isNew = pending.length === dataSource.migrations.length;
  const next = isNew ? pending : pending.slice(0, 1);
  for (const migration of next) {
    const apply = (runner: QueryRunner) => executor(dataSource, runner).executeMigration(migration);
    await connections.run(apply, isNew ? undefined : migration.instance);
  }
  return next.map(({ name }) => name);
}

/** `transaction: 'none'`: transactions are begun and ended here. */
function executor(dataSource: DataSource, runner: QueryRunner): MigrationExecutor {
  const migrationExecutor = new MigrationExecutor(dataSource, runner);
  migrationExecutor.transaction = 'none';
  return migrationExecutor;
}

/**
 * Connection options of migrations: without statement time-outs, and direct where the pool is behind a pooler. Two
 * connections: one holds the lock, the other runs migrations without a transaction.
 */
export function migrationOptions(settings: Settings, entities: Entities = []): DataSourceOptions {
  const connection = connectionOf(settings);
  const options = dataSourceOptions(settings, entities, connection);
  const session = sessionParameters(connection, { withTimeouts: false });
  const extra = { Client: DatabaseClient, primary: PrimaryFinder.of(connection), session, keepAlive: true };
  return { ...options, poolSize: 2, migrationsTransactionMode: 'each', extra } as DataSourceOptions;
}

const connectionOf = ({ database }: Settings) => database.directConnection ?? database.connection;

async function withMigrationConnection<T>(
  settings: Settings,
  list: Migrations,
  work: (connections: MigrationConnections) => Promise<T>,
): Promise<T> {
  const dataSource = new DataSource({ ...migrationOptions(settings), migrations: [...list] });
  await dataSource.initialize();
  const runner = dataSource.createQueryRunner();
  try {
    await assertUsable(runner);
    const isShared = connectionOf(settings).pooler === 'transaction';
    return await work(new MigrationConnections(dataSource, runner, isShared));
  } catch (error) {
    const missing = missingRight(error, settings.database.connection.user);
    throw missing ? new UnusableDatabaseError(missing) : error;
  } finally {
    await runner.release().catch(() => undefined); // the first error is the one to report
    await dataSource.destroy();
  }
}

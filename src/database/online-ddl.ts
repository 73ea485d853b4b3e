import { setTimeout as delay } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';
import { seconds } from '../config/durations.js';

const LOCK_TIMEOUT = seconds(0.8); // those behind it give up after 1.1 s
const TRIES = 12;
const PAUSE = seconds(1);

/** An index and its table. */
export interface IndexDescription {
  /** As `sessions_user_id_idx`: begins with the name of the table. */
  name: string;
  table: string;
  /** The part after the table's name, as `(user_id, id) WHERE ended_at IS NULL`. */
  definition: string;
  unique?: boolean;
}

/**
 * Runs work that takes strong locks in a transaction with a `lock_timeout` of 0.8 s, as every later statement on the table
 * queues behind a waiting one. Tries twelve times while only the lock is missing; within a transaction, from a savepoint.
 * @throws what the work throws, and 55P03 after the last try
 */
export async function withLockTimeout<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  return withTries(async () => {
    await runner.startTransaction();
    try {
      await runner.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT}`);
      const result = await work();
      await runner.commitTransaction();
      return result;
    } catch (error) {
      await runner.rollbackTransaction().catch(() => undefined); // the first error is the one to report
      throw error;
    }
  });
}

/**
 * Builds an index while its table is in use (`CREATE INDEX CONCURRENTLY`), for a migration with `transaction = false`.
 * Resumes after an aborted start: a running build is waited for, a finished index is kept, an invalid one is dropped and
 * rebuilt. On a partitioned table, partition by partition. Within a transaction, as on a new database, it is a plain `CREATE
 * INDEX`.
 */
export async function createIndexConcurrently(runner: QueryRunner, index: IndexDescription): Promise<void> {
  if (runner.isTransactionActive) await runner.query(createIndex(index));
  else if (await isPartitioned(runner, index.table)) await createInPartitions(runner, index);
  else await withTries(() => createUnlessValid(runner, index));
}

/** Drops an index, if it exists, while its table is in use; see {@link createIndexConcurrently}. */
export async function dropIndexConcurrently(runner: QueryRunner, name: string): Promise<void> {
  if (runner.isTransactionActive) await runner.query(`DROP INDEX IF EXISTS ${name}`);
  else await withTries(() => runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`));
}

/**
 * Adds a CHECK while the table is in use: first `NOT VALID`, for new rows only; then `VALIDATE CONSTRAINT` reads the
 * existing rows under a lock that blocks no reads or writes. An existing constraint of this name is replaced.
 */
export async function addCheckOnline(
  runner: QueryRunner,
  { name, table, condition }: { name: string; table: string; condition: string },
): Promise<void> {
  await withLockTimeout(runner, async () => {
    await runner.query(`ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${name}`);
    await runner.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} CHECK (${condition}) NOT VALID`);
  });
  await withLockTimeout(runner, () => runner.query(`ALTER TABLE ${table} VALIDATE CONSTRAINT ${name}`));
}

const createIndex = ({ name, table, definition, unique }: IndexDescription, { how = '', on = 'ON' } = {}) =>
  `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${how} ${name} ${on} ${table} ${definition}`;

async function createUnlessValid(runner: QueryRunner, index: IndexDescription): Promise<void> {
  while (await isBeingBuilt(runner, index.name)) await delay(PAUSE);
  const state = await stateOf(runner, index.name);
  if (state === 'valid') return;
  if (state === 'invalid') await dropIndexConcurrently(runner, index.name);
  await runner.query(createIndex(index, { how: 'CONCURRENTLY' }));
}

/** The parent index becomes valid once the index of each partition is attached. */
async function createInPartitions(runner: QueryRunner, index: IndexDescription): Promise<void> {
  const { name, table } = index;
  if (!(await stateOf(runner, name))) {
    await withLockTimeout(runner, () => runner.query(createIndex(index, { on: 'ON ONLY' })));
  }
  for (const partition of await partitionsOf(runner, table)) {
    if (await hasAttached(runner, name, partition)) continue; // created with the partition
    const part = { ...index, name: name.replace(table, partition), table: partition };
    await withTries(() => createUnlessValid(runner, part));
    await withLockTimeout(runner, () => runner.query(`ALTER INDEX ${name} ATTACH PARTITION ${part.name}`));
  }
}

/** Whether a build is running, by a backend whose client may be gone. */
async function isBeingBuilt(runner: QueryRunner, name: string): Promise<boolean> {
  const text = `SELECT FROM pg_stat_progress_create_index WHERE index_relid = to_regclass($1)`;
  return ((await runner.query(text, [name])) as object[]).length > 0;
}

async function stateOf(runner: QueryRunner, name: string): Promise<'valid' | 'invalid' | undefined> {
  const text = `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)`;
  const [row] = (await runner.query(text, [name])) as { valid: boolean }[];
  return row && (row.valid ? 'valid' : 'invalid');
}

async function isPartitioned(runner: QueryRunner, table: string): Promise<boolean> {
  const text = `SELECT FROM pg_class WHERE oid = to_regclass($1) AND relkind = 'p'`;
  return ((await runner.query(text, [table])) as object[]).length > 0;
}

async function partitionsOf(runner: QueryRunner, table: string): Promise<string[]> {
  const text = `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = to_regclass($1) ORDER BY 1`;
  return ((await runner.query(text, [table])) as { name: string }[]).map(({ name }) => name);
}

async function hasAttached(runner: QueryRunner, index: string, partition: string): Promise<boolean> {
  const text = `SELECT FROM pg_inherits JOIN pg_index ON indexrelid = inhrelid
    WHERE inhparent = to_regclass($1) AND indrelid = to_regclass($2)`;
  return ((await runner.query(text, [index, partition])) as object[]).length > 0;
}

/** Repeats on a lock time-out (55P03) or deadlock (40P01). */
async function withTries<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const { code } = error as { code?: string };
      if (tries === TRIES || (code !== '55P03' && code !== '40P01')) throw error;
      await delay(PAUSE * Math.random());
    }
  }
}

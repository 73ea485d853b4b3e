import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { seconds } from '../config/durations.js';
import { withLockTimeout } from './online-ddl.js';

/** The key of the advisory lock, the same in every version of UserHub. */
const MIGRATION_LOCK = 7_358_203_411;
const TRY_LOCK = `SELECT pg_try_advisory_xact_lock(${MIGRATION_LOCK}) AS locked`;
const PAUSE = 250;
const PING = seconds(10);
const SECOND_CONNECTION_TIMEOUT = seconds(3);

/** Resets time-outs that role or database set by default; which exist depends on the server's version. */
const noTimeouts = (isLocal: boolean) => `
  SELECT set_config(name, '0', ${isLocal}) FROM pg_settings
  WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`;

/** Adds the schemas of extensions to the search path, such as `extensions`, for their operator classes. */
const reachExtensions = (isLocal: boolean) => `
  SELECT set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), quote_ident(nspname)), ${isLocal})
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  WHERE extname = 'pg_trgm' AND nspname <> ALL (current_schemas(true))`;

/** The connections of migrations: one whose transaction holds the lock, and a second one when needed. */
export class MigrationConnections {
  private readonly log = new Logger('Database');

  /** @param isShared whether a pooler shares sessions, so that a SET would affect others */
  constructor(
    readonly dataSource: DataSource,
    readonly runner: QueryRunner,
    private readonly isShared: boolean,
  ) {}

  /**
   * Runs work under an advisory lock of a transaction, which works through a pooler and ends with its connection. Tried
   * repeatedly (`pg_try_advisory_xact_lock`) instead of waited for: a waiting statement holds a snapshot, which a concurrent
   * index build would wait for, and occupies a connection of the pooler.
   */
  async locked<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.runner.startTransaction('READ COMMITTED'); // so that the changes of the previous holder of the lock are visible
      try {
        const [{ locked }] = (await this.runner.query(TRY_LOCK)) as [{ locked: boolean }];
        if (locked) {
          await this.runner.query(noTimeouts(true));
          await this.runner.query(reachExtensions(true));
          const result = await work();
          await this.runner.commitTransaction();
          return result;
        }
        await this.runner.rollbackTransaction();
      } catch (error) {
        await this.runner.rollbackTransaction().catch(() => undefined); // the first error is the one to report
        throw error;
      }
      await delay(PAUSE + PAUSE * Math.random());
    }
  }

  /**
   * Runs a migration under the lock: in its transaction, or without one on the second connection. Where a pooler has no
   * second connection, it runs in the transaction after all and blocks concurrent writes.
   */
  async run(
    work: (runner: QueryRunner) => Promise<unknown>,
    { transaction }: Pick<MigrationInterface, 'transaction'> = {},
  ) {
    if (transaction !== false) return await withLockTimeout(this.runner, () => work(this.runner));
    const second = this.dataSource.createQueryRunner();
    const ping = setInterval(() => void this.runner.query('SELECT 1').catch(() => undefined), PING);
    try {
      if (await this.isUsable(second)) return await work(second);
      this.log.warn({ event: 'migration_in_transaction', remedy: 'Set DATABASE_URL_DIRECT, past the pooler.' });
      return await work(this.runner);
    } finally {
      clearInterval(ping);
      await second.release();
    }
  }

  private async isUsable(second: QueryRunner): Promise<boolean> {
    const prepared = this.prepare(second).then(
      () => true,
      () => false,
    );
    return Promise.race([prepared, delay(SECOND_CONNECTION_TIMEOUT, false, { ref: false })]);
  }

  private async prepare(second: QueryRunner): Promise<void> {
    if (this.isShared) await second.query('SELECT 1');
    else {
      await second.query(noTimeouts(false));
      await second.query(reachExtensions(false));
    }
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { seconds } from '../config/durations.js';
import { withLockTimeout } from './online-ddl.js';

/** Any number will do, as long as every version of UserHub uses the same. */
const MIGRATION_LOCK = 7_358_203_411;
const TRY_LOCK = `SELECT pg_try_advisory_xact_lock(${MIGRATION_LOCK}) AS locked`;
const PAUSE = 250;
const PING = seconds(10);
const SECOND_CONNECTION_TIMEOUT = seconds(3);

/** Whatever a role or database has as its defaults; some are known to some versions only. */
const noTimeouts = (isLocal: boolean) => `
  SELECT set_config(name, '0', ${isLocal}) FROM pg_settings
  WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`;

/** For the operator classes of an extension that was put into a schema of its own, such as `extensions`. */
const reachExtensions = (isLocal: boolean) => `
  SELECT set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), quote_ident(nspname)), ${isLocal})
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  WHERE extname = 'pg_trgm' AND nspname <> ALL (current_schemas(true))`;

/** The connections that migrations run on: one whose transaction holds the lock, and when it is needed a second one. */
export class MigrationConnections {
  private readonly log = new Logger('Database');

  /** @param isShared whether a pooler gives each transaction another session, so that a SET would reach others */
  constructor(
    readonly dataSource: DataSource,
    readonly runner: QueryRunner,
    private readonly isShared: boolean,
  ) {}

  /**
   * Does work under the lock that all processes share: one of its transaction, so that it works through a pooler and dies
   * with whoever holds it. It is asked for again and again, never waited for: a statement that waits has a snapshot, for
   * whose end a concurrent build of an index would wait in turn; and it takes one of a pooler's few connections.
   */
  async locked<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.runner.startTransaction('READ COMMITTED'); // to see what the one before has done, once the lock is ours
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
        await this.runner.rollbackTransaction().catch(() => undefined); // the first error is the one to tell
        throw error;
      }
      await delay(PAUSE + PAUSE * Math.random());
    }
  }

  /**
   * Runs what a migration does, under the lock: in its transaction, or without one on the second connection. Where a pooler
   * has no second connection to give, it runs in the transaction after all, and holds up those who write meanwhile.
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

import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { DatabaseSettings } from '../config/database-settings.js';
import { unavailable } from '../problems.js';
import { AdmissionQueue } from './admission-queue.js';
import { DatabaseClient, type DatabaseClientConfig } from './client.js';
import { forgetSessionParameters, hasPipeline, poolSize, type SharedOptions } from './data-source-options.js';
import {
  isConnectionLost,
  isLockTimeout,
  isPlanOutdated,
  isRetriable,
  isStatementOfOthers,
  isUnreachable,
} from './failures.js';
import { LookupConnection, LookupStalledError } from './lookup-connection.js';
import { NamedQuery, submit } from './named-query.js';
import { Reachability } from './reachability.js';
import { type Companion, OTHER, type Statement } from './statement.js';
import { violation } from './constraints.js';

const TRIES = 3;
const PAUSE = 50;

/** Runs hand-written statements, with retries and admission control. */
@Injectable()
export class Database implements OnApplicationShutdown {
  /** When this process could not reach the database. */
  readonly reachability = new Reachability();
  private readonly log = new Logger('Database');
  private named: boolean;
  private readonly admission: AdmissionQueue;
  private pipeline?: LookupConnection;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly settings: DatabaseSettings,
  ) {
    this.named = settings.connection.pooler !== 'transaction';
    this.admission = new AdmissionQueue(poolSize(settings));
    if (hasPipeline(settings)) this.pipeline = new LookupConnection(() => this.connection(), settings.poolRecycle);
    this.extra.group.add({ answeredAt: Infinity, retire: () => this.pipeline?.retire() });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pipeline?.close();
  }

  /** The connection pool. @throws Problem 503 while the database has not been reached yet */
  get pool(): pg.Pool {
    if (!this.dataSource.isInitialized) throw unavailable();
    return (this.dataSource.driver as PostgresDriver).master as pg.Pool;
  }

  /** Connections: open, idle, allowed; and callers waiting for one. For metrics. */
  stats(): { total: number; idle: number; max: number; waiting: number } {
    const { poolMax: max } = this.settings;
    if (!this.dataSource.isInitialized) return { total: 0, idle: 0, max, waiting: this.admission.waiting };
    const { totalCount, idleCount, waitingCount } = this.pool;
    const total = totalCount + (this.pipeline?.size ?? 0);
    const idle = idleCount + (this.pipeline?.isIdle ? 1 : 0);
    return { total, idle, max, waiting: this.admission.waiting + waitingCount };
  }

  /**
   * Switches to the mode for a pooler with shared sessions: without prepared statements, look-up connection and session
   * parameters. Such a pooler is also detected by the errors it causes, when it isn't in the settings.
   */
  assumePooler(): void {
    if (!this.named) return;
    this.named = false;
    void this.pipeline?.close();
    this.pipeline = undefined;
    forgetSessionParameters(this.extra.session);
    for (const one of [this.settings.connection, this.settings.directConnection]) if (one) one.pooler = 'transaction';
    this.log.warn({
      event: 'pooler_found',
      remedy: 'The database is behind a connection pooler that shares sessions: set DATABASE_POOLER=transaction.',
    });
  }

  /** The rows of a reading statement. @param kind `search` when it may have to read a whole table. @throws as `reading` */
  read<Row extends object>(statement: Statement, values: unknown[], kind: 'read' | 'search' = 'read'): Promise<Row[]> {
    return this.reading(() => this.run<Row>(statement, values), statement.topic, kind);
  }

  /**
   * The row of a named statement by key: on the shared look-up connection, or else as `read` does.
   * @throws as `reading`
   */
  async lookUp<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]> {
    const { name, text } = statement;
    const { pipeline } = this;
    if (!name || !pipeline?.takes(name)) return this.read(statement, values);
    this.dataSource.logger.logQuery(text);
    try {
      return await this.watched(() => pipeline.run<Row>(name, text, values));
    } catch (error) {
      if (isStatementOfOthers(error)) this.assumePooler();
      else if (!(error instanceof LookupStalledError) && !isConnectionLost(error) && !isPlanOutdated(error))
        throw error;
      return this.read(statement, values);
    }
  }

  /**
   * The rows that a writing statement returns.
   * @param along returns, for these rows, a statement to run in the same transaction
   * @throws as `writing`
   */
  async write<Row extends object>(
    statement: Statement,
    values: unknown[],
    along?: (rows: Row[]) => Companion | undefined,
  ): Promise<Row[]> {
    if (!along) return this.writing(() => this.run<Row>(statement, values), statement.topic);
    let companion: Companion | undefined;
    const rows = await this.transaction(async (manager) => {
      const changed = returnedRows<Row>(await manager.query(statement.text, values));
      companion = along(changed);
      await accompany(manager, companion);
      return changed;
    }, statement.topic);
    companion?.done?.();
    return rows;
  }

  /** Runs work in a transaction. @throws as `writing` */
  transaction<T>(work: (manager: EntityManager) => Promise<T>, topic = 'transactions'): Promise<T> {
    if (!this.dataSource.isInitialized) throw unavailable();
    return this.writing(() => this.watched(() => this.dataSource.transaction(work)), topic);
  }

  /**
   * Runs work that only reads, such as a repository's `find`, and repeats it when its connection is lost, which is safe for
   * reads. Several idle connections may be dead without having noticed, so it is repeated up to the size of the pool.
   * @throws Problem 503 when too many others wait, and what the database throws
   */
  reading<T>(work: () => Promise<T>, topic = OTHER, kind: 'read' | 'search' = 'read'): Promise<T> {
    return this.admission.run({ kind, topic }, async () => {
      for (let dead = 0; ; dead++) {
        try {
          return await work();
        } catch (error) {
          if (isLockTimeout(error)) this.admission.lockTimedOut({ kind, topic });
          if (dead === this.settings.poolMax || !isConnectionLost(error)) throw error;
        }
      }
    });
  }

  /**
   * Runs work that writes, such as a repository's `insert`, at most three times: repeated only after a deadlock or
   * serialization failure, which the database has rolled back.
   * @throws Problem 503 when too many others wait, 409 and the like for a violated constraint; what the database throws
   */
  writing<T>(work: () => Promise<T>, topic = OTHER): Promise<T> {
    return this.admission.run({ kind: 'write', topic }, async () => {
      for (let tries = 1; ; tries++) {
        try {
          return await work();
        } catch (error) {
          if (isLockTimeout(error)) this.admission.lockTimedOut({ kind: 'write', topic });
          if (tries === TRIES || !isRetriable(error)) throw violation(error) ?? error;
          await delay(Math.random() * PAUSE * tries); // a random pause, so that the same two transactions don't collide again
        }
      }
    });
  }

  private get extra(): SharedOptions {
    return this.dataSource.options.extra as SharedOptions;
  }

  /** A connection of the pool's kind, not connected yet. */
  private connection(): pg.Client {
    const { options } = this.pool as unknown as { options: DatabaseClientConfig };
    return new DatabaseClient({ ...options, password: options.password }); // spreading loses it: `password` is a non-enumerable property of pg's options
  }

  private run<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]> {
    this.dataSource.logger.logQuery(statement.text);
    return this.watched(() => this.runOnPool<Row>(statement, values));
  }

  /** Not by `pool.query`, which closes the connection after any error, even a duplicate key. */
  private async runOnPool<Row extends object>({ name, text }: Statement, values: unknown[]): Promise<Row[]> {
    const client = await this.pool.connect();
    try {
      for (let tries = 1; this.named && name; tries++) {
        try {
          return await runNamed<Row>(client, name, text, values);
        } catch (error) {
          // in both cases the server refused the statement before running it
          if (isStatementOfOthers(error)) this.assumePooler();
          else if (!isPlanOutdated(error) || tries === TRIES) throw error;
        }
      }
      return (await client.query<Row>(text, values)).rows;
    } finally {
      client.release();
    }
  }

  /** Runs work and records whether the database was reachable. */
  private async watched<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      const result = await work();
      this.reachability.reached();
      return result;
    } catch (error) {
      if (isUnreachable(error)) this.reachability.failed(startedAt);
      else if (!(error instanceof LookupStalledError)) this.reachability.reached(); // any answer, also an error, shows that it is reachable
      throw error;
    }
  }
}

/** Runs a companion statement in the transaction of a change. @throws its `otherwise` when it wrote no row */
export async function accompany(manager: EntityManager, companion: Companion | undefined): Promise<void> {
  if (!companion) return;
  const { statement, values, otherwise } = companion;
  if (returnedRows(await manager.query(statement.text, values)).length === 0) throw otherwise;
}

/** TypeORM returns `[rows, count]` for UPDATE and DELETE without a CTE. */
const returnedRows = <Row>(result: unknown): Row[] => {
  const [rows, count] = result as [unknown, unknown];
  return Array.isArray(rows) && typeof count === 'number' ? (rows as Row[]) : (result as Row[]);
};

function runNamed<Row>(client: pg.ClientBase, name: string, text: string, values: unknown[]): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    submit<Row>(client, new NamedQuery(name, text, values), (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}

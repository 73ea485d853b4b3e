import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Settings } from '../config/settings.js';
import { unavailable } from '../problems.js';
import { hasPipeline, poolSize } from './data-source-options.js';
import { isConnectionLost, isRetriable, violation } from './failures.js';
import { AdmissionQueue } from './admission-queue.js';
import { NamedQuery, submit } from './named-query.js';
import { LookupConnection } from './lookup-connection.js';

/** A statement written by hand. Named, a connection parses it once; without a name it is planned for its very values. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
}

/** Names a statement; the name must be unique, as connections remember statements by it. */
export const statement = (name: string, text: string): Statement => ({ name, text });

const composed = new Map<string, Statement>();

/** A statement put together from a bounded choice of parts, named so that the same text gets the same name. */
export function composedStatement(text: string): Statement {
  const known = composed.get(text) ?? statement(`composed.${composed.size}`, text);
  composed.set(text, known);
  return known;
}

const TRIES = 3;
const PAUSE = 50;

/** The way to the database: statements written by hand, and the retries and the queue for everything else. */
@Injectable()
export class Database implements OnApplicationShutdown {
  private readonly named: boolean;
  private readonly admission: AdmissionQueue;
  private readonly pipeline?: LookupConnection;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly settings: Settings,
  ) {
    this.named = settings.database?.pooler !== 'transaction';
    this.admission = new AdmissionQueue(poolSize(settings));
    if (hasPipeline(settings)) this.pipeline = new LookupConnection(() => this.connection(), settings.poolRecycle);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pipeline?.close();
  }

  /** The connection pool. @throws Problem 503 while the database has not been reached yet */
  get pool(): pg.Pool {
    if (!this.dataSource.isInitialized) throw unavailable();
    return (this.dataSource.driver as PostgresDriver).master as pg.Pool;
  }

  /** Connections: open, unused, allowed; and who waits for one. For the metrics. */
  stats(): { total: number; idle: number; max: number; waiting: number } {
    const { poolMax: max } = this.settings;
    if (!this.dataSource.isInitialized) return { total: 0, idle: 0, max, waiting: this.admission.waiting };
    const { totalCount, idleCount, waitingCount } = this.pool;
    const total = totalCount + (this.pipeline?.size ?? 0);
    const idle = idleCount + (this.pipeline?.isIdle ? 1 : 0);
    return { total, idle, max, waiting: this.admission.waiting + waitingCount };
  }

  /** The rows that a reading statement finds. @throws as `reading` */
  read<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]> {
    return this.reading(() => this.run<Row>(statement, values));
  }

  /**
   * The rows that a named statement finds by a key: on the one connection that all look-ups share, or else as `read` does.
   * @throws as `reading`
   */
  async lookUp<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]> {
    const { name, text } = statement;
    if (!name || !this.pipeline?.takes(name)) return this.read(statement, values);
    this.dataSource.logger.logQuery(text);
    try {
      return await this.pipeline.run<Row>(name, text, values);
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      return this.read(statement, values);
    }
  }

  /** The rows that a writing statement returns. @throws as `writing` */
  write<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]> {
    return this.writing(() => this.run<Row>(statement, values));
  }

  /** Runs the work in one transaction. @throws as `writing` */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (!this.dataSource.isInitialized) throw unavailable();
    return this.writing(() => this.dataSource.transaction(work));
  }

  /**
   * Does work that only reads, such as a repository's `find`, and does it again when its connection dies: reading twice
   * does no harm. The next connection may have died as well, unnoticed while it was idle; the pool has so many of them.
   * @throws Problem 503 when too many others are at it, and what the database throws
   */
  reading<T>(work: () => Promise<T>): Promise<T> {
    return this.admission.run('read', async () => {
      for (let dead = 0; ; dead++) {
        try {
          return await work();
        } catch (error) {
          if (dead === this.settings.poolMax || !isConnectionLost(error)) throw error;
        }
      }
    });
  }

  /**
   * Does work that writes, such as a repository's `insert`, at most three times: again only when the database has undone
   * it and asks for that, after a deadlock or a serialization failure.
   * @throws Problem 503 when too many others are at it, 409 and the like for a violated constraint; what the database throws
   */
  writing<T>(work: () => Promise<T>): Promise<T> {
    return this.admission.run('write', async () => {
      for (let tries = 1; ; tries++) {
        try {
          return await work();
        } catch (error) {
          if (tries === TRIES || !isRetriable(error)) throw violation(error) ?? error;
          await delay(Math.random() * PAUSE * tries); // so that the same two don't meet again
        }
      }
    });
  }

  /** A connection as the pool makes them, not open yet. */
  private connection(): pg.Client {
    const { options } = this.pool as unknown as { options: pg.PoolConfig };
    return new pg.Client({ ...options, password: options.password }); // which is not enumerable
  }

  /** Not by `pool.query`, which ends the connection after any error, be it a duplicate. */
  private async run<Row extends object>({ name, text }: Statement, values: unknown[]): Promise<Row[]> {
    this.dataSource.logger.logQuery(text);
    const client = await this.pool.connect();
    try {
      if (!this.named || !name) return (await client.query<Row>(text, values)).rows;
      return await new Promise<Row[]>((resolve, reject) => {
        submit<Row>(client, new NamedQuery(name, text, values), (error, rows) =>
          error ? reject(error) : resolve(rows),
        );
      });
    } finally {
      client.release();
    }
  }
}

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Settings } from '../config/settings.js';
import { unavailable } from '../errors.js';
import { isConnectionLost, isRetriable } from './failures.js';

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

/** The way to the database for what TypeORM's repositories are too slow or too coarse for, on the pool that they use. */
@Injectable()
export class Database {
  private readonly named: boolean;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    settings: Settings,
  ) {
    this.named = settings.database?.pooler !== 'transaction';
  }

  /** The connection pool. @throws Problem 503 while the database has not been reached yet */
  get pool(): pg.Pool {
    if (!this.dataSource.isInitialized) throw unavailable();
    return (this.dataSource.driver as PostgresDriver).master as pg.Pool;
  }

  /** The rows that a reading statement finds. Asked once more when the connection dies: reading twice does no harm. */
  async read<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]> {
    try {
      return await this.run<Row>(statement, values);
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      return this.run<Row>(statement, values);
    }
  }

  /** The rows that a writing statement returns. Tried again only when the database has undone it and asks for that. */
  async write<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]> {
    return retrying(() => this.run<Row>(statement, values));
  }

  /** Runs the work in one transaction, and again when it meets a deadlock or a serialization failure. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (!this.dataSource.isInitialized) throw unavailable();
    return retrying(() => this.dataSource.transaction(work));
  }

  private async run<Row extends object>({ name, text }: Statement, values: unknown[]): Promise<Row[]> {
    const query = this.named && name ? { name, text, values } : { text, values };
    return (await this.pool.query<Row>(query)).rows;
  }
}

async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || !isRetriable(error)) throw error;
    }
  }
}

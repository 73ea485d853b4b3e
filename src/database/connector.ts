import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { seconds } from '../config/durations.js';
import { databaseProblem } from './failures.js';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = seconds(1); // so that a database that comes back is found within a second

/** Brings the application to its database, however long that takes. */
@Injectable()
export class Connector implements OnApplicationShutdown {
  private readonly log = new Logger('Database');
  private readonly closing = new AbortController();
  private prepared = false;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Whether the database has been reached and prepared. Whether it is there right now is another question. */
  get isPrepared(): boolean {
    return this.prepared;
  }

  /**
   * Connects, then prepares the database, trying again until it works or the application closes.
   * @param prepare what must be done before the first request
   * @throws what `prepare` throws, unless it is the database's doing
   */
  async connect(prepare: () => Promise<void>): Promise<void> {
    const { signal } = this.closing;
    for (let pause = FIRST_PAUSE; !this.prepared && !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        if (!this.dataSource.isInitialized) await this.dataSource.initialize();
        await prepare();
        this.prepared = true;
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.log.warn(`Waiting for the database: ${(error as Error).message}`);
        await delay(pause, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  onApplicationShutdown(): void {
    this.closing.abort();
  }
}

/** The database is not there yet, or not in the state that it must be in. */
export class NotPreparedError extends Error {}

const isPassing = (error: unknown) =>
  error instanceof NotPreparedError || databaseProblem(error)?.status === 503 || isRefusedLogin(error);

/** A role, password or database that may be about to be made (SQLSTATE class 28, 3D000). */
const isRefusedLogin = (error: unknown) => /^28|^3D/.test((error as { code?: string }).code ?? '');

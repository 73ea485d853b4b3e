import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { minutes } from '../config/durations.js';
import { databaseProblem } from './failures.js';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 500; // so that a server is ready within 2 s of its database
const REMINDER = minutes(1);

/** Brings the application to its database, however long that takes. */
@Injectable()
export class Connector implements OnApplicationShutdown {
  private readonly log = new Logger('Database');
  private readonly closing = new AbortController();
  private prepared = false;
  private told?: { reason: string; at: number };

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Whether the database has been reached and prepared. Whether it is there right now is another question. */
  get isPrepared(): boolean {
    return this.prepared;
  }

  /**
   * Connects, then prepares the database, trying again until it works or the application closes.
   * @param prepare what must be done before the first request
   * @returns whether it worked
   * @throws what `prepare` throws, unless it is the database's doing
   */
  async connect(prepare: () => Promise<void>): Promise<boolean> {
    const { signal } = this.closing;
    const isClosing = () => signal.aborted;
    for (let pause = FIRST_PAUSE; !this.prepared && !isClosing(); pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        await this.initialize();
        await prepare();
        this.prepared = true;
      } catch (error) {
        if (isClosing()) break;
        if (!isPassing(error)) throw error;
        this.tell(error as NodeJS.ErrnoException);
        await delay(pause, undefined, { signal }).catch(() => undefined);
      }
    }
    return this.prepared;
  }

  onApplicationShutdown(): void {
    this.closing.abort();
  }

  private async initialize(): Promise<void> {
    if (this.dataSource.isInitialized) return;
    try {
      await this.dataSource.initialize();
    } catch (error) {
      await this.dataSource.driver.disconnect().catch(() => undefined); // from what was reached before it failed
      throw error;
    }
  }

  /** Once a minute, and whenever the reason changes: a database can be away all night. */
  private tell({ message, code = '' }: NodeJS.ErrnoException): void {
    const reason = message || code; // several addresses were tried, and none of their failures is the message
    if (this.told?.reason === reason && this.told.at > Date.now() - REMINDER) return;
    this.told = { reason, at: Date.now() };
    this.log.warn({ event: 'waiting_for_database', reason });
  }
}

/** The database is not there yet, or not in the state that it must be in. */
export class NotPreparedError extends Error {}

const isPassing = (error: unknown) => error instanceof NotPreparedError || databaseProblem(error)?.status === 503;

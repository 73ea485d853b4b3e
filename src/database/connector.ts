import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { minutes } from '../config/durations.js';
import { Settings } from '../config/settings.js';
import { Database } from './database.js';
import { databaseProblem, refusesSessionParameters } from './failures.js';
import { assertUsable } from './requirements.js';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 500; // so that a server is ready within 2 s of its database
const REMINDER = minutes(1);

/** Connects the application to its database, retrying for as long as it takes. */
@Injectable()
export class Connector implements OnApplicationShutdown {
  private readonly log = new Logger('Database');
  private readonly closing = new AbortController();
  private prepared = false;
  private reported?: { reason: string; at: number };

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  /** Whether the database has been reached and prepared once. Whether it is reachable now is another question. */
  get isPrepared(): boolean {
    return this.prepared;
  }

  /**
   * Connects, then prepares the database, trying again until it works or the application closes.
   * @param prepare runs before the first request is served
   * @returns whether it succeeded
   * @throws UnusableDatabaseError; what `prepare` throws, unless the database is the cause; in development on a wrong
   * password
   */
  async connect(prepare: () => Promise<void>): Promise<boolean> {
    const { signal } = this.closing;
    const isClosing = () => signal.aborted;
    for (let pause = FIRST_PAUSE; !this.prepared && !isClosing(); pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        await this.initialize();
        await assertUsable(this.dataSource);
        await prepare();
        this.prepared = true;
      } catch (error) {
        if (isClosing()) break;
        if (refusesSessionParameters(error)) this.database.assumePooler();
        if (!isPassing(error) || this.isHopeless(error)) throw error;
        this.report(error as NodeJS.ErrnoException);
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
      await this.dataSource.driver.disconnect().catch(() => undefined); // closes a pool of an earlier attempt
      throw error;
    }
  }

  /** Whether retrying is pointless: for a wrong password only in development, as elsewhere the role may be created later. */
  private isHopeless(error: unknown): boolean {
    if (this.settings.environment !== 'development' || !isAuthorizationError(error)) return false;
    (error as Error).message += `. ${DOCTOR}`;
    return true;
  }

  /** Logs once a minute, and whenever the reason changes: a database can be unreachable all night. */
  private report(error: NodeJS.ErrnoException): void {
    const { message, code = '' } = error;
    const reason = message || code; // when several addresses were tried, the error has a code and no message
    if (this.reported?.reason === reason && this.reported.at > Date.now() - REMINDER) return;
    this.reported = { reason, at: Date.now() };
    const remedy = remedyOf(error);
    this.log.warn({ event: 'waiting_for_database', reason, ...(remedy && { remedy }) });
  }
}

const DOCTOR = 'Check DATABASE_URL; `npm run cli -- doctor` says more.';

function remedyOf(error: unknown): string | undefined {
  if (refusesSessionParameters(error))
    return 'The database is behind a connection pooler: set DATABASE_POOLER=transaction.';
  return isAuthorizationError(error) ? DOCTOR : undefined;
}

/** invalid_authorization_specification, invalid_password */
const isAuthorizationError = (error: unknown) => (error as { code?: string }).code?.startsWith('28') === true;

/** The database isn't connected yet, or its migrations are missing. */
export class NotPreparedError extends Error {}

const isPassing = (error: unknown) => error instanceof NotPreparedError || databaseProblem(error)?.status === 503;

import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import type pg from 'pg';
import { DatabaseSettings } from '../config/database-settings.js';
import { seconds } from '../config/durations.js';
import { DatabaseClient, socketOf } from '../database/client.js';
import { sessionParameters } from '../database/data-source-options.js';
import { PrimaryFinder } from '../database/primary-finder.js';

interface Connection {
  client: pg.Client;
  made: Promise<unknown>;
}

const DEADLINE = 800;
const REMEMBERED = seconds(1);

/**
 * Checks the database: on a connection of its own, so that a busy pool isn't reported as a failure; with its own deadline;
 * one check at a time and per second, so that probes can't pile up while it hangs.
 */
@Injectable()
export class DatabaseProbe implements OnApplicationShutdown {
  private connection?: Connection;

  constructor(
    private readonly settings: DatabaseSettings,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Whether the database answered within the last second. Takes 0.8 s at most, and never throws. */
  async isUp(): Promise<boolean> {
    const ask = this.indicators.check('database').attempt(({ signal }) => this.ask(signal));
    const { database } = await ask.withTimeout(DEADLINE).cacheFor(REMEMBERED);
    return database.status === 'up';
  }

  onApplicationShutdown(): void {
    this.drop();
  }

  /** Repeats a failed check on a new connection: the old one may have been closed while idle. */
  private async ask(signal: AbortSignal): Promise<void> {
    const giveUp = () => this.drop();
    signal.addEventListener('abort', giveUp);
    try {
      const isOld = this.connection !== undefined;
      await this.select().catch((error: unknown) => {
        if (isOld && !signal.aborted) return this.select();
        throw error;
      });
    } finally {
      signal.removeEventListener('abort', giveUp); // Terminus aborts it after a success, too
    }
  }

  private async select(): Promise<void> {
    const connection = (this.connection ??= this.connect());
    try {
      await connection.made;
      await connection.client.query('SELECT 1');
    } catch (error) {
      this.drop(connection);
      throw error;
    }
  }

  private connect(): Connection {
    const { servers, user, password, name, ssl, pooler } = this.settings.connection;
    const client = new DatabaseClient({
      ...servers[0],
      primary: PrimaryFinder.of(this.settings.connection),
      user,
      password,
      database: name,
      ssl,
      session: sessionParameters({ pooler }, { withTimeouts: false }),
      application_name: 'userhub probe',
    });
    const connection = { client, made: client.connect() };
    client.on('error', () => this.drop(connection)); // without a listener, an idle connection's error would crash the process
    return connection;
  }

  /** Without `end`, which would wait for a server that hangs. */
  private drop(connection = this.connection): void {
    if (this.connection === connection) this.connection = undefined;
    if (connection) socketOf(connection.client).destroy();
  }
}

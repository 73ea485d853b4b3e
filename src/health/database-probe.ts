import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
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
 * Asks the database whether it is there: on a connection of its own, so that a busy pool is no failure, with a deadline
 * of its own, once at a time and once a second however many probes come in, so that they can't pile up while it hangs.
 */
@Injectable()
export class DatabaseProbe implements OnApplicationShutdown {
  private connection?: Connection;
  private answer?: { isUp: Promise<boolean>; until: number };

  constructor(private readonly settings: DatabaseSettings) {}

  /** Whether the database answered within the last second. Takes 0.8 s at most, and never throws. */
  isUp(): Promise<boolean> {
    if (this.answer && this.answer.until > performance.now()) return this.answer.isUp;
    const answer = { isUp: this.ask(), until: Infinity };
    this.answer = answer;
    void answer.isUp.then(() => (answer.until = performance.now() + REMEMBERED));
    return answer.isUp;
  }

  onApplicationShutdown(): void {
    this.drop();
  }

  /** What fails on an old connection is asked again on a fresh one: it may have been ended while nobody looked. */
  private async ask(): Promise<boolean> {
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort();
      this.drop();
    }, DEADLINE);
    const isOld = this.connection !== undefined;
    const isUp = (await this.answers()) || (isOld && !late.signal.aborted && (await this.answers()));
    clearTimeout(timer);
    return isUp;
  }

  private async answers(): Promise<boolean> {
    const connection = (this.connection ??= this.connect());
    try {
      await connection.made;
      await connection.client.query('SELECT 1');
      return true;
    } catch {
      this.drop(connection);
      return false;
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
    client.on('error', () => this.drop(connection)); // an idle connection that dies is no crash
    return connection;
  }

  /** Without a goodbye, which would wait for a server that hangs. */
  private drop(connection = this.connection): void {
    if (this.connection === connection) this.connection = undefined;
    if (connection) socketOf(connection.client).destroy();
  }
}

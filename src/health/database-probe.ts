import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import type { DatabaseSettings } from '../config/database-settings.js';
import { seconds } from '../config/durations.js';

/** The database's place, in the injector. */
export const DATABASE = Symbol('DatabaseSettings');

interface Connection {
  client: pg.Client;
  made: Promise<unknown>;
}

/** What pg doesn't say of its clients: how to end one that hangs. */
interface Droppable {
  connection: { stream: { destroy(): void } };
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

  constructor(@Inject(DATABASE) private readonly database: DatabaseSettings) {}

  /** Whether the database answered within the last second. Takes 0.8 s at most, and never throws. */
  isUp(): Promise<boolean> {
    if (this.answer && this.answer.until > Date.now()) return this.answer.isUp;
    const answer = { isUp: this.ask(), until: Infinity };
    this.answer = answer;
    void answer.isUp.then(() => (answer.until = Date.now() + REMEMBERED));
    return answer.isUp;
  }

  async onApplicationShutdown(): Promise<void> {
    const connection = this.connection;
    this.connection = undefined;
    await connection?.client.end().catch(() => undefined);
  }

  private async ask(): Promise<boolean> {
    const connection = (this.connection ??= this.connect());
    const timer = setTimeout(() => this.drop(connection), DEADLINE);
    try {
      await connection.made;
      await connection.client.query('SELECT 1');
      return true;
    } catch {
      this.drop(connection);
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  private connect(): Connection {
    const { host, port, user, password, name, ssl } = this.database;
    const client = new pg.Client({ host, port, user, password, database: name, ssl, application_name: 'userhub probe' });
    const connection = { client, made: client.connect() };
    client.on('error', () => this.drop(connection)); // an idle connection that dies is no crash
    return connection;
  }

  private drop(connection: Connection): void {
    if (this.connection === connection) this.connection = undefined;
    (connection.client as unknown as Droppable).connection.stream.destroy();
  }
}

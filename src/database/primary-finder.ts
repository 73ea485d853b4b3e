import { setTimeout as delay } from 'node:timers/promises';
import { seconds } from '../config/durations.js';
import { databaseError } from './database-error.js';
import type { ConnectionSettings, DatabaseServer } from '../config/connection-settings.js';

const SHARED = 200; // milliseconds for which a result, good or bad, serves other connections
const PAUSE = 100; // milliseconds
const TIMEOUT = seconds(1.5); // of the 2 s that the pool waits for a connection

/** None of several servers accepted a connection as the primary. The message names no server, as it is logged. */
class NoPrimaryError extends Error {
  private constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }

  /** When a server rejects us for a reason that all of them share (a password, an unknown database), that error is kept. */
  static from(errors: unknown[]): unknown {
    const objection = errors.find((error) => /^(?:08|28|3D)/.test(databaseError(error).code ?? ''));
    if (objection) return objection;
    const codes = errors.map((error) => databaseError(error).code ?? 'no answer');
    const counts = [...new Set(codes)].map((code) => `${codes.filter((one) => one === code).length} × ${code}`);
    const code = codes.includes('STANDBY') ? 'STANDBY' : (codes[0] ?? '');
    return new NoPrimaryError(`None of ${errors.length} servers is a primary: ${counts.join(', ')}`, code);
  }
}

/** A connection that is made only to find out whether its server is the primary. */
export interface Candidate {
  /** @throws StandbyError, or the error of connecting */
  connect(): Promise<unknown>;
  end(): Promise<void>;
  destroy(reason: Error): void;
}

/**
 * Finds the primary among several servers, as libpq's `target_session_attrs=read-write` does: on connecting, all at once,
 * and once for all connections made at that time. A server that doesn't respond doesn't delay one that does.
 */
export class PrimaryFinder {
  private static readonly finders = new WeakMap<ConnectionSettings, PrimaryFinder>();
  private search?: { answer: Promise<DatabaseServer>; isOver: boolean };

  constructor(private readonly servers: DatabaseServer[]) {}

  /** The finder that all connections of these settings share; undefined with one server. */
  static of(database: ConnectionSettings): PrimaryFinder | undefined {
    if (database.servers.length === 1) return undefined;
    const finder = PrimaryFinder.finders.get(database) ?? new PrimaryFinder(database.servers);
    PrimaryFinder.finders.set(database, finder);
    return finder;
  }

  /** The first server that reports not to be a standby. @throws NoPrimaryError, or an error that all servers share */
  find(candidate: (server: DatabaseServer) => Candidate): Promise<DatabaseServer> {
    if (this.search) return this.search.answer;
    const search = { answer: this.ask(candidate), isOver: false };
    this.search = search;
    const end = () => {
      search.isOver = true;
      setTimeout(() => this.search === search && this.forget(), SHARED).unref();
    };
    search.answer.then(end, end);
    return search.answer;
  }

  /** After a lost connection: the next one searches again. */
  forget(): void {
    if (this.search?.isOver) this.search = undefined;
  }

  /** While one server is silent, the others are asked repeatedly: it may hang, and another be promoted meanwhile. */
  private async ask(candidate: (server: DatabaseServer) => Candidate): Promise<DatabaseServer> {
    const clients: Candidate[] = [];
    const refusals = new Map<DatabaseServer, unknown>();
    let isOver = false;
    const connect = async (server: DatabaseServer): Promise<DatabaseServer> => {
      do {
        const client = candidate(server);
        clients.push(client);
        try {
          await client.connect();
          return server;
        } catch (error) {
          refusals.set(server, error);
        }
        if (refusals.size < this.servers.length) await delay(PAUSE);
      } while (!isOver && refusals.size < this.servers.length);
      throw refusals.get(server);
    };
    const hangUp = () => {
      isOver = true;
      for (const client of clients) client.destroy(new Error('timeout expired'));
    };
    setTimeout(hangUp, TIMEOUT).unref(); // destroys connections that don't react to `end`, as their server hangs
    try {
      return await Promise.any(this.servers.map(connect));
    } catch (error) {
      throw NoPrimaryError.from((error as AggregateError).errors);
    } finally {
      isOver = true;
      for (const client of clients) void client.end().catch(() => undefined);
    }
  }
}

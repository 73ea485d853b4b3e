import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseServer, ConnectionSettings } from '../config/database-settings.js';
import { seconds } from '../config/durations.js';
import { NoPrimaryError } from './failures.js';

const SHARED = 200; // milliseconds for which an answer, good or bad, serves others who connect
const PAUSE = 100; // milliseconds
const TIMEOUT = seconds(1.5); // of the 2 s that the pool has for a connection

/** A connection that is made only to learn whether its server is the primary. */
export interface Candidate {
  /** @throws StandbyError, and whatever keeps a connection from being made */
  connect(): Promise<unknown>;
  end(): Promise<void>;
  destroy(reason: Error): void;
}

/**
 * Which of several servers takes writes, as libpq's `target_session_attrs=read-write`: asked when a connection is made, all
 * at once, and once for everybody who connects at that time. One that is frozen holds nobody up while another one answers.
 */
export class PrimaryFinder {
  private static readonly finders = new WeakMap<ConnectionSettings, PrimaryFinder>();
  private search?: { answer: Promise<DatabaseServer>; isOver: boolean };

  constructor(private readonly servers: DatabaseServer[]) {}

  /** The one that all connections of these settings share; undefined where there is one server and nothing to find. */
  static of(database: ConnectionSettings): PrimaryFinder | undefined {
    if (database.servers.length === 1) return undefined;
    const finder = PrimaryFinder.finders.get(database) ?? new PrimaryFinder(database.servers);
    PrimaryFinder.finders.set(database, finder);
    return finder;
  }

  /** The first server to say that it is no standby. @throws NoPrimaryError, or what a server has against us */
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

  /** A connection was lost: whoever connects next asks anew. */
  forget(): void {
    if (this.search?.isOver) this.search = undefined;
  }

  /** While one server is silent, the others are asked again: it may be frozen, and one of them be promoted meanwhile. */
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
    setTimeout(hangUp, TIMEOUT).unref(); // also on those that don't mind being told goodbye, as they are frozen
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

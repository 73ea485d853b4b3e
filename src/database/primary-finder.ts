import type { DatabaseServer, ConnectionSettings } from '../config/database-settings.js';
import { seconds } from '../config/durations.js';
import { NoPrimaryError } from './failures.js';

const SHARED = 200; // milliseconds for which an answer, good or bad, serves others who connect
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

  private async ask(candidate: (server: DatabaseServer) => Candidate): Promise<DatabaseServer> {
    const asked = this.servers.map((server) => ({ server, client: candidate(server) }));
    const hangUp = () => asked.forEach(({ client }) => client.destroy(new Error('timeout expired')));
    setTimeout(hangUp, TIMEOUT).unref(); // also on those that don't mind being told goodbye, as they are frozen
    try {
      return await Promise.any(asked.map(({ server, client }) => client.connect().then(() => server)));
    } catch (error) {
      throw NoPrimaryError.from((error as AggregateError).errors);
    } finally {
      for (const { client } of asked) void client.end().catch(() => undefined);
    }
  }
}

import type pg from 'pg';
import { seconds } from '../config/durations.js';
import { socketOf } from './client.js';
import { DatabaseDeadlineError, isPlanOutdated } from './failures.js';
import { type Done, NamedQuery, submit } from './named-query.js';

/** The look-up before this one is not being answered, as when it waits for a table that is locked: ask elsewhere. */
export class LookupStalledError extends Error {
  constructor() {
    super('The look-ups before this one have stalled');
  }
}

/** A look-up that has been asked for. */
interface Lookup {
  name: string;
  query: NamedQuery;
  since: number;
  done: Done<object>;
  /** Lets whoever asked go; the answer, when it comes, is nobody's. */
  abandon: () => void;
}

const DEADLINE = seconds(2);
const STALLED = 100; // milliseconds without the oldest look-up being answered
const PAUSE = seconds(1); // before it connects again

/**
 * One connection for look-ups by key from all requests. Whatever is asked in one turn of the event loop is sent at once
 * and, by one process of the database, answered at once: a crowd of requests costs a few system calls and task switches
 * instead of several each. Answers come in order, so nothing may go this way that can take long or wait for a row lock.
 *
 * It serves only while it flows: when the database hangs or a table is locked, everybody who comes goes by the pool, with
 * its queue and its retries; and so does, a tenth of a second later, whoever asks something else than the look-up that is stuck.
 */
export class LookupConnection {
  private client?: pg.Client;
  private isConnecting = false;
  private next = 0; // when it may connect again
  private batch: Lookup[] = [];
  private readonly asked: Lookup[] = []; // the oldest first
  private prepared = new Map<string, boolean>(); // on this connection, by name: false until the first answer
  private clock?: NodeJS.Timeout;
  private oldestSeen?: Lookup | undefined; // when the clock last struck
  private isClosed = false;

  /**
   * @param connect makes a connection, which is not open yet
   * @param lifetime of a connection, in milliseconds
   */
  constructor(
    private readonly connect: () => pg.Client,
    private readonly lifetime: number,
  ) {}

  /** How many connections it has: one or none. */
  get size(): number {
    return this.client ? 1 : 0;
  }

  /** Whether it has a connection that nobody waits for. */
  get isIdle(): boolean {
    return this.client !== undefined && this.asked.length === 0;
  }

  /** Whether it takes look-ups at the moment. If it has no connection, it goes and gets one. */
  get isFlowing(): boolean {
    if (!this.client) {
      if (!this.isConnecting && !this.isClosed && performance.now() >= this.next) void this.open();
      return false;
    }
    const [oldest] = this.asked;
    return !oldest || performance.now() - oldest.since < STALLED;
  }

  /** Whether the statement may be sent here. Until its first execution has succeeded, one at a time: with pipelining, executions queued behind a failed Parse would fail too. */
  takes(name: string): boolean {
    return this.isFlowing && this.prepared.get(name) !== false;
  }

  /**
   * The rows that a named statement finds.
   * @throws DatabaseDeadlineError after 2 s, LookupStalledError, and what the database throws
   */
  run<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    const { prepared } = this;
    if (!prepared.has(name)) prepared.set(name, false);
    return new Promise((resolve, reject) => {
      const lookup: Lookup = {
        name,
        query: new NamedQuery(name, text, values),
        since: performance.now(),
        abandon: () => reject(new LookupStalledError()),
        done: (error, rows) => {
          this.asked.splice(this.asked.indexOf(lookup), 1); // the first, unless the connection broke
          if (error) {
            if (!prepared.get(name) || isPlanOutdated(error)) prepared.delete(name);
            return reject(error);
          }
          prepared.set(name, true);
          resolve(rows as Row[]);
        },
      };
      this.asked.push(lookup);
      if (this.batch.push(lookup) === 1) setImmediate(() => this.send());
    });
  }

  /** Ends the connection, once all that was asked is answered. */
  async close(): Promise<void> {
    this.isClosed = true;
    const { client } = this;
    this.leave();
    await client?.end().catch(() => undefined);
  }

  /** Lets the connection go once all that was asked is answered, and makes another one when one is needed. */
  retire(): void {
    const { client } = this;
    this.leave();
    void client?.end().catch(() => undefined);
  }

  private send(): void {
    const [batch, client] = [this.batch, this.client];
    this.batch = [];
    if (!client) {
      for (const { done } of batch) done(new Error('Connection terminated'), []);
      return;
    }
    const socket = socketOf(client);
    socket.cork();
    for (const { query, done } of batch) submit(client, query, done);
    socket.uncork();
  }

  private async open(): Promise<void> {
    this.isConnecting = true;
    this.next = performance.now() + PAUSE;
    const client = this.connect();
    (client as unknown as { pipeline: boolean }).pipeline = true; // an option that pg's types don't know of yet
    client.on('error', () => this.leave(client));
    client.on('end', () => this.leave(client));
    try {
      await client.connect();
      if (this.isClosed) return await client.end();
      this.client = client;
      this.prepared = new Map();
      this.clock = setInterval(() => this.watch(client, this.next + this.lifetime), STALLED).unref();
    } catch {
      // whoever uses the pool meanwhile learns of it
    } finally {
      this.isConnecting = false;
    }
  }

  /** Gives up a connection that has not answered for too long, and lets an old one go. */
  private watch(client: pg.Client, until: number): void {
    const [oldest] = this.asked;
    // not before the answers that may have come while this process was busy have been read
    if (oldest && oldest === this.oldestSeen) setImmediate(() => this.asked[0] === oldest && this.abandonOthers());
    this.oldestSeen = oldest;
    const now = performance.now();
    if (oldest && now - oldest.since >= DEADLINE) {
      this.leave(client);
      socketOf(client).destroy(new DatabaseDeadlineError(DEADLINE));
    } else if (now > until) {
      this.retire();
    }
  }

  /** All that don't ask the same as the oldest, which may wait for a lock. */
  private abandonOthers(): void {
    const [oldest, ...others] = this.asked;
    for (const { name, abandon } of others) if (name !== oldest?.name) abandon();
  }

  private leave(client = this.client): void {
    if (client !== this.client) return;
    clearInterval(this.clock);
    this.client = undefined;
  }
}

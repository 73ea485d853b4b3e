import type { Socket } from 'node:net';
import pg from 'pg';
import { seconds } from '../config/durations.js';
import type { ConnectionGroup, Member } from './connection-group.js';
import { DatabaseDeadlineError, isConnectionUseless, isReadOnly, notConnected, StandbyError } from './failures.js';
import type { PrimaryFinder } from './primary-finder.js';
import type { DatabaseServer } from '../config/connection-settings.js';

const DEADLINE = seconds(7);
const CLOSE_TIMEOUT = seconds(1);

/** What our connections are made with besides pg's own options. */
export interface DatabaseClientConfig extends pg.ClientConfig {
  /** Run-time parameters of the session, sent in the start-up message, so that no default of a role or database matters. */
  session?: Record<string, string>;
  group?: ConnectionGroup;
  /** Where there are several servers: says which one to connect to. */
  primary?: PrimaryFinder;
}

type AnyQuery = (...args: unknown[]) => unknown;

/** The part of pg's connection that its types leave out. */
interface Wire {
  stream: Socket;
  on(event: 'parameterStatus', listener: (status: { parameterName: string; parameterValue: string }) => void): void;
}

/**
 * A connection that asks for the session parameters which our statements count on, and that refuses to be made to a standby:
 * a look-up there would miss what was just written, and see what was just ended.
 */
export class DatabaseClient extends pg.Client {
  private readonly session: Record<string, string>;
  readonly #config: DatabaseClientConfig; // hidden from whoever prints a client: it has the password
  private inHotStandby?: boolean;

  constructor(config?: string | DatabaseClientConfig) {
    super(config);
    this.#config = typeof config === 'object' ? config : {};
    this.session = this.#config.session ?? {};
    // whoever waits for an answer is told; without a listener the process would end
    this.on('error', () => this.primary?.forget());
    wireOf(this).on('parameterStatus', ({ parameterName, parameterValue }) => {
      if (parameterName === 'in_hot_standby') this.inHotStandby = parameterValue === 'on';
    });
  }

  /** @throws StandbyError; whatever it throws, `databaseProblem` takes it for a database that is away */
  override connect(): Promise<pg.Client>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<pg.Client> | void {
    const connected = this.connectToPrimary();
    if (!callback) return connected.then(() => this);
    connected.then(callback as () => void, callback);
  }

  /** Hangs up, whatever is under way. */
  destroy(reason?: Error): void {
    socketOf(this).destroy(reason);
  }

  /** What pg sends as its start-up message. */
  getStartupConf(): object {
    const base = pg.Client.prototype as unknown as { getStartupConf: (this: pg.Client) => object };
    return { ...base.getStartupConf.call(this), ...this.session };
  }

  /** What says which of several servers to connect to. */
  protected get primary(): PrimaryFinder | undefined {
    return this.#config.primary;
  }

  private async connectToPrimary(): Promise<void> {
    try {
      if (this.primary) this.goTo(await this.primary.find((server) => this.candidate(server)));
      await new Promise<void>((resolve, reject) =>
        super.connect((error: Error | null) => (error ? reject(error) : resolve())),
      );
      if (await this.isStandby()) throw new StandbyError();
    } catch (error) {
      if (error instanceof StandbyError) void this.end();
      throw notConnected(error);
    }
  }

  /** @throws when whoever asked for the connection has given it up meanwhile: connecting would bring its socket back */
  private goTo({ host, port }: DatabaseServer): void {
    if (socketOf(this).destroyed) throw new Error('connection timeout');
    Object.assign(this, { host, port });
  }

  /** A connection like this one to a certain server; `password` is a non-enumerable property of pg's options, so spreading loses it. */
  private candidate(server: DatabaseServer): DatabaseClient {
    const config = this.#config;
    return new DatabaseClient({ ...config, ...server, password: config.password, primary: undefined });
  }

  /** PostgreSQL 14 and later say so unasked; earlier ones, and some poolers, are asked. */
  private async isStandby(): Promise<boolean> {
    if (this.inHotStandby !== undefined) return this.inHotStandby;
    const { rows } = await this.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
    return rows[0]?.standby === true;
  }
}

/**
 * A connection that destroys its socket when a query takes longer than 7 s.
 *
 * pg's own `query_timeout` leaves the statement running and drops the queued ROLLBACK, so a connection would return to
 * the pool inside an open transaction and later acknowledged writes would be lost. And a frozen server can't end its
 * statements itself. A destroyed socket is final: the pool makes a new connection, the server rolls back.
 */
export class DeadlineClient extends DatabaseClient implements Member {
  static deadline = DEADLINE;

  answeredAt = performance.now();
  private readonly group?: ConnectionGroup;
  private running = 0;
  private isRetired = false;

  constructor(config?: string | DatabaseClientConfig) {
    super(config);
    this.group = typeof config === 'object' ? config.group : undefined;
    this.query = this.withDeadline(this.query.bind(this)) as typeof this.query;
    this.once('connect', () => this.group?.add(this));
    this.once('end', () => this.group?.remove(this));
  }

  /** Says goodbye, and hangs up a second later if the server has nothing to say to that. */
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    // a server that is shutting down may still send an error: ignored, or the pool would log it
    this.removeAllListeners('error').on('error', () => undefined);
    const timer = setTimeout(() => this.destroy(), CLOSE_TIMEOUT).unref();
    this.once('end', () => clearTimeout(timer));
    return callback ? super.end(callback) : super.end();
  }

  /** While it is idle the pool listens to its errors, and removes it at once; in use, it ends once its transaction is over. */
  retire(): void {
    this.isRetired = true;
    if (this.running === 0) this.emit('error', new Error('The connection is not to be trusted any more'));
  }

  private withDeadline(query: AnyQuery): AnyQuery {
    return (...args) => {
      const sentAt = performance.now();
      const timer = setTimeout(() => this.giveUp(sentAt), DeadlineClient.deadline);
      this.running++;
      const settle = (error?: unknown) => {
        clearTimeout(timer);
        this.running--;
        this.settle(error);
      };
      const last = args.length - 1;
      const callback = args[last];
      if (typeof callback === 'function') {
        args[last] = (...answer: unknown[]) => {
          settle(answer[0]);
          (callback as AnyQuery)(...answer);
        };
        return query(...args);
      }
      const result = query(...args);
      if (!(result instanceof Promise)) {
        clearTimeout(timer); // a cursor or a stream: whoever made it watches it
        return result;
      }
      return result.then(
        (answer: unknown) => (settle(), answer),
        (error: unknown) => {
          settle(error);
          throw error;
        },
      );
    };
  }

  private giveUp(sentAt: number): void {
    this.destroy(new DatabaseDeadlineError(DeadlineClient.deadline));
    this.group?.retireSilentSince(sentAt);
  }

  /** A connection that has ended says so only a moment later; the pool must not give it to anybody in between. */
  private settle(error?: unknown): void {
    if (error && isReadOnly(error)) {
      this.primary?.forget();
      this.group?.retireAll();
    }
    if (error ? isConnectionUseless(error) : this.isRetired && !isInTransaction(this)) void this.end();
    else this.answeredAt = performance.now();
  }
}

/** The socket of a connection, which pg's types keep to themselves: the one way to end a connection that hangs. */
export const socketOf = (client: pg.Client): Socket => wireOf(client).stream;

const wireOf = (client: pg.Client) => (client as unknown as { connection: Wire }).connection;

const isInTransaction = (client: pg.Client) =>
  (client as unknown as { getTransactionStatus(): 'I' | 'T' | 'E' | null }).getTransactionStatus() !== 'I';

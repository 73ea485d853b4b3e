import type { Socket } from 'node:net';
import pg from 'pg';
import { seconds } from '../config/durations.js';
import { DatabaseDeadlineError, isConnectionUseless } from './failures.js';

const DEADLINE = seconds(7);
const FAREWELL = seconds(1);

type AnyQuery = (...args: unknown[]) => unknown;

/**
 * A connection that destroys its socket when a query takes longer than 7 s.
 *
 * pg's own `query_timeout` leaves the statement running and drops the queued ROLLBACK, so a connection would return to
 * the pool inside an open transaction and later acknowledged writes would be lost. And a frozen server can't end its
 * statements itself. A destroyed socket is final: the pool makes a new connection, the server rolls back.
 */
export class DeadlineClient extends pg.Client {
  static deadline = DEADLINE;

  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined); // whoever waits for an answer is told; without a listener the process would end
    this.query = this.withDeadline(this.query.bind(this)) as typeof this.query;
  }

  /** Says goodbye, and hangs up a second later if the server has nothing to say to that. */
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    const timer = setTimeout(() => this.destroySocket(), FAREWELL).unref();
    this.once('end', () => clearTimeout(timer));
    return callback ? super.end(callback) : super.end();
  }

  private withDeadline(query: AnyQuery): AnyQuery {
    return (...args) => {
      const timer = setTimeout(() => this.destroySocket(new DatabaseDeadlineError(DeadlineClient.deadline)), DeadlineClient.deadline); // prettier-ignore
      const last = args.length - 1;
      const callback = args[last];
      if (typeof callback === 'function') {
        args[last] = (...answer: unknown[]) => {
          this.settle(timer, answer[0]);
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
        (answer: unknown) => (this.settle(timer), answer),
        (error: unknown) => {
          this.settle(timer, error);
          throw error;
        },
      );
    };
  }

  /** A connection that has ended says so only a moment later; the pool must not give it to anybody in between. */
  private settle(timer: NodeJS.Timeout, error?: unknown): void {
    clearTimeout(timer);
    if (error && isConnectionUseless(error)) void this.end();
  }

  private destroySocket(reason?: Error): void {
    socketOf(this).destroy(reason);
  }
}

/** The socket of a connection, which pg's types keep to themselves: the one way to end a connection that hangs. */
export const socketOf = (client: pg.Client): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;

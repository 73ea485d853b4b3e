import pg from 'pg';
import { seconds } from '../config/durations.js';

const DEADLINE = seconds(7);

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
    this.query = this.withDeadline(this.query.bind(this) as AnyQuery) as typeof this.query;
  }

  private withDeadline(query: AnyQuery): AnyQuery {
    return (...args) => {
      const timer = setTimeout(() => this.destroySocket(), DeadlineClient.deadline);
      const last = args.length - 1;
      const callback = args[last];
      if (typeof callback === 'function') {
        args[last] = (...answer: unknown[]) => {
          clearTimeout(timer);
          (callback as AnyQuery)(...answer);
        };
        return query(...args);
      }
      const result = query(...args);
      if (!(result instanceof Promise)) {
        clearTimeout(timer); // a cursor or a stream: whoever made it watches it
        return result;
      }
      return result.finally(() => clearTimeout(timer));
    };
  }

  private destroySocket(): void {
    const { connection } = this as unknown as { connection: { stream: NodeJS.WritableStream & { destroy(e: Error): void } } };
    connection.stream.destroy(new Error(`The database did not answer within ${DeadlineClient.deadline} ms`));
  }
}

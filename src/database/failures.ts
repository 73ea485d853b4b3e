/** What a failing database means to a client. */
import { emailTaken, notFound, Problem, unavailable, usernameTaken } from '../errors.js';

interface DatabaseError {
  code?: string;
  constraint?: string;
  message?: string;
  driverError?: unknown;
}

/** A violated constraint, by its name: never check first and insert later. */
const CONSTRAINTS: Record<string, () => Problem> = {
  users_email_key: emailTaken,
  users_username_key: usernameTaken,
  sessions_user_id_fkey: () => notFound('user'),
};

const CONNECTION_LOST = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOENT', // a Unix socket that is gone
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  '08P01', // PgBouncer's way to say that the server has gone
]);
const CONNECTION_LOST_TEXT =
  /Connection terminated|not queryable|connection timeout|timeout exceeded when trying to connect|did not answer within/i;

/** SQLSTATE classes and codes after which the same request may well succeed in a moment. */
const TRANSIENT = /^(?:53|57|58|55P03|55006|25006|25P03|40|XX)/;

const RETRIABLE = new Set(['40P01', '40001']); // deadlock_detected, serialization_failure

/** Whether the connection died under the statement, so that nobody knows whether it was carried out. */
export function isConnectionLost(error: unknown): boolean {
  const { code, message } = databaseError(error);
  return (code !== undefined && CONNECTION_LOST.has(code)) || CONNECTION_LOST_TEXT.test(message ?? '');
}

/** Whether the database undid the transaction and asks for it to be tried again. */
export function isRetriable(error: unknown): boolean {
  return RETRIABLE.has(databaseError(error).code ?? '');
}

/** The problem behind a database failure, or undefined when it is a bug of ours. */
export function databaseProblem(error: unknown): Problem | undefined {
  const { code, constraint } = databaseError(error);
  if (constraint && CONSTRAINTS[constraint]) return CONSTRAINTS[constraint]();
  if (isConnectionLost(error) || (code && TRANSIENT.test(code))) return unavailable();
  return undefined;
}

/** TypeORM wraps what pg throws. */
function databaseError(error: unknown): DatabaseError {
  const outer = (error ?? {}) as DatabaseError;
  return (outer.driverError as DatabaseError | undefined) ?? outer;
}

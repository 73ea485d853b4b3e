/** Classifies database errors: what they mean for a connection, a statement and a client. */
import { type Problem, unavailable } from '../problems.js';
import { violation } from './constraints.js';
import { databaseError } from './database-error.js';

/** The database didn't answer in time, and the connection was closed. */
export class DatabaseDeadlineError extends Error {
  readonly code = 'DEADLINE';

  constructor(milliseconds: number) {
    super(`The database did not answer within ${milliseconds} ms`);
  }
}

/** A connection to a standby, which is closed again. */
export class StandbyError extends Error {
  readonly code = 'STANDBY';

  constructor() {
    super('The server is a standby (in_hot_standby=on)');
  }
}

/** Codes for a connection that was lost before or while a statement ran. */
const LOST = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P05', // idle_session_timeout
  '25P03', // idle_in_transaction_session_timeout
  '08003',
  '08006',
  '08P01', // protocol_violation: PgBouncer reports a lost server connection by it
]);
const LOST_TEXT = /^Connection terminated(?: unexpectedly)?$|not queryable$/;

/** Codes for a connection that could not be made, or none free: nothing was sent to the database. */
const AWAY = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const AWAY_TEXT = /^timeout exceeded|connection timeout$|^timeout expired$|^Cannot use a pool after|^connect ENOENT/;

/**
 * SQLSTATEs after which the same request may soon succeed: connection, authorization, read-only, deadlock, out of resources,
 * lock not available, cancelled or shutting down, system errors, a database that doesn't exist yet.
 */
const PASSING = /^(?:08|28|25006|25P03|3D|40|53|55006|55P03|57|58|DEADLINE|STANDBY|XX)/;

const RETRIABLE = new Set(['40P01', '40001']); // deadlock_detected, serialization_failure
const READ_ONLY = '25006'; // read_only_sql_transaction: after a failover the connection may still lead to the former primary

/** Whether the connection was lost under the statement, so that it is unknown whether it ran. */
export function isConnectionLost(error: unknown): boolean {
  const { code, message } = databaseError(error);
  return LOST.has(code ?? '') || LOST_TEXT.test(message ?? '');
}

/** Whether the connection must not be used again. */
export function isConnectionUseless(error: unknown): boolean {
  return isConnectionLost(error) || isReadOnly(error);
}

/** Whether the server is read-only, as after a failover that the connection didn't follow. */
export function isReadOnly(error: unknown): boolean {
  return databaseError(error).code === READ_ONLY;
}

const NOT_CONNECTED = Symbol('not connected');

/** Marks an error that prevented a connection (TLS, certificate, name, password): nothing was sent to the database. */
export function notConnected<Thrown>(error: Thrown): Thrown {
  return typeof error === 'object' && error !== null ? Object.assign(error, { [NOT_CONNECTED]: true }) : error;
}

/** Whether the database could not be reached, or the connection to it was lost. */
export function isUnreachable(error: unknown): boolean {
  const { code = '', message = '' } = databaseError(error);
  const isRefused = typeof error === 'object' && error !== null && NOT_CONNECTED in error;
  return (
    isRefused ||
    isConnectionLost(error) ||
    code === 'DEADLINE' ||
    AWAY.has(code) ||
    message.endsWith('connection timeout')
  );
}

/**
 * Whether a prepared statement would return other columns than before: a migration has changed a type. The statement didn't
 * run. The message isn't looked at, as it is in the server's language.
 */
export function isPlanOutdated(error: unknown): boolean {
  const { code, routine } = databaseError(error);
  return code === '0A000' && routine === 'RevalidateCachedQuery';
}

const UNKNOWN_STATEMENT = new Set(['26000', '42P05']); // invalid_sql_statement_name, duplicate_prepared_statement

/** Whether the server doesn't know our prepared statements, or knows others by their names: a pooler has switched the session. */
export function isStatementOfOthers(error: unknown): boolean {
  return UNKNOWN_STATEMENT.has(databaseError(error).code ?? '');
}

/** Whether a pooler refuses session parameters. */
export function refusesSessionParameters(error: unknown): boolean {
  return /unsupported startup parameter/i.test(databaseError(error).message ?? '');
}

/** Whether a lock wasn't granted within `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  return databaseError(error).code === '55P03';
}

/** Whether the database rolled the transaction back and it should be repeated. */
export function isRetriable(error: unknown): boolean {
  return RETRIABLE.has(databaseError(error).code ?? '');
}

/** The problem of a database error; undefined when it is a bug in UserHub. */
export function databaseProblem(error: unknown): Problem | undefined {
  const violated = violation(error);
  if (violated) return violated;
  const { code = '', message = '' } = databaseError(error);
  const passing = isUnreachable(error) || AWAY_TEXT.test(message) || PASSING.test(code);
  return passing ? unavailable() : undefined;
}

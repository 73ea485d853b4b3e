/** What a failing database means: to a connection, to a statement, to a client. */
import { conflict, notFound, type Problem, problem, unavailable } from '../problems.js';

interface DatabaseError {
  code?: string;
  constraint?: string;
  message?: string;
  routine?: string;
  driverError?: unknown;
}

/** The database did not answer in time, so the connection was given up. */
export class DatabaseDeadlineError extends Error {
  readonly code = 'DEADLINE';

  constructor(milliseconds: number) {
    super(`The database did not answer within ${milliseconds} ms`);
  }
}

/** The connection was made, and to a standby: it is not kept. */
export class StandbyError extends Error {
  readonly code = 'STANDBY';

  constructor() {
    super('The server is a standby (in_hot_standby=on)');
  }
}

/** None of several servers could be connected to as the primary. Its message names no server: it is logged. */
export class NoPrimaryError extends Error {
  private constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }

  /** What one of them has against us (a password, a database that isn't there) is what they all will say: then that. */
  static from(errors: unknown[]): unknown {
    const objection = errors.find((error) => /^(?:08|28|3D)/.test(databaseError(error).code ?? ''));
    if (objection) return objection;
    const codes = errors.map((error) => databaseError(error).code ?? 'no answer');
    const counts = [...new Set(codes)].map((code) => `${codes.filter((one) => one === code).length} × ${code}`);
    const code = codes.includes('STANDBY') ? 'STANDBY' : (codes[0] ?? '');
    return new NoPrimaryError(`None of ${errors.length} servers is a primary: ${counts.join(', ')}`, code);
  }
}

/**
 * A violated constraint, by its name: never check first and insert later. A foreign key is violated when what it refers to
 * was deleted while the request ran. Every `_key` and `_fkey` of the migrations has a meaning; a test says so.
 */
const CONSTRAINTS: Record<string, () => Problem> = {
  users_email_key: () => problem('email_taken'),
  users_username_key: () => problem('username_taken'),
  mail_challenges_user_id_fkey: () => notFound('user'),
  mail_challenges_invitation_id_fkey: () => notFound('invitation'),
  mail_challenges_open_key: () => conflict('Somebody else asked for the same at the same moment. Try again.'),
  mail_challenges_invitation_key: () => conflict('Somebody else asked for the same at the same moment. Try again.'),
  known_devices_user_id_fkey: () => notFound('user'),
  invitations_email_open_key: () => problem('invitation_open'),
  invitations_invited_by_fkey: () => notFound('user'),
  invitations_accepted_by_fkey: () => notFound('user'),
  sessions_user_id_fkey: () => notFound('user'),
  totp_factors_user_id_fkey: () => notFound('user'),
  recovery_codes_user_id_fkey: () => notFound('user'),
  passkeys_user_id_fkey: () => notFound('user'),
  passkeys_credential_id_key: () => problem('passkey_known'),
  remembered_devices_user_id_fkey: () => notFound('user'),
  identities_user_id_fkey: () => notFound('user'),
  identities_issuer_subject_key: () => problem('identity_taken'),
  provider_results_code_hash_key: () => conflict('This sign-in exists already. Try again.'),
  access_tokens_user_id_fkey: () => notFound('user'),
  access_tokens_hash_key: () => conflict('This token exists already. Try again.'),
  posts_author_id_fkey: () => problem('invalid_token'), // whoever calls is gone
  likes_post_id_fkey: () => notFound('post'),
};

/** Any other reference to a user is the owner of a row of a feature: whoever calls was deleted a moment ago. */
const OWNER = '_user_id_fkey';

/** The connection died under a statement, or before it, unnoticed. */
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
  '08P01', // PgBouncer's way to say that the server has gone
]);
const LOST_TEXT = /^Connection terminated(?: unexpectedly)?$|not queryable$/;

/** No connection could be made, or none was free, and nothing has been asked of the database. */
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
 * SQLSTATEs after which the same request may well succeed in a moment: connection, authorization, read_only, deadlock,
 * out of something, lock not available, cancelled or shutting down, the system's own failures, a database still to come.
 */
const PASSING = /^(?:08|28|25006|25P03|3D|40|53|55006|55P03|57|58|DEADLINE|STANDBY|XX)/;

const RETRIABLE = new Set(['40P01', '40001']); // deadlock_detected, serialization_failure
const READ_ONLY = '25006'; // after a failover the address may lead to another server than the connection does

/** Whether the connection died under the statement, so that nobody knows whether it was carried out. */
export function isConnectionLost(error: unknown): boolean {
  const { code, message } = databaseError(error);
  return LOST.has(code ?? '') || LOST_TEXT.test(message ?? '');
}

/** Whether the connection that this came from should not be used again. */
export function isConnectionUseless(error: unknown): boolean {
  return isConnectionLost(error) || isReadOnly(error);
}

/** Whether the server can't be written to, as after a failover to which the connection didn't follow. */
export function isReadOnly(error: unknown): boolean {
  return databaseError(error).code === READ_ONLY;
}

const NOT_CONNECTED = Symbol('not connected');

/** Marks what kept a connection from being made: whatever it is (TLS, a certificate, a name, a password), nothing was asked of the database. */
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
 * Whether a prepared statement would return other columns than it did: a migration has changed their type. Nothing was
 * done. Not by the text of the message, which is in the server's language.
 */
export function isPlanOutdated(error: unknown): boolean {
  const { code, routine } = databaseError(error);
  return code === '0A000' && routine === 'RevalidateCachedQuery';
}

const UNKNOWN_STATEMENT = new Set(['26000', '42P05']); // invalid_sql_statement_name, duplicate_prepared_statement

/** Whether the server knows our prepared statements not, or others by their names: a pooler has exchanged it for another one. */
export function isStatementOfOthers(error: unknown): boolean {
  return UNKNOWN_STATEMENT.has(databaseError(error).code ?? '');
}

/** Whether a pooler doesn't pass session parameters on. */
export function refusesSessionParameters(error: unknown): boolean {
  return /unsupported startup parameter/i.test(databaseError(error).message ?? '');
}

/** Whether a lock wasn't to be had within `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  return databaseError(error).code === '55P03';
}

/** Whether the database undid the transaction and asks for it to be tried again. */
export function isRetriable(error: unknown): boolean {
  return RETRIABLE.has(databaseError(error).code ?? '');
}

/** The problem behind a violated constraint, or undefined when it is none of those that have a meaning. */
export function violation(error: unknown): Problem | undefined {
  const { constraint = '' } = databaseError(error);
  if (constraint in CONSTRAINTS) return CONSTRAINTS[constraint]?.();
  return constraint.endsWith(OWNER) ? problem('invalid_token') : undefined;
}

/** The problem behind a database failure, or undefined when it is a bug of ours. */
export function databaseProblem(error: unknown): Problem | undefined {
  const violated = violation(error);
  if (violated) return violated;
  const { code = '', message = '' } = databaseError(error);
  const passing = isUnreachable(error) || AWAY_TEXT.test(message) || PASSING.test(code);
  return passing ? unavailable() : undefined;
}

/** TypeORM wraps what pg throws. */
function databaseError(error: unknown): DatabaseError {
  const outer = (error ?? {}) as DatabaseError;
  return (outer.driverError as DatabaseError | undefined) ?? outer;
}

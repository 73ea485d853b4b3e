/** Classifies database errors: what they mean for a connection, a statement and a client. */
import { conflict, notFound, type Problem, problem, unavailable } from '../problems.js';

interface DatabaseError {
  code?: string;
  constraint?: string;
  message?: string;
  routine?: string;
  driverError?: unknown;
}

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

/** None of several servers accepted a connection as the primary. The message names no server, as it is logged. */
export class NoPrimaryError extends Error {
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

/**
 * Problems by the name of a violated constraint, so that nothing is checked before it is inserted. A foreign key is violated
 * when the referenced row was deleted while the request ran. Every `_key` and `_fkey` of the migrations has an entry; a test
 * checks it.
 */
const CONSTRAINTS: Record<string, () => Problem> = {
  users_email_key: () => problem('email_taken'),
  users_username_key: () => problem('username_taken'),
  mail_challenges_user_id_fkey: () => notFound('user'),
  mail_challenges_invitation_id_fkey: () => notFound('invitation'),
  mail_challenges_open_key: () => conflict('A concurrent request asked for the same. Try again.'),
  mail_challenges_invitation_key: () => conflict('A concurrent request asked for the same. Try again.'),
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
  posts_author_id_fkey: () => problem('invalid_token'), // the caller was deleted
  likes_post_id_fkey: () => notFound('post'),
};

/** Other references to users are owners of rows: the caller was deleted a moment ago. */
const OWNER = '_user_id_fkey';

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

/** The problem of a violated constraint; undefined when it has none. */
export function violation(error: unknown): Problem | undefined {
  const { constraint = '' } = databaseError(error);
  if (constraint in CONSTRAINTS) return CONSTRAINTS[constraint]?.();
  return constraint.endsWith(OWNER) ? problem('invalid_token') : undefined;
}

/** The problem of a database error; undefined when it is a bug in UserHub. */
export function databaseProblem(error: unknown): Problem | undefined {
  const violated = violation(error);
  if (violated) return violated;
  const { code = '', message = '' } = databaseError(error);
  const passing = isUnreachable(error) || AWAY_TEXT.test(message) || PASSING.test(code);
  return passing ? unavailable() : undefined;
}

/** The error of pg, which TypeORM wraps. */
function databaseError(error: unknown): DatabaseError {
  const outer = (error ?? {}) as DatabaseError;
  return (outer.driverError as DatabaseError | undefined) ?? outer;
}

/** CTEs that statements about links and codes are composed of. */
import { statement } from '../../database/statement.js';
import type { Purpose } from './mail-challenge.entity.js';

/** After so many wrong codes a challenge's code is refused. */
export const MAX_ATTEMPTS = 5;

const MS = `interval '1 millisecond'`;

const isOpen = (c: string) => `${c}.used_at IS NULL AND ${c}.cancelled_at IS NULL`;
const isLiving = (c: string) => `${isOpen(c)} AND ${c}.expires_at > now()`;

/** The new challenge. All members but the purpose are SQL expressions over the rows of `from`. */
interface Opening {
  purpose: Exclude<Purpose, 'invite'>;
  /** The CTE with the accounts; it must hold their rows in `users` locked. */
  from: string;
  /** The id of a new challenge. */
  id: string;
  /** Lifetime of a new challenge in milliseconds. */
  lifetime: string;
  userId?: string;
  email?: string;
  /** The session generation that it is valid in; NULL when it outlives a new password. */
  generation?: string;
  /**
   * The generation in which an existing challenge was valid, where the statement has just incremented it: the challenge is
   * moved to the new one.
   */
  heldIn?: string;
  where?: string;
  /** Name of the CTE. */
  name?: string;
}

/**
 * Opens a challenge for each account, or reuses the valid one, so that repeated requests send the same link and code. One
 * that has expired, whose code is exhausted, or that is for another address is cancelled first. The CTE returns `id`,
 * `user_id`, `email`, `expires_at`, and `sent`, which is 1 for a new one.
 */
export function opening(options: Opening): string {
  const { purpose, from, id, lifetime, userId = 'id', email = 'email', where = 'true', name = 'challenge' } = options;
  const { generation = 'NULL::integer', heldIn = generation } = options;
  const account = `SELECT ${userId} AS user_id, ${email} AS email, ${generation} AS generation, ${heldIn} AS held_in
    FROM ${from} WHERE ${where}`;
  return `${name}_stale AS (
     UPDATE mail_challenges c SET cancelled_at = now() FROM (${account}) a
     WHERE c.user_id = a.user_id AND c.purpose = '${purpose}' AND ${isOpen('c')}
       AND (c.expires_at <= now() OR c.attempts >= ${MAX_ATTEMPTS} OR c.email <> a.email
         OR c.generation <> a.held_in) RETURNING c.id),
   ${name} AS (
     INSERT INTO mail_challenges AS c (id, purpose, user_id, email, generation, expires_at)
     SELECT ${id}, '${purpose}', a.user_id, a.email, a.generation, now() + ${lifetime} * ${MS}
     FROM (${account}) a WHERE (SELECT count(*) FROM ${name}_stale) >= 0 -- after it, as its rows are in the index until then
     ON CONFLICT (user_id, purpose) WHERE used_at IS NULL AND cancelled_at IS NULL AND purpose <> 'revert'
     DO UPDATE SET sent = least(c.sent + 1, 32767), generation = excluded.generation WHERE c.email = excluded.email
     RETURNING c.id, c.user_id, c.email, c.expires_at, c.sent)`;
}

/** A challenge that an account may have several of: each notice of a change of address has its own link to revert. */
export function openingRevert({ from, id, lifetime, userId = 'id', email, where = 'true' }: Omit<Opening, 'purpose'>) {
  return `revert AS (
     INSERT INTO mail_challenges AS c (id, purpose, user_id, email, expires_at)
     SELECT ${id}, 'revert', ${userId}, ${email}, now() + ${lifetime} * ${MS} FROM ${from} WHERE ${where}
     RETURNING c.id, c.user_id, c.email, c.expires_at)`;
}

/** The columns of an account that `locked` returns. */
const LOCKED_COLUMNS = `id, username, email, role, locale, is_active, deleted_at, email_verified_at,
  session_generation, version`;

/**
 * Locks the account of a challenge. Every statement about an account's address locks its row in `users` first, so that they
 * run one after the other and can't deadlock. The CTE is `account`.
 */
export const locked = (challengeId: string) =>
  `account AS (
     SELECT ${LOCKED_COLUMNS} FROM users
     WHERE id = (SELECT user_id FROM mail_challenges WHERE id = ${challengeId}) FOR NO KEY UPDATE)`;

/**
 * Consumes a challenge that is still valid and whose account `a` and itself `c` satisfy `where`. Must follow `locked`. The
 * CTE is `used`; it is empty when nothing was consumed, and CTEs that depend on it then do nothing.
 */
export const using = ({ purpose, id, where }: { purpose: Purpose; id: string; where: string }) =>
  `used AS (
     UPDATE mail_challenges c SET used_at = now() FROM account a
     WHERE c.id = ${id} AND c.user_id = a.id AND c.purpose = '${purpose}' AND ${isLiving('c')} AND ${where}
     RETURNING c.id, c.user_id, c.email, c.created_at)`;

/** Condition: the account may sign in. */
export const IS_ACTIVE = 'a.is_active AND a.deleted_at IS NULL';
/** Condition: a challenge is for the address that the account has. */
export const PROVES_ADDRESS = `a.email = c.email AND ${IS_ACTIVE}`;
/** Condition: since then the account has had no new password, nor been deactivated or deleted. */
export const SAME_GENERATION = 'c.generation = a.session_generation';

/** Condition: the code of `c` isn't exhausted by wrong ones. @param byCode boolean, SQL */
export const codeIsGood = (byCode: string) => `(NOT ${byCode} OR c.attempts < ${MAX_ATTEMPTS})`;

/**
 * Moves open challenges of an account to its new session generation: reset links and changes of address, for statements that
 * end sessions but should not cancel these. The CTE is `links`.
 * @param from the CTE of the account: its `userId`, and as `session_generation` the new one
 */
export const takingAlong = (from: string, userId = 'id') =>
  `links AS (
     UPDATE mail_challenges c SET generation = a.session_generation FROM ${from} a
     WHERE c.user_id = a.${userId} AND c.purpose IN ('reset', 'change') AND c.generation = a.session_generation - 1
       AND ${isOpen('c')})`;

/** Cancels the open challenges of the accounts in `from`, which must hold their rows locked. */
export function cancelling(options: {
  purposes: Purpose[];
  from: string;
  userId?: string;
  where?: string;
  name?: string;
}): string {
  const { purposes, from, userId = 'id', where = 'true', name = 'cancelled' } = options;
  return `${name} AS (
     UPDATE mail_challenges c SET cancelled_at = now() FROM ${from} a
     WHERE c.user_id = a.${userId} AND c.purpose IN (${purposes.map((purpose) => `'${purpose}'`).join(', ')})
       AND ${isOpen('c')} AND ${where} RETURNING c.user_id)`;
}

/**
 * The address that a row of `users` is changing to, or null. Only a verified one can be changing; for others the look-up is
 * skipped. The innermost SELECT has no FROM, so that `id` can only be the outer row's.
 */
export const PENDING_EMAIL = `CASE WHEN email_verified_at IS NOT NULL THEN (
  SELECT c.email FROM (SELECT id AS user_id) account JOIN mail_challenges c ON c.user_id = account.user_id
  WHERE c.purpose = 'change' AND ${isLiving('c')} AND c.generation = session_generation) END`;

/** Statements that read it have this topic: those that don't are not delayed when that table is locked. */
export const PENDING_EMAIL_TOPIC = 'challenges';

const COLUMNS = `c.id, c.purpose, c.user_id AS "userId", c.invitation_id AS "invitationId", c.email, c.attempts,
  c.created_at AS "createdAt", c.expires_at AS "expiresAt", c.used_at IS NOT NULL AS "isUsed",
  c.cancelled_at IS NOT NULL AS "isCancelled", c.expires_at <= now() AS "isExpired",
  u.email AS "accountEmail", u.username, u.email_verified_at IS NOT NULL AS "isVerified",
  coalesce(u.is_active, false) AS "isActive",
  c.generation IS NULL OR c.generation = u.session_generation AS "isOfGeneration", u.deleted_at IS NOT NULL AS "isDeleted"`;

export const BY_ID = statement(
  'challenges.by_id',
  `SELECT ${COLUMNS} FROM mail_challenges c LEFT JOIN users u ON u.id = c.user_id WHERE c.id = $1`,
);

/** The newest challenge for a purpose that wasn't cancelled, of the account with this address. */
export const BY_ADDRESS = statement(
  'challenges.by_address',
  `SELECT ${COLUMNS} FROM users u JOIN mail_challenges c ON c.user_id = u.id
   WHERE u.email = $1 AND u.deleted_at IS NULL AND c.purpose = $2 AND c.cancelled_at IS NULL
   ORDER BY c.created_at DESC LIMIT 1`,
);

/** The newest challenge for a purpose that wasn't cancelled, of this account. */
export const BY_USER = statement(
  'challenges.by_user',
  `SELECT ${COLUMNS} FROM mail_challenges c JOIN users u ON u.id = c.user_id
   WHERE c.user_id = $1 AND c.purpose = $2 AND c.cancelled_at IS NULL ORDER BY c.created_at DESC LIMIT 1`,
);

/** Changes to this address: several accounts may want it, until one of them confirms. */
export const CHANGES_TO = statement(
  'challenges.changes_to',
  `SELECT ${COLUMNS} FROM mail_challenges c JOIN users u ON u.id = c.user_id
   WHERE c.email = $1 AND c.purpose = 'change' AND c.cancelled_at IS NULL ORDER BY c.created_at DESC LIMIT 10`,
);

/** Counts a wrong code, up to five. With no challenge it is the same statement and changes nothing. */
export const COUNT_WRONG = statement(
  'challenges.count_wrong',
  `UPDATE mail_challenges SET attempts = attempts + 1
   WHERE id = ANY($1::uuid[]) AND attempts < ${MAX_ATTEMPTS} RETURNING id`,
);

/** Wrong codes of a day, over all challenges of an account: requesting another code must not allow more guesses. */
export const WRONG_TODAY = statement(
  'challenges.wrong_today',
  `SELECT sum(attempts)::int AS wrong,
     ceil(extract(epoch FROM min(created_at) FILTER (WHERE attempts > 0) + interval '1 day' - now()))::int AS seconds
   FROM mail_challenges WHERE user_id = $1 AND purpose = $2 AND created_at > now() - interval '1 day'`,
);

/** Deletes challenges a month after their end; until then they are answered with "expired" or "used". */
export const PURGE = statement(
  'challenges.purge',
  `DELETE FROM mail_challenges WHERE id IN (
     SELECT id FROM mail_challenges WHERE expires_at < now() - interval '30 days' ORDER BY expires_at LIMIT 1000
     FOR UPDATE SKIP LOCKED)
   RETURNING id`,
);

/** Opens a challenge for each invitation in `from`, or reuses the existing one; an expired one is cancelled first. */
export const openingInvitation = ({ from, id }: { from: string; id: string }) =>
  `challenge_stale AS (
     UPDATE mail_challenges c SET cancelled_at = now() FROM ${from} i
     WHERE c.invitation_id = i.id AND c.cancelled_at IS NULL AND c.expires_at <= now() RETURNING c.id),
   challenge AS (
     INSERT INTO mail_challenges AS c (id, purpose, invitation_id, email, expires_at)
     SELECT ${id}, 'invite', i.id, i.email, i.expires_at FROM ${from} i
     WHERE (SELECT count(*) FROM challenge_stale) >= 0 -- after it, as its rows are in the index until then
     ON CONFLICT (invitation_id) WHERE cancelled_at IS NULL DO UPDATE SET sent = least(c.sent + 1, 32767)
     RETURNING c.id, c.invitation_id, c.email, c.expires_at)`;

/** Consumes the challenge of an invitation, if it is valid. The CTE is `used`. */
export const usingInvitation = (id: string) =>
  `used AS (
     UPDATE mail_challenges c SET used_at = now()
     WHERE c.id = ${id} AND c.purpose = 'invite' AND ${isLiving('c')} RETURNING c.id, c.invitation_id, c.email)`;

/** Cancels the challenges of the invitations in `from`. */
export const cancellingInvitation = (from: string) =>
  `cancelled AS (
     UPDATE mail_challenges c SET cancelled_at = now() FROM ${from} i
     WHERE c.invitation_id = i.id AND c.used_at IS NULL AND c.cancelled_at IS NULL RETURNING c.id)`;

/** Finds and counts the challenges behind links and codes. */
import { statement } from '../../database/statement.js';
import { isLiving, MAX_ATTEMPTS } from './challenge-ctes.js';

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

/** CTEs that statements about links and codes are composed of. */
import type { Purpose } from './mail-challenge.entity.js';

/** After so many wrong codes a challenge's code is refused. */
export const MAX_ATTEMPTS = 5;

const MS = `interval '1 millisecond'`;

export const isOpen = (c: string) => `${c}.used_at IS NULL AND ${c}.cancelled_at IS NULL`;
export const isLiving = (c: string) => `${isOpen(c)} AND ${c}.expires_at > now()`;

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

/** For `Mails.insert`: the mail that contains the challenge of `opening`. @param accounts the CTE with their accounts */
export const toChallenged = (accounts: string) => ({
  from: `challenge c JOIN ${accounts} a ON a.id = c.user_id`,
  to: 'c.email',
  userId: 'a.id',
  challengeId: 'c.id',
  expiresAt: 'c.expires_at',
  locale: 'a.locale',
});

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

/** The only statements that read password hashes; other code asks `Passwords` to check one. */
import { recorded } from '../../audit/recorded.js';
import { statement } from '../../database/statement.js';

const CREDENTIALS = `SELECT id, email, username, role, is_active AS "isActive", password_hash AS "passwordHash",
    session_generation AS "sessionGeneration", mfa_enabled AS "mfaEnabled", mfa_required AS "mfaRequired"
  FROM users WHERE deleted_at IS NULL AND`;

export const BY_ID = statement('users.credentials_by_id', `${CREDENTIALS} id = $1`);
export const BY_EMAIL = statement('users.credentials_by_email', `${CREDENTIALS} email = $1`);
export const BY_USERNAME = statement(
  'users.credentials_by_username',
  `${CREDENTIALS} fold_case(username) = fold_case($1)`,
);

/** Only while the password hasn't changed meanwhile. */
export const RENEW_HASH = statement(
  'users.renew_hash',
  `UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3`,
);

/**
 * Sets the password and increments the generation, which ends every session except the calling one: it is moved to the new
 * generation. So is a pending change of address: only that session or the new password can confirm it.
 * @param notice the INSERT of the mail that reports it
 */
export const change = (notice: string) =>
  recorded({
    name: 'users.change_password',
    change: `UPDATE users SET password_hash = $2, session_generation = session_generation + 1
      WHERE id = $1 AND session_generation = $3 AND is_active AND deleted_at IS NULL AND EXISTS (
        SELECT FROM sessions WHERE id = $4 AND user_id = $1 AND generation = $3 AND ended_at IS NULL)
      RETURNING id, username, email, locale, session_generation`,
    also: [
      'kept AS (UPDATE sessions s SET generation = u.session_generation FROM change u WHERE s.id = $4)',
      `pending AS (
         UPDATE mail_challenges c SET generation = u.session_generation FROM change u
         WHERE c.user_id = u.id AND c.purpose = 'change' AND c.generation = $3 AND c.used_at IS NULL AND c.cancelled_at IS NULL)`,
      `notice AS (${notice})`,
    ],
    events: [{ action: 'password_changed' }],
  });

/** Up to 1,000 hashes of other systems, by the index `users_foreign_hash_idx`. */
export const FOREIGN = statement(
  'users.foreign_hashes',
  `SELECT password_hash AS hash FROM users WHERE password_hash !~ '^([$](2[aby]|pepper)[$]|$)' ORDER BY id DESC LIMIT 1000`,
);

/** Accounts with a hash of another system, by scheme; $1 of them at most. */
export const COUNT_FOREIGN = statement(
  'users.count_foreign_hashes',
  `SELECT scheme, count(*)::int AS count FROM (
     SELECT CASE WHEN password_hash ~ '^[$]?argon2' THEN 'argon2' WHEN password_hash ~ '^bcrypt' THEN 'bcrypt'
       WHEN password_hash ~ '^[$](fbscrypt|firescrypt)' THEN 'firebase'
       WHEN password_hash ~ '^[$]?(scrypt|better-auth)' THEN 'scrypt' ELSE 'pbkdf2' END AS scheme
     FROM users WHERE password_hash !~ '^([$](2[aby]|pepper)[$]|$)' AND deleted_at IS NULL LIMIT $1) found
   GROUP BY scheme ORDER BY scheme`,
);

/** The hashes of some accounts, for an export from the command line. */
export const OF_MANY = statement(
  'users.hashes_of_many',
  `SELECT id, password_hash AS hash FROM users WHERE id = ANY ($1::uuid[]) AND password_hash IS NOT NULL`,
);

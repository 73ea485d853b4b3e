/** Hand-written SQL of the hot paths: hydrating an entity costs more than finding its row. */
import { recorded } from '../audit/recorded.js';
import { hasVersion } from '../lists/conditions.js';
import { statement } from '../database/statement.js';
import { clearing } from '../throttle/throttle.statements.js';
import { PENDING_EMAIL, PENDING_EMAIL_TOPIC } from './addresses/challenges.statements.js';

/** The public columns of a user, aliased to the names of the entity. */
export const PUBLIC_COLUMNS = `id, username, display_name AS "displayName", profile_picture_url AS "profilePictureUrl",
  created_at AS "createdAt"`;

/** What the guards read on every request: of `users` alone, so that a lock on another table doesn't delay them. */
export const PRINCIPAL_COLUMNS = `id, username, email, role, mfa_enabled AS "mfaEnabled", mfa_required AS "mfaRequired"`;

/** The columns that internal code needs. */
const ACCOUNT_COLUMNS = `${PUBLIC_COLUMNS}, kind, email, role, is_active AS "isActive", updated_at AS "updatedAt",
  deleted_at AS "deletedAt", last_login_at AS "lastLoginAt", version, mfa_enabled AS "mfaEnabled", mfa_required AS "mfaRequired",
  password_hash IS NOT NULL AS "hasPassword",
  email_verified_at AS "emailVerifiedAt", locale`;

/** The columns of the answers to oneself and to admins; the pending address comes from another table. */
export const USER_COLUMNS = `${ACCOUNT_COLUMNS}, ${PENDING_EMAIL} AS "pendingEmail"`;

/** The same for an account that is being created and can't have a pending address. */
export const NEW_USER_COLUMNS = `${ACCOUNT_COLUMNS}, NULL::text AS "pendingEmail"`;

const VISIBLE = 'is_active AND deleted_at IS NULL';

/** Conditions that find one user. Deleted accounts are excluded by address and name, which another account may have by now. */
const IS = {
  id: 'id = $1',
  email: 'email = $1 AND deleted_at IS NULL',
  username: 'fold_case(username) = fold_case($1) AND deleted_at IS NULL',
};

/** For internal code. */
export const FIND_BY_ID = statement('users.find_by_id', `SELECT ${ACCOUNT_COLUMNS} FROM users WHERE ${IS.id}`);
export const FIND_BY_EMAIL = statement('users.find_by_email', `SELECT ${ACCOUNT_COLUMNS} FROM users WHERE ${IS.email}`);
export const FIND_BY_USERNAME = statement(
  'users.find_by_username',
  `SELECT ${ACCOUNT_COLUMNS} FROM users WHERE ${IS.username}`,
);

/** For the answers to oneself and to admins. */
const shown = (name: string, where: string) =>
  statement(`users.${name}`, `SELECT ${USER_COLUMNS} FROM users WHERE ${where}`, PENDING_EMAIL_TOPIC);
export const BY_ID = shown('by_id', IS.id);
export const BY_EMAIL = shown('by_email', IS.email);
export const BY_USERNAME = shown('by_username', IS.username);

/** For the answers to others. */
export const PUBLIC_BY_ID = statement(
  'users.public_by_id',
  `SELECT ${PUBLIC_COLUMNS}, version FROM users WHERE id = $1 AND ${VISIBLE}`,
);
export const PUBLIC_BY_USERNAME = statement(
  'users.public_by_username',
  `SELECT ${PUBLIC_COLUMNS}, version FROM users WHERE fold_case(username) = fold_case($1) AND ${VISIBLE}`,
);

/** Adds a batch; rows that violate any unique index are left out. Returns how many were added. */
export const IMPORT = recorded({
  name: 'users.import',
  before: [
    `added AS (
      INSERT INTO users (id, email, username, password_hash, display_name)
      SELECT id, email, username, password_hash, display_name FROM jsonb_to_recordset($1::jsonb)
        AS account (id uuid, email text, username text, password_hash text, display_name text)
      ON CONFLICT DO NOTHING RETURNING id)`,
  ],
  change: `SELECT NULL::uuid AS id, count(*)::int AS count FROM added`,
  events: [{ action: 'users_imported', when: 'count > 0', details: `jsonb_build_object('count', count::text)` }],
});

/** Deletes the throttle counters of account $1 whose keys begin with $2. */
export const CLEAR_THROTTLE = recorded({
  name: 'throttle.clear_recorded',
  before: [`cleared AS (${clearing('$2')})`],
  change: `SELECT $1::uuid AS id`,
  events: [{ action: 'throttle_cleared' }],
});

export const LOCK_ADMINS = `SELECT id FROM users WHERE role = 'admin' AND is_active AND deleted_at IS NULL
  ORDER BY id FOR UPDATE`;

/** First step of a purge: a soft deletion, so that no new rows are added; then rows are deleted in batches; then the user. */
export const BEGIN_PURGE = `UPDATE users SET is_active = false, deleted_at = coalesce(deleted_at, now()), updated_at = now(),
    version = version + (deleted_at IS NULL)::int, session_generation = session_generation + 1
  WHERE id = $1 AND ${hasVersion('$2')} RETURNING id`;
export const PURGE = recorded({
  name: 'users.purge',
  change: `DELETE FROM users WHERE id = $1 AND deleted_at IS NOT NULL RETURNING id`,
  also: [
    'remembered AS (INSERT INTO purged_users (id) SELECT id FROM change ON CONFLICT (id) DO UPDATE SET purged_at = now())',
  ],
  events: [{ action: 'user_purged' }],
});

export const DELETED_BY_EMAIL = statement(
  'users.deleted_by_email',
  `SELECT id FROM users WHERE email = $1 AND deleted_at IS NOT NULL ORDER BY deleted_at DESC LIMIT 1`,
);
export const DELETED_BY_USERNAME = statement(
  'users.deleted_by_username',
  `SELECT id FROM users WHERE fold_case(username) = fold_case($1) AND deleted_at IS NOT NULL ORDER BY deleted_at DESC LIMIT 1`,
);

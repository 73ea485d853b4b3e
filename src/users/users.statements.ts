/** The hot paths of users, written by hand: hydrating an entity costs more than finding its row. */
import { recorded } from '../audit/recorded.js';
import { hasVersion } from '../lists/conditions.js';
import { statement } from '../database/database.js';
import { clearing } from '../throttle/throttle.statements.js';
import { PENDING_EMAIL } from './addresses/challenges.statements.js';

/** What anybody may see of a person, named as the entity names it. */
export const PUBLIC_COLUMNS = `id, username, display_name AS "displayName", profile_picture_url AS "profilePictureUrl",
  created_at AS "createdAt"`;

/** The columns that the answers to oneself and to admins are made of. */
export const USER_COLUMNS = `${PUBLIC_COLUMNS}, kind, email, role, is_active AS "isActive", updated_at AS "updatedAt",
  deleted_at AS "deletedAt", last_login_at AS "lastLoginAt", version, mfa_enabled AS "mfaEnabled", mfa_required AS "mfaRequired",
  password_hash IS NOT NULL AS "hasPassword",
  email_verified_at AS "emailVerifiedAt", locale, ${PENDING_EMAIL} AS "pendingEmail"`;

const VISIBLE = 'is_active AND deleted_at IS NULL';

export const BY_ID = statement('users.by_id', `SELECT ${USER_COLUMNS} FROM users WHERE id = $1`);
export const PUBLIC_BY_ID = statement(
  'users.public_by_id',
  `SELECT ${PUBLIC_COLUMNS}, version FROM users WHERE id = $1 AND ${VISIBLE}`,
);

// a deleted account's address and name may be somebody else's by now: theirs comes first
export const BY_EMAIL = statement(
  'users.by_email',
  `SELECT ${USER_COLUMNS} FROM users WHERE email = $1 AND deleted_at IS NULL`,
);
export const BY_USERNAME = statement(
  'users.by_username',
  `SELECT ${USER_COLUMNS} FROM users WHERE fold_case(username) = fold_case($1) AND deleted_at IS NULL`,
);
export const PUBLIC_BY_USERNAME = statement(
  'users.public_by_username',
  `SELECT ${PUBLIC_COLUMNS}, version FROM users WHERE fold_case(username) = fold_case($1) AND ${VISIBLE}`,
);

/** Of many; whatever unique index is in the way of one. The row says how many were added. */
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

/** Forgets what counts against the account $1, whose keys begin with $2. */
export const CLEAR_THROTTLE = recorded({
  name: 'throttle.clear_recorded',
  before: [`cleared AS (${clearing('$2')})`],
  change: `SELECT $1::uuid AS id`,
  events: [{ action: 'throttle_cleared' }],
});

export const LOCK_ADMINS = `SELECT id FROM users WHERE role = 'admin' AND is_active AND deleted_at IS NULL
  ORDER BY id FOR UPDATE`;

/** First it is deleted, so that nothing comes to it any more; then what hangs on it goes, in batches; then the row. */
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

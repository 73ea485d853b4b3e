import { recorded } from '../../audit/recorded.js';
import { statement } from '../../database/statement.js';

/** Accounts that conflict with rows of an import: `$1` addresses, `$2` names, `$3` ids. */
export const MEET = statement(
  'users.import_meet',
  `SELECT id, email, username, role, is_active AS "isActive", deleted_at IS NOT NULL AS "isDeleted" FROM users
   WHERE (deleted_at IS NULL AND (email = ANY ($1::text[])
     OR fold_case(username) IN (SELECT fold_case(name) FROM unnest($2::text[]) AS name))) OR id = ANY ($3::uuid[])`,
);

/** Why these addresses (`$1`) cannot be invited: an open invitation is known by its challenge. */
export const INVITEES = statement(
  'users.import_invitees',
  `SELECT email, 'invitation_open' AS code FROM mail_challenges
   WHERE purpose = 'invite' AND email = ANY ($1::text[]) AND used_at IS NULL AND cancelled_at IS NULL AND expires_at > now()
   UNION ALL SELECT email, 'email_taken' FROM users WHERE email = ANY ($1::text[]) AND deleted_at IS NULL`,
);

const ROW = `AS r (id uuid, email text, username text, display_name text, password_hash text, role text, is_active boolean,
  email_verified boolean, created_at timestamptz, locale text)`;

/** Adds a batch; rows that violate any unique index are left out. */
export const ADD = recorded({
  name: 'users.import_add',
  change: `INSERT INTO users (id, email, username, display_name, password_hash, role, is_active, email_verified_at, created_at, locale)
    SELECT id, email, username, display_name, password_hash, coalesce(role, 'user'), coalesce(is_active, true),
      CASE WHEN email_verified THEN now() END, coalesce(created_at, now()), locale
    FROM jsonb_to_recordset($1::jsonb) ${ROW}
    ON CONFLICT DO NOTHING RETURNING id, role`,
  events: [{ action: 'user_imported', details: `jsonb_build_object('role', role)` }],
});

/** The columns that `user_updated` reports: the others have events of their own. */
const PROFILE = ['username', 'display_name', 'locale'] as const;
const CHANGED = PROFILE.map((column) => `CASE WHEN c.${column} IS DISTINCT FROM old.${column} THEN '${column}' END`);

/**
 * Updates a batch: members that a row has, and only where they differ. A new hash ends the sessions of the account. Never
 * takes rights from a user who has become an admin meanwhile.
 */
export const UPDATE = recorded({
  name: 'users.import_update',
  before: [
    `r AS (SELECT * FROM jsonb_to_recordset($1::jsonb) ${ROW})`,
    `old AS (
      SELECT u.* FROM users u JOIN r ON r.id = u.id
      WHERE u.deleted_at IS NULL AND NOT (u.role = 'admin' AND (r.role IS NOT DISTINCT FROM 'user' OR r.is_active IS NOT DISTINCT FROM false))
      ORDER BY u.id FOR NO KEY UPDATE OF u)`,
    `wanted (id, username, display_name, password_hash, role, is_active, locale, email_verified_at) AS (
      SELECT old.id, coalesce(r.username, old.username), coalesce(r.display_name, old.display_name),
        coalesce(r.password_hash, old.password_hash), coalesce(r.role, old.role), coalesce(r.is_active, old.is_active),
        coalesce(r.locale, old.locale), CASE WHEN r.email_verified THEN coalesce(old.email_verified_at, now())
          WHEN r.email_verified = false THEN NULL ELSE old.email_verified_at END
      FROM old JOIN r ON r.id = old.id)`,
    `changed AS (
      UPDATE users u SET username = w.username, display_name = w.display_name, password_hash = w.password_hash, role = w.role,
        is_active = w.is_active, locale = w.locale, email_verified_at = w.email_verified_at,
        session_generation = u.session_generation
          + (w.password_hash IS DISTINCT FROM old.password_hash OR (old.is_active AND NOT w.is_active))::int,
        updated_at = now(), version = u.version + 1
      FROM wanted w JOIN old ON old.id = w.id
      WHERE u.id = w.id AND (w.username, w.display_name, w.password_hash, w.role, w.is_active, w.locale, w.email_verified_at)
        IS DISTINCT FROM (old.username, old.display_name, old.password_hash, old.role, old.is_active, old.locale, old.email_verified_at)
      RETURNING u.*)`,
  ],
  change: `SELECT old.id, c.role, concat_ws(',', ${CHANGED.join(', ')}) AS changed_members,
      c.role <> old.role AS has_new_role, c.is_active AND NOT old.is_active AS is_activated,
      old.is_active AND NOT c.is_active AS is_deactivated,
      c.email_verified_at IS NOT NULL AND old.email_verified_at IS NULL AS is_verified,
      (c.password_hash IS DISTINCT FROM old.password_hash) AS has_new_password
    FROM old LEFT JOIN changed c ON c.id = old.id`,
  events: [
    {
      action: 'user_updated',
      when: `role IS NOT NULL AND changed_members <> ''`,
      details: `jsonb_build_object('imported', 'true', 'changed', changed_members)`,
    },
    { action: 'role_changed', when: 'has_new_role', details: `jsonb_build_object('role', role)` },
    { action: 'email_verified', when: 'role IS NOT NULL AND is_verified' },
    { action: 'password_changed', when: 'role IS NOT NULL AND has_new_password' },
    { action: 'user_activated', when: 'is_activated' },
    { action: 'user_deactivated', when: 'is_deactivated' },
  ],
});

/** The event of an import as a whole. */
export const IMPORTED = recorded({
  name: 'users.imported',
  change: `SELECT NULL::uuid AS id, $1::int AS added, $2::int AS updated`,
  events: [
    {
      action: 'users_imported',
      userId: 'NULL::uuid',
      details: `jsonb_build_object('count', added::text, 'updated', updated::text)`,
    },
  ],
});

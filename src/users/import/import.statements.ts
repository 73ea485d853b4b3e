import { recorded } from '../../audit/recorded.js';
import { statement } from '../../database/database.js';

/** The accounts that rows of an import would meet: `$1` addresses, `$2` names, `$3` ids. */
export const MEET = statement(
  'users.import_meet',
  `SELECT id, email, username, role, is_active AS "isActive", deleted_at IS NOT NULL AS "isDeleted" FROM users
   WHERE (deleted_at IS NULL AND (email = ANY ($1::text[])
     OR fold_case(username) IN (SELECT fold_case(name) FROM unnest($2::text[]) AS name))) OR id = ANY ($3::uuid[])`,
);

const ROW = `AS r (id uuid, email text, username text, display_name text, password_hash text, role text, is_active boolean,
  email_verified boolean, created_at timestamptz, locale text)`;

/** Of a batch; whatever unique index is in the way of one. */
export const ADD = recorded({
  name: 'users.import_add',
  change: `INSERT INTO users (id, email, username, display_name, password_hash, role, is_active, email_verified_at, created_at, locale)
    SELECT id, email, username, display_name, password_hash, coalesce(role, 'user'), coalesce(is_active, true),
      CASE WHEN email_verified THEN now() END, coalesce(created_at, now()), locale
    FROM jsonb_to_recordset($1::jsonb) ${ROW}
    ON CONFLICT DO NOTHING RETURNING id, role`,
  events: [{ action: 'user_imported', details: `jsonb_build_object('role', role)` }],
});

/** Of a batch: what a row names. A new hash ends the sessions of the account. */
export const UPDATE = recorded({
  name: 'users.import_update',
  change: `UPDATE users u SET username = coalesce(r.username, u.username), display_name = coalesce(r.display_name, u.display_name),
      password_hash = coalesce(r.password_hash, u.password_hash),
      session_generation = u.session_generation
        + (coalesce(r.password_hash IS DISTINCT FROM u.password_hash AND r.password_hash IS NOT NULL, false) OR coalesce(NOT r.is_active, false))::int,
      role = coalesce(r.role, u.role), is_active = coalesce(r.is_active, u.is_active), locale = coalesce(r.locale, u.locale),
      email_verified_at = CASE WHEN r.email_verified THEN coalesce(u.email_verified_at, now()) WHEN r.email_verified = false THEN NULL ELSE u.email_verified_at END,
      updated_at = now(), version = u.version + 1
    FROM jsonb_to_recordset($1::jsonb) ${ROW} WHERE u.id = r.id AND u.deleted_at IS NULL RETURNING u.id`,
  events: [{ action: 'user_updated', details: `jsonb_build_object('imported', 'true')` }],
});

/** Tells of an import as a whole. */
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

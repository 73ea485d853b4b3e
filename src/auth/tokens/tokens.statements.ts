import { recorded } from '../../audit/recorded.js';
import { statement } from '../../database/statement.js';
import { PENDING_EMAIL_TOPIC } from '../../users/addresses/challenges.statements.js';
import { PRINCIPAL_COLUMNS, USER_COLUMNS } from '../../users/users.statements.js';

const COLUMNS = `t.id, t.user_id AS "userId", t.name, t.hint, t.scopes, t.created_at AS "createdAt",
  t.expires_at AS "expiresAt", t.last_used_at AS "lastUsedAt"`;

/** The guard's one look-up: owner and token, provided that both are valid. */
const find = (name: string, columns: string, topic?: string) =>
  statement(
    `access_tokens.${name}`,
    `SELECT t."tokenId", t.scopes, t."isDue", u.* FROM (
     SELECT id AS "tokenId", user_id, scopes,
       last_used_at IS NULL OR last_used_at < now() - interval '5 minutes' AS "isDue"
     FROM access_tokens WHERE hash = $1 AND expires_at > now()) t
   JOIN LATERAL (
     SELECT ${columns} FROM users WHERE id = t.user_id AND is_active AND deleted_at IS NULL) u ON true`,
    topic,
  );
export const FIND = find('find', PRINCIPAL_COLUMNS);
/** The same for a route that answers with the account. */
export const FIND_ACCOUNT = find('find_account', USER_COLUMNS, PENDING_EMAIL_TOPIC);

export const TOUCH = statement(
  'access_tokens.touch',
  `UPDATE access_tokens SET last_used_at = now(), last_used_ip = $2
   WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '5 minutes')`,
);

/** @param mail the INSERT of the notice to the owner */
export const create = (mail: string) =>
  recorded({
    name: 'access_tokens.create',
    change: `INSERT INTO access_tokens AS t (id, user_id, hash, name, hint, scopes, expires_at)
      SELECT $2, u.id, $3, $4, $5, $6::text[], now() + $7::int * interval '1 day'
      FROM (SELECT id FROM users WHERE id = $1 AND is_active AND deleted_at IS NULL FOR NO KEY UPDATE) u
      WHERE (SELECT count(*) FROM access_tokens WHERE user_id = $1) < $8
      RETURNING ${COLUMNS}`,
    also: [`mail AS (${mail})`],
    events: [
      {
        action: 'token_created',
        userId: '"userId"',
        details: `jsonb_build_object('token_id', id, 'name', name, 'scopes', array_to_string(scopes, ' '))`,
      },
    ],
  });

/** One token of a user, or all of them where $2 is null. */
export const revoke = (mail: string) =>
  recorded({
    name: 'access_tokens.revoke',
    change: `DELETE FROM access_tokens t WHERE user_id = $1 AND ($2::uuid IS NULL OR id = $2) RETURNING ${COLUMNS}`,
    also: [`mail AS (${mail})`],
    events: [
      {
        action: 'token_revoked',
        userId: '"userId"',
        details: `jsonb_build_object('token_id', id, 'name', name)`,
      },
    ],
  });

export const LIST = statement(
  'access_tokens.list',
  `SELECT ${COLUMNS} FROM access_tokens t WHERE user_id = $1 ORDER BY id DESC`,
);

/** @param mail the INSERT of the notice that a token will expire */
export const warn = (mail: string) =>
  statement(
    'access_tokens.warn',
    `WITH change AS (
       UPDATE access_tokens t SET warned_at = now() WHERE id IN (
         SELECT id FROM access_tokens
         WHERE expires_at > now() AND expires_at < now() + interval '7 days' AND warned_at IS NULL
           AND expires_at - created_at > interval '8 days'
         ORDER BY expires_at LIMIT 500 FOR UPDATE SKIP LOCKED)
       RETURNING ${COLUMNS}),
     mail AS (${mail})
     SELECT id FROM change`,
  );

/** Deletes tokens 30 days after their expiry; until then they stay listed. */
export const PURGE = statement(
  'access_tokens.purge',
  `DELETE FROM access_tokens WHERE id IN (
     SELECT id FROM access_tokens WHERE expires_at < now() - interval '30 days' ORDER BY expires_at LIMIT 1000
     FOR UPDATE SKIP LOCKED)
   RETURNING id`,
);

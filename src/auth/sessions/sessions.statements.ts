import { recorded } from '../../audit/recorded.js';
import { statement } from '../../database/database.js';
import { USER_COLUMNS } from '../../users/users.statements.js';
import { type Proof, REMEMBERED } from './proof.js';

/** Whether session `s` of user `u` still holds. All times are the database's. */
const ALIVE = `s.ended_at IS NULL AND s.expires_at > now() AND s.generation = u.session_generation
  AND u.is_active AND u.deleted_at IS NULL`;

const MS = `interval '1 millisecond'`;
/** How many rows a purge removes at a time. */
export const BATCH = 1000;
const SECONDS_LEFT = `floor(extract(epoch FROM s.expires_at - now()))::int`;

/**
 * The guard's one query: the user, provided that the session is theirs and alive. Only the session's id is in a WHERE: if
 * its user were, it might be looked for among all sessions of somebody who has thousands.
 */
export const SIGNED_IN = statement(
  'sessions.signed_in',
  `SELECT ${USER_COLUMNS} FROM users u
   WHERE u.id = $2 AND (SELECT s.user_id = u.id AND ${ALIVE} FROM sessions s WHERE s.id = $1)`,
);

/** When the person behind session `s` last proved who they are; null in rows that are older than the column. */
export const AUTH_TIME = 'coalesce(s.auth_time, s.created_at)';

/** What tokens are made of. */
const TOKEN_STATE = `s.user_id AS "userId", ${SECONDS_LEFT} AS "secondsLeft", ${AUTH_TIME} AS "authTime", s.amr`;

/** The first free parameter of a proof that sessions start with. */
const PROOF_PARAMETER = 11;

/**
 * Starts a session: only in the generation in which the account was read, if the user may still sign in, and never without
 * a second factor for an account that has one or must have one. A session id that was used before starts nothing.
 * @param proof a statement that spends a factor of user `u` and returns `device_id` once if it held: no proof, no session
 */
export const start = ({ name, sql }: Pick<Proof, 'name' | 'sql'>) =>
  statement(
    `sessions.start.${name}`,
    `WITH u AS MATERIALIZED (
       SELECT id, session_generation FROM users
       WHERE id = $2 AND session_generation = $3 AND is_active AND deleted_at IS NULL
         AND ('mfa' = ANY($8::text[]) OR ${name === REMEMBERED} OR NOT (mfa_enabled OR mfa_required OR role = ANY($10)))
         AND NOT EXISTS (SELECT FROM sessions WHERE id = $1)
       FOR UPDATE),
     proof AS (${sql(PROOF_PARAMETER)}),
     started AS (
       INSERT INTO sessions AS s (id, user_id, generation, expires_at, ip, user_agent, amr, auth_time, device_id)
       SELECT $1, u.id, u.session_generation, now() + least($4::bigint, $5::bigint) * ${MS}, $6, $7, $8, $9::timestamptz,
         proof.device_id
       FROM u, proof
       ON CONFLICT (id) DO NOTHING
       RETURNING ${TOKEN_STATE}),
     signed_in AS (UPDATE users SET last_login_at = now() FROM started WHERE id = started."userId")
   SELECT * FROM started`,
  );

/**
 * Compare and swap: of any number of requests with the same token, one gets through here. A token that we have signed and
 * whose counter is higher than the row's proves that the row went back, by a failover to a standby that lacked its last
 * rotations, or by a restored backup: the session goes on from the token.
 */
export const ROTATE = statement(
  'sessions.rotate',
  `UPDATE sessions s SET counter = $2 + 1, last_used_at = now(),
     expires_at = least(now() + $3::bigint * ${MS}, s.created_at + $4::bigint * ${MS})
   FROM users u WHERE s.id = $1 AND s.counter <= $2 AND s.created_at + $4::bigint * ${MS} > now() AND u.id = s.user_id AND ${ALIVE}
   RETURNING ${TOKEN_STATE}`,
);

/** What became of a session whose token could not be rotated. */
export const FIND_ROTATED = statement(
  'sessions.find_rotated',
  `SELECT ${TOKEN_STATE}, s.counter,
     extract(epoch FROM now() - s.last_used_at)::float8 * 1000 AS age
   FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1 AND ${ALIVE}`,
);

/** Ends a session for a token of it: whoever holds one is its user. */
export const END = recorded({
  name: 'sessions.end',
  change: `UPDATE sessions SET ended_at = now() WHERE id = $1 AND ended_at IS NULL RETURNING id, user_id AS "userId"`,
  events: [{ action: 'logout', actorId: '"userId"', userId: '"userId"' }],
});
/** Ends a session whose refresh token was used twice. */
export const END_STOLEN = recorded({
  name: 'sessions.end_stolen',
  change: `UPDATE sessions SET ended_at = now() WHERE id = $1 AND ended_at IS NULL RETURNING id, user_id AS "userId"`,
  events: [
    {
      action: 'token_reused',
      outcome: 'failure',
      userId: '"userId"',
      details: `jsonb_build_object('session_id', id)`,
    },
  ],
});
export const END_ONE = recorded({
  name: 'sessions.end_one',
  change: `UPDATE sessions SET ended_at = now() WHERE id = $1 AND user_id = $2 AND ended_at IS NULL
    RETURNING id, user_id AS "userId"`,
  events: [{ action: 'sessions_ended', userId: '"userId"', details: `jsonb_build_object('session_id', id)` }],
});
/** All of a user's sessions, save one. One event, whether there were any or not: somebody asked for it. */
export const END_ALL = recorded({
  name: 'sessions.end_all',
  before: [
    `ended AS (
      UPDATE sessions SET ended_at = now() WHERE user_id = $1 AND id IS DISTINCT FROM $2 AND ended_at IS NULL
      RETURNING id)`,
  ],
  change: `SELECT id, (SELECT count(*)::int FROM ended) AS count FROM users WHERE id = $1`,
  events: [{ action: 'sessions_ended' }],
});

/** The newest ones: a script that signs in every minute, and never out, has thousands. */
export const LIST = statement(
  'sessions.list',
  `SELECT s.id, s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt", s.expires_at AS "expiresAt", s.ip,
     s.user_agent AS "userAgent", s.amr, ${AUTH_TIME} AS "authTime"
   FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.user_id = $1 AND ${ALIVE} ORDER BY s.id DESC
   LIMIT 500`,
);

/** A batch of sessions that can't be alive any more, after the id `$3`: ids are made in the order of time (UUID v7). */
export const PURGE = statement(
  'sessions.purge',
  `DELETE FROM sessions WHERE id IN (
     SELECT id FROM sessions WHERE id > $3 AND id < $1 AND created_at < now() - $2::bigint * ${MS} ORDER BY id LIMIT ${BATCH}
     FOR UPDATE SKIP LOCKED)
   RETURNING id`,
);
export const PURGE_OF_USER = statement(
  'sessions.purge_of_user',
  `DELETE FROM sessions WHERE id IN (
     SELECT id FROM sessions WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT ${BATCH})
   RETURNING id`,
);

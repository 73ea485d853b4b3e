import { recorded } from '../../audit/recorded.js';
import { statement } from '../../database/database.js';
import { USER_COLUMNS } from '../../users/users.statements.js';

/** Whether session `s` of user `u` still holds. All times are the database's. */
const ALIVE = `s.ended_at IS NULL AND s.expires_at > now() AND s.generation = u.session_generation
  AND u.is_active AND u.deleted_at IS NULL`;

const MS = `interval '1 millisecond'`;
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

/** Only in the generation in which the password was verified, and if the user may still sign in: the update waits for others. */
export const START = statement(
  'sessions.start',
  `WITH u AS (
     UPDATE users SET last_login_at = now()
     WHERE id = $2 AND session_generation = $3 AND is_active AND deleted_at IS NULL
     RETURNING id, session_generation)
   INSERT INTO sessions AS s (id, user_id, generation, expires_at, ip, user_agent)
   SELECT $1, u.id, u.session_generation, now() + least($4::bigint, $5::bigint) * ${MS}, $6, $7 FROM u
   RETURNING s.user_id AS "userId", ${SECONDS_LEFT} AS "secondsLeft"`,
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
   RETURNING s.user_id AS "userId", ${SECONDS_LEFT} AS "secondsLeft"`,
);

/** What became of a session whose token could not be rotated. */
export const FIND_ROTATED = statement(
  'sessions.find_rotated',
  `SELECT s.user_id AS "userId", s.counter, ${SECONDS_LEFT} AS "secondsLeft",
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
export const END_OWN = recorded({
  name: 'sessions.end_own',
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
     s.user_agent AS "userAgent"
   FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.user_id = $1 AND ${ALIVE} ORDER BY s.id DESC
   LIMIT 500`,
);

// ids are made in the order of time (UUID v7), so the oldest sessions are found by primary key
export const PURGE = statement(
  'sessions.purge',
  `DELETE FROM sessions WHERE id IN (
     SELECT id FROM sessions WHERE id < $1 AND created_at < now() - $2::bigint * ${MS} ORDER BY id LIMIT 1000
     FOR UPDATE SKIP LOCKED)
   RETURNING id`,
);

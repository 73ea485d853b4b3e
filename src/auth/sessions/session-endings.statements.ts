/** Statements that end sessions, and that delete rows of ended ones. */
import { recorded } from '../../audit/recorded.js';
import { statement } from '../../database/statement.js';
import { MS } from './sessions.statements.js';

/** How many rows a purge removes at a time. */
export const BATCH = 1000;

/** Ends a session by one of its tokens: whoever holds one is its user. */
export const END = recorded({
  name: 'sessions.end',
  change: `UPDATE sessions SET ended_at = now() WHERE id = $1 AND ended_at IS NULL RETURNING id, user_id AS "userId"`,
  events: [{ action: 'logout', actorId: '"userId"', userId: '"userId"' }],
});
/** Ends a session whose refresh token was used twice. @param notice the INSERT of the mail that reports it */
export const endStolen = (notice: string) =>
  recorded({
    name: 'sessions.end_stolen',
    change: `UPDATE sessions SET ended_at = now() WHERE id = $1 AND ended_at IS NULL RETURNING id, user_id AS "userId"`,
    also: [`notice AS (${notice})`],
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
/**
 * Ends all of a user's sessions, except one. Always writes one event, even if there were none to end.
 * @param also CTEs for what else ends: over `change`, whose `id` is the user's; `$2` is the session that stays, or null
 */
export const endAll = (also: string[]) =>
  recorded({
    name: 'sessions.end_all',
    before: [
      `ended AS (
        UPDATE sessions SET ended_at = now() WHERE user_id = $1 AND id IS DISTINCT FROM $2 AND ended_at IS NULL
        RETURNING id)`,
    ],
    change: `SELECT id, (SELECT count(*)::int FROM ended) AS count FROM users WHERE id = $1`,
    also,
    events: [{ action: 'sessions_ended' }],
  });

/** A batch of sessions that are older than the longest lifetime, after the id `$3`: ids are ordered by time (UUID v7). */
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

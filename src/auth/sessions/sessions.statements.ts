import { timeAs } from '../../users/personal-data/personal-data.js';
import { statement } from '../../database/statement.js';
import { PENDING_EMAIL_TOPIC } from '../../users/addresses/challenges.statements.js';
import { PRINCIPAL_COLUMNS, USER_COLUMNS } from '../../users/users.statements.js';

/** Whether session `s` of user `u` is alive. All times are the database's. */
export const ALIVE = `s.ended_at IS NULL AND s.expires_at > now() AND s.generation = u.session_generation
  AND u.is_active AND u.deleted_at IS NULL`;

export const MS = `interval '1 millisecond'`;
const SECONDS_LEFT = `floor(extract(epoch FROM s.expires_at - now()))::int`;

/**
 * The guard's one query: the user, provided that the session is theirs and alive. The WHERE names the session's id only:
 * with its user in it, the planner might choose to search all sessions of a user who has thousands.
 */
const signedIn = (name: string, columns: string, topic?: string) =>
  statement(
    `sessions.${name}`,
    `SELECT ${columns} FROM users u
     WHERE u.id = $2 AND (SELECT s.user_id = u.id AND ${ALIVE} FROM sessions s WHERE s.id = $1)`,
    topic,
  );
export const SIGNED_IN = signedIn('signed_in', PRINCIPAL_COLUMNS);
/** The same for a route that answers with the account. */
export const SIGNED_IN_ACCOUNT = signedIn('signed_in_account', USER_COLUMNS, PENDING_EMAIL_TOPIC);

/** When the person behind session `s` last authenticated; null in rows from before the column existed. */
export const AUTH_TIME = 'coalesce(s.auth_time, s.created_at)';

/** The columns that tokens are made from. */
export const TOKEN_STATE = `s.user_id AS "userId", ${SECONDS_LEFT} AS "secondsLeft", ${AUTH_TIME} AS "authTime", s.amr`;

/** The user of a session. */
export const USER_OF = statement('sessions.user_of', 'SELECT user_id AS "userId" FROM sessions WHERE id = $1');

/** Whether a session is alive and belongs to the user. */
export const IS_ALIVE = statement(
  'sessions.is_alive',
  `SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1 AND u.id = $2 AND ${ALIVE}`,
);

/**
 * Compare and swap: of any number of requests with the same token, one succeeds. A genuine token whose counter is higher
 * than the row's proves that the row was set back, by a failover to a standby that lacked the last rotations or by a
 * restored backup: the session continues from the token.
 */
export const ROTATE = statement(
  'sessions.rotate',
  `UPDATE sessions s SET counter = $2 + 1, last_used_at = now(),
     expires_at = least(now() + $3::bigint * ${MS}, s.created_at + $4::bigint * ${MS})
   FROM users u WHERE s.id = $1 AND s.counter <= $2 AND s.created_at + $4::bigint * ${MS} > now() AND u.id = s.user_id AND ${ALIVE}
   RETURNING ${TOKEN_STATE}`,
);

/** The state of a session whose token could not be rotated. */
export const FIND_ROTATED = statement(
  'sessions.find_rotated',
  `SELECT ${TOKEN_STATE}, s.counter,
     extract(epoch FROM now() - s.last_used_at)::float8 * 1000 AS age
   FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1 AND ${ALIVE}`,
);

/** The newest ones only: a script that signs in every minute and never signs out has thousands. */
export const LIST = statement(
  'sessions.list',
  `SELECT s.id, s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt", s.expires_at AS "expiresAt", s.ip,
     s.user_agent AS "userAgent", s.amr, ${AUTH_TIME} AS "authTime"
   FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.user_id = $1 AND ${ALIVE} ORDER BY s.id DESC
   LIMIT 500`,
);

/** All rows of a user's sessions, ended ones too. */
export const OWN = {
  shown: `jsonb_build_object('id', s.id, ${timeAs('created_at')}, ${timeAs('last_used_at')}, ${timeAs('expires_at')},
    ${timeAs('ended_at')}, 'ip', s.ip, 'user_agent', s.user_agent, 'amr', s.amr, ${timeAs('auth_time', AUTH_TIME)})`,
  from: 'sessions s',
  where: 's.user_id = $',
};

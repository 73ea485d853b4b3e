import { timeAs } from '../../users/personal-data/personal-data.js';
import { recorded } from '../../audit/recorded.js';
import { statement } from '../../database/statement.js';
import { PENDING_EMAIL_TOPIC, takingAlong } from '../../users/addresses/challenges.statements.js';
import { PRINCIPAL_COLUMNS, USER_COLUMNS } from '../../users/users.statements.js';
import { type Proof, REMEMBERED } from './proof.js';

/** Whether session `s` of user `u` is alive. All times are the database's. */
export const ALIVE = `s.ended_at IS NULL AND s.expires_at > now() AND s.generation = u.session_generation
  AND u.is_active AND u.deleted_at IS NULL`;

const MS = `interval '1 millisecond'`;
/** How many rows a purge removes at a time. */
export const BATCH = 1000;
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
const AUTH_TIME = 'coalesce(s.auth_time, s.created_at)';

/** The columns that tokens are made from. */
const TOKEN_STATE = `s.user_id AS "userId", ${SECONDS_LEFT} AS "secondsLeft", ${AUTH_TIME} AS "authTime", s.amr`;

/** The first of the three parameters that describe the device of a new session. */
export const START_DEVICE = 11;
/** The first free parameter for the proof of a new session. */
const START_PROOF = 14;

/**
 * Starts a session: only in the generation in which the account was read, only if the user may sign in, and never without a
 * second factor for an account that has one or must have one. A session id that was used before starts nothing.
 * @param onSignIn CTEs that report the device: over `started`, the account
 */
export const start = ({ name, sql, enablesMfa = false, also = () => [], events = [] }: Proof, onSignIn: string[]) =>
  recorded({
    name: `sessions.start.${name}`,
    before: [
      `u AS MATERIALIZED (
         SELECT id, email, username, locale, email_verified_at, session_generation FROM users
         WHERE id = $2 AND session_generation = $3 AND is_active AND deleted_at IS NULL
           AND ('mfa' = ANY($8::text[]) OR ${name === REMEMBERED} OR NOT (mfa_enabled OR mfa_required OR role = ANY($10)))
           AND NOT EXISTS (SELECT FROM sessions WHERE id = $1)
         FOR NO KEY UPDATE)`,
      `proof AS (${sql(START_PROOF)})`,
    ],
    change: `INSERT INTO sessions AS s (id, user_id, generation, expires_at, ip, user_agent, amr, auth_time, device_id)
       SELECT $1, u.id, u.session_generation${enablesMfa ? ' + 1' : ''}, now() + least($4::bigint, $5::bigint) * ${MS}, $6, $7,
         $8, $9::timestamptz, proof.device_id
       FROM u, proof
       ON CONFLICT (id) DO NOTHING
       RETURNING ${TOKEN_STATE}`,
    also: [
      `signed_in AS (
         UPDATE users SET last_login_at = now()${enablesMfa ? ', mfa_enabled = true, session_generation = users.session_generation + 1' : ''}
         FROM change WHERE users.id = change."userId"
         RETURNING users.id, users.session_generation)`,
      ...(enablesMfa ? [takingAlong('signed_in')] : []),
      'started AS (SELECT u.* FROM u JOIN change ON change."userId" = u.id)',
      ...onSignIn,
      ...also(START_PROOF),
    ],
    events: [
      {
        action: 'login',
        userId: '"userId"',
        actorId: '"userId"',
        details: `jsonb_build_object('amr', array_to_string(amr, ' '))`,
      },
      ...events.map((event) => ({ userId: '"userId"', actorId: '"userId"', ...event })),
    ],
  });

/** The first free parameter for the proof of a step-up. */
const STEP_UP_PROOF = 5;

/**
 * Records a new authentication in a living session: by the methods `$3`, at `$4` or now. `device_id` is cleared once a
 * second factor was used.
 */
export const stepUp = ({ name, sql, also = () => [], events = [] }: Proof) =>
  recorded({
    name: `sessions.step_up.${name}`,
    before: [
      `u AS MATERIALIZED (
         SELECT u.id, u.email, u.username, u.locale, u.session_generation FROM users u JOIN sessions s ON s.user_id = u.id
         WHERE s.id = $1 AND u.id = $2 AND ${ALIVE}
         FOR NO KEY UPDATE OF u)`,
      `proof AS (${sql(STEP_UP_PROOF)})`,
    ],
    change: `UPDATE sessions s SET
         auth_time = greatest(${AUTH_TIME}, coalesce($4::timestamptz, now())),
         amr = ${amrWith('$3::text[]')},
         device_id = CASE WHEN 'mfa' = ANY($3::text[]) THEN NULL ELSE s.device_id END
       FROM u, proof WHERE s.id = $1 AND s.generation = u.session_generation
       RETURNING ${TOKEN_STATE}`,
    also: also(STEP_UP_PROOF),
    events: [
      { action: 'step_up', userId: '"userId"', details: `jsonb_build_object('amr', array_to_string($3::text[], ' '))` },
      ...events.map((event) => ({ userId: '"userId"', ...event })),
    ],
  });

/** The methods of session `s` and these; with two factors shown, `rba` no longer applies. */
function amrWith(methods: string): string {
  const before = `CASE WHEN 'mfa' = ANY(${methods}) THEN array_remove(s.amr, 'rba') ELSE s.amr END`;
  return `${before} || ARRAY(SELECT m FROM unnest(${methods}) WITH ORDINALITY AS added (m, n) WHERE m <> ALL(s.amr) ORDER BY n)`;
}

/** The user of a session. */
export const USER_OF = statement('sessions.user_of', 'SELECT user_id AS "userId" FROM sessions WHERE id = $1');

/** Whether a session is alive and belongs to the user. */
export const IS_ALIVE = statement(
  'sessions.is_alive',
  `SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1 AND u.id = $2 AND ${ALIVE}`,
);

/**
 * Increments the generation of a user, which ends all sessions, pending sign-ins and remembered devices, except the calling
 * session: it is moved to the new generation, authenticated by `$3`. Links that were mailed stay valid.
 */
export const RENEW_GENERATION = statement(
  'sessions.renew_generation',
  `WITH u AS (
     UPDATE users SET session_generation = session_generation + 1, mfa_enabled = $4 WHERE id = $2
     RETURNING id, session_generation),
   kept AS (
     UPDATE sessions s SET generation = u.session_generation, amr = ${amrWith('$3::text[]')},
       auth_time = CASE WHEN $3::text[] = '{}' THEN ${AUTH_TIME} ELSE now() END,
       device_id = CASE WHEN 'mfa' = ANY($3::text[]) THEN NULL ELSE s.device_id END
     FROM u WHERE s.id = $1 AND s.user_id = u.id
     RETURNING ${TOKEN_STATE}),
   ${takingAlong('u')}
   SELECT * FROM kept`,
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

/** Statements that authenticate a session: its start, a step-up, and a new generation. */
import { recorded } from '../../audit/recorded.js';
import { statement } from '../../database/statement.js';
import { ALIVE, AUTH_TIME, MS, TOKEN_STATE } from './sessions.statements.js';
import { takingAlong } from '../../users/addresses/challenge-ctes.js';
import { type Proof, REMEMBERED } from './proof.js';

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

/** The outbox in SQL: each statement stands alone, so that it works through a pooler and holds no transaction open. */
import { statement } from '../database/statement.js';
import { UUID_V7 } from '../database/uuid-v7.js';
import type { ChannelName } from './outbox-job.entity.js';

/** How long a claimed job is nobody else's, in seconds. */
export const LEASE_SECONDS = 60;

/** What a job is made of when a change makes it: SQL expressions over the rows of the change, and parameters. */
export interface JobParts {
  channel: ChannelName;
  kind: string;
  /** What to select from: one job for each row. */
  from: string;
  recipient?: string;
  lane?: string;
  userId?: string;
  challengeId?: string;
  expiresAt?: string;
  data?: string;
  /** Which rows get a job; all of them unless said. */
  where?: string;
}

/**
 * The INSERT of a job, to stand in a WITH beside the change that it tells of: committed with it or not at all.
 * `RETURNING id` is its last part.
 */
export const insertJob = (parts: JobParts): string =>
  `INSERT INTO outbox (id, channel, kind, lane, recipient, user_id, challenge_id, expires_at, data) ${selectJob(parts)}
   RETURNING id`;

/** What stands in the place of `insertJob` where nothing is to be sent: it inserts nothing, and uses the same parameters. */
export const insertNothing = (parts: JobParts): string =>
  `SELECT NULL::uuid AS id FROM (${selectJob(parts)}) AS nothing WHERE false`;

function selectJob({ channel, kind, from, where = 'true', ...parts }: JobParts): string {
  const { recipient = 'NULL', lane = 'NULL', userId = 'NULL', challengeId = 'NULL', expiresAt = 'NULL' } = parts;
  const { data = `'{}'` } = parts;
  return `SELECT ${UUID_V7}, '${channel}', '${kind}', ${lane}::text, ${recipient}::text, ${userId}::uuid,
      ${challengeId}::uuid, (${expiresAt})::timestamptz, (${data})::jsonb
    FROM ${from} WHERE ${where}`;
}

/** $1 id, $2 channel, $3 kind, $4 recipient, $5 user, $6 challenge, $7 expiry, $8 data. */
export const ADD = statement(
  'outbox.add',
  `INSERT INTO outbox (id, channel, kind, recipient, user_id, challenge_id, expires_at, data)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

/** Takes the jobs `due` for a lease, as claim $3. */
const TAKE = `UPDATE outbox SET due_at = now() + interval '${LEASE_SECONDS} seconds', attempts = attempts + 1, claimed_by = $3
   FROM due WHERE outbox.id = due.id
   RETURNING outbox.id, kind, lane, recipient, user_id AS "userId", challenge_id AS "challengeId", data, attempts,
     claimed_by AS "claimedBy", created_at AS "createdAt", expires_at AS "expiresAt",
     coalesce(expires_at <= now(), false) AS "isExpired"`;

/** Takes at most $2 due jobs of channel $1. Nobody waits for anybody. */
export const CLAIM = statement(
  'outbox.claim',
  `WITH due AS (
     SELECT id FROM outbox WHERE state = 'queued' AND channel = $1 AND due_at <= now()
     ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
   ${TAKE}`,
);

/**
 * As CLAIM, where each lane has room for so many: $5 in those that $4 names, $6 in all others. The lanes after $7 are walked by
 * the index `outbox_lane_due_idx`, until enough are found; so it costs the same however many lanes there are, and however many
 * jobs one of them has, and takes none that can't begin.
 */
export const CLAIM_FROM_LANES = statement(
  'outbox.claim_from_lanes',
  `WITH RECURSIVE lanes AS (
     (SELECT lane FROM outbox WHERE state = 'queued' AND channel = $1 AND lane > $7 ORDER BY lane LIMIT 1)
     UNION ALL
     SELECT (SELECT o.lane FROM outbox o WHERE o.state = 'queued' AND o.channel = $1 AND o.lane > lanes.lane
             ORDER BY o.lane LIMIT 1)
     FROM lanes WHERE lanes.lane IS NOT NULL),
   roomy AS (
     SELECT lanes.lane, r.room
     FROM lanes CROSS JOIN LATERAL (
       SELECT coalesce((SELECT busy.room FROM unnest($4::text[], $5::int[]) AS busy (lane, room)
                        WHERE busy.lane = lanes.lane), $6::int) AS room) r
     WHERE r.room > 0 AND EXISTS (
       SELECT FROM outbox o
       WHERE o.state = 'queued' AND o.channel = $1 AND o.lane = lanes.lane AND o.due_at <= now())
     LIMIT $2),
   due AS (
     SELECT job.id FROM roomy CROSS JOIN LATERAL (
       SELECT o.id, o.due_at FROM outbox o
       WHERE o.state = 'queued' AND o.channel = $1 AND o.lane = roomy.lane AND o.due_at <= now()
       ORDER BY o.due_at LIMIT roomy.room FOR UPDATE SKIP LOCKED) job
     ORDER BY job.due_at LIMIT $2)
   ${TAKE}`,
);

/**
 * Notes how jobs went, many at once: only under the claim that has them, and twice with the same result as once, so that it
 * can be tried again when nobody knows whether it was carried out. Words for templates go when they are not needed any more.
 */
export const NOTE = statement(
  'outbox.note',
  `UPDATE outbox SET state = note.state, attempts = note.attempts, last_status = note.status, last_error = note.error,
     duration_ms = note.duration,
     due_at = CASE WHEN note.state = 'queued'
       THEN least(now() + note.wait * interval '1 millisecond', outbox.expires_at) ELSE outbox.due_at END,
     done_at = CASE WHEN note.state = 'queued' THEN NULL ELSE now() END,
     data = CASE WHEN note.state IN ('sent', 'expired') THEN '{}' ELSE outbox.data END
   FROM jsonb_to_recordset($1::jsonb) AS note
     (id uuid, claim uuid, state text, attempts int, status int, error text, duration int, wait bigint)
   WHERE outbox.id = note.id AND outbox.claimed_by = note.claim
   RETURNING outbox.id`,
);

/** Has a job tried again at once: one that failed for good, or waits for its next try; not one that is being sent. */
export const RETRY = statement(
  'outbox.retry',
  `UPDATE outbox SET state = 'queued', attempts = 0, due_at = now(), done_at = NULL, claimed_by = NULL
   WHERE id = $1 AND channel = $2 AND state IN ('queued', 'failed') AND (expires_at IS NULL OR expires_at > now())
   RETURNING id`,
);

export const EXISTS = statement('outbox.exists', `SELECT id FROM outbox WHERE id = $1 AND channel = $2`);

/** Removes a batch of finished jobs that are older than $1 milliseconds. */
export const PURGE = statement(
  'outbox.purge',
  `DELETE FROM outbox WHERE id IN (
     SELECT id FROM outbox WHERE state <> 'queued' AND done_at < now() - $1::bigint * interval '1 millisecond'
     ORDER BY done_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
   RETURNING id`,
);

/** How many wait, and since when the oldest of them has been due. */
export const BACKLOG = statement(
  'outbox.backlog',
  `SELECT channel, count(*)::int AS queued, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS "oldestSeconds"
   FROM outbox WHERE state = 'queued' GROUP BY channel`,
);

/** SQL of the outbox: single statements, which work through a pooler and keep no transaction open. */
import { statement } from '../database/statement.js';
import { UUID_V7 } from '../database/uuid-v7.js';
import type { ChannelName } from './outbox-job.entity.js';

/** How long a claim lasts, in seconds. */
export const LEASE_SECONDS = 60;

/** The parts of a job's INSERT: SQL expressions over the rows of the change, and parameters. */
export interface JobParts {
  channel: ChannelName;
  kind: string;
  /** What to select from: one job per row. */
  from: string;
  recipient?: string;
  lane?: string;
  userId?: string;
  challengeId?: string;
  expiresAt?: string;
  data?: string;
  /** A condition on the rows; by default each gets a job. */
  where?: string;
}

/**
 * The INSERT of a job, as a CTE beside the change that it reports: committed with it or not at all. Ends in `RETURNING id`.
 */
export const insertJob = (parts: JobParts): string =>
  `INSERT INTO outbox (id, channel, kind, lane, recipient, user_id, challenge_id, expires_at, data) ${selectJob(parts)}
   RETURNING id`;

/** A replacement of `insertJob` that inserts nothing and uses the same parameters. */
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

/** Claims the jobs `due` for the time of a lease, as claim $3. */
const TAKE = `UPDATE outbox SET due_at = now() + interval '${LEASE_SECONDS} seconds', attempts = attempts + 1, claimed_by = $3
   FROM due WHERE outbox.id = due.id
   RETURNING outbox.id, kind, lane, recipient, user_id AS "userId", challenge_id AS "challengeId", data, attempts,
     claimed_by AS "claimedBy", created_at AS "createdAt", expires_at AS "expiresAt",
     coalesce(expires_at <= now(), false) AS "isExpired"`;

/** Claims at most $2 due jobs of channel $1. SKIP LOCKED: no replica waits for another. */
export const CLAIM = statement(
  'outbox.claim',
  `WITH due AS (
     SELECT id FROM outbox WHERE state = 'queued' AND channel = $1 AND due_at <= now()
     ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
   ${TAKE}`,
);

/**
 * As CLAIM, with a limit per lane: $5 for those named by $4, $6 for all others. The index `outbox_lane_due_idx` is read
 * from the lane after $7 on, one index scan per lane, until enough jobs are found: the cost doesn't depend on the number of
 * lanes or of jobs in a lane, and no job is claimed that can't start.
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
 * Stores outcomes of jobs, many at once: only under their current claim, and idempotently, so that it can be repeated when
 * it is unknown whether it ran. Clears the words for templates that aren't needed any more.
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

/** Queues a job for another try at once: one that failed permanently, or waits for its next try; not one that is being sent. */
export const RETRY = statement(
  'outbox.retry',
  `UPDATE outbox SET state = 'queued', attempts = 0, due_at = now(), done_at = NULL, claimed_by = NULL
   WHERE id = $1 AND channel = $2 AND state IN ('queued', 'failed') AND (expires_at IS NULL OR expires_at > now())
   RETURNING id`,
);

export const EXISTS = statement('outbox.exists', `SELECT id FROM outbox WHERE id = $1 AND channel = $2`);

/** Deletes a batch of finished jobs that are older than $1 milliseconds. */
export const PURGE = statement(
  'outbox.purge',
  `DELETE FROM outbox WHERE id IN (
     SELECT id FROM outbox WHERE state <> 'queued' AND done_at < now() - $1::bigint * interval '1 millisecond'
     ORDER BY done_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
   RETURNING id`,
);

/** The number of queued jobs, and since when the oldest has been due. */
export const BACKLOG = statement(
  'outbox.backlog',
  `SELECT channel, count(*)::int AS queued, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS "oldestSeconds"
   FROM outbox WHERE state = 'queued' GROUP BY channel`,
);

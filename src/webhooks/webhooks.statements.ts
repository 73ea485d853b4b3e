import { type RecordedStatement, recorded } from '../audit/recorded.js';
import { composedStatement, statement } from '../database/statement.js';
import { UUID_V7 } from '../database/uuid-v7.js';
import { changing, hasVersion, type Update } from '../lists/conditions.js';

const COLUMNS = `id, url, events, description, is_active AS "isActive", disabled_reason AS "disabledReason",
  key_id AS "keyId", secret_version AS "secretVersion", previous_key_id AS "previousKeyId",
  previous_until AS "previousUntil", failing_since AS "failingSince", last_success_at AS "lastSuccessAt",
  last_failure_at AS "lastFailureAt", created_at AS "createdAt", updated_at AS "updatedAt", version`;

const told = (action: 'webhook_created' | 'webhook_updated' | 'webhook_deleted' | 'webhook_secret_rotated') => ({
  action,
  userId: 'NULL::uuid',
  details: `jsonb_build_object('webhook_id', id, 'url', url)`,
});

export const LOCK = `SELECT pg_advisory_xact_lock(hashtext('webhooks'))`;

export const INSERT = recorded({
  name: 'webhooks.insert',
  change: `INSERT INTO webhooks (id, url, events, description, is_active, key_id)
    SELECT $1::uuid, $2::text, $3::text[], $4::text, $5::boolean, $6::text
    WHERE (SELECT count(*) FROM webhooks) < $7::int RETURNING ${COLUMNS}`,
  events: [told('webhook_created')],
});

export const LIST = statement('webhooks.list', `SELECT ${COLUMNS} FROM webhooks ORDER BY id`);
export const BY_ID = statement('webhooks.by_id', `SELECT ${COLUMNS} FROM webhooks WHERE id = $1`);

/** Changes a receiver; one statement for each combination of columns. */
export function update(change: Omit<Update, 'table' | 'where'>): RecordedStatement {
  const { text, parameters } = recorded({
    name: 'webhooks.update',
    before: [changing({ table: 'webhooks', where: `id = $1 AND ${hasVersion('$2')}`, ...change })],
    change: `SELECT ${COLUMNS}, EXISTS (SELECT FROM changed) AS "isChanged" FROM current`,
    events: [{ ...told('webhook_updated'), when: '"isChanged"' }],
  });
  return { ...composedStatement(text), parameters };
}

export const DELETE = recorded({
  name: 'webhooks.delete',
  change: `DELETE FROM webhooks WHERE id = $1 AND ${hasVersion('$2')} RETURNING ${COLUMNS}`,
  also: [`jobs AS (DELETE FROM outbox USING change WHERE outbox.lane = change.id::text)`],
  events: [told('webhook_deleted')],
});

/** The previous secret continues to sign for $3 hours. */
export const ROTATE = recorded({
  name: 'webhooks.rotate',
  change: `UPDATE webhooks SET secret_version = secret_version + 1, previous_key_id = key_id, key_id = $2,
      previous_until = now() + $3::int * interval '1 hour', version = version + 1, updated_at = now()
    WHERE id = $1 RETURNING ${COLUMNS}`,
  events: [told('webhook_secret_rotated')],
});

/** Creates an event for one receiver, as a test. */
export const TEST = statement(
  'webhooks.test',
  `WITH event AS (
     INSERT INTO webhook_events (id, type, body)
     SELECT $2, 'webhook.test', $3 FROM webhooks WHERE id = $1 RETURNING id)
   INSERT INTO outbox (id, channel, kind, lane, event_id)
   SELECT ${UUID_V7}, 'webhook', 'webhook.test', $1::uuid::text, id FROM event RETURNING id`,
);

/** What a delivery needs. */
export const FIND_DELIVERY = statement(
  'webhooks.find_delivery',
  `SELECT ${COLUMNS}, (SELECT body FROM webhook_events e WHERE e.id = o.event_id) AS body, o.event_id AS "eventId"
   FROM (SELECT lane::uuid AS webhook_id, event_id FROM outbox WHERE id = $1) o JOIN webhooks w ON w.id = o.webhook_id`,
);

export const SUCCEEDED = statement(
  'webhooks.succeeded',
  `UPDATE webhooks SET last_success_at = now(), failing_since = NULL
   WHERE id = $1 AND (failing_since IS NOT NULL OR last_success_at IS NULL OR last_success_at < now() - interval '1 second')`,
);

/** Records a failure; five days of failures only, or the answer 410, disable the receiver. */
export const FAILED = (mail: string) =>
  recorded({
    name: 'webhooks.failed',
    before: [
      `old AS (SELECT * FROM webhooks WHERE id = $1 FOR NO KEY UPDATE)`,
      `failed AS (
        UPDATE webhooks w SET last_failure_at = now(), failing_since = coalesce(w.failing_since, now()),
          is_active = w.is_active AND NOT ($2::boolean OR coalesce(old.failing_since < now() - interval '5 days', false)),
          disabled_reason = CASE WHEN NOT w.is_active THEN w.disabled_reason
            WHEN $2 THEN 'The receiver answered 410 Gone.'
            WHEN old.failing_since < now() - interval '5 days' THEN 'Nothing but failures for five days.' END
        FROM old WHERE w.id = old.id
        RETURNING w.id, w.url, w.is_active, w.disabled_reason AS reason, old.is_active AS was_active)`,
    ],
    change: `SELECT id, url, reason FROM failed WHERE was_active AND NOT is_active`,
    also: [`mail AS (${mail})`],
    events: [
      {
        action: 'webhook_disabled',
        userId: 'NULL::uuid',
        details: `jsonb_build_object('webhook_id', id, 'url', url, 'reason', reason)`,
      },
    ],
  });

/** Queues a delivery for another try, whatever its state, unless it is being sent. */
export const RETRY = statement(
  'webhooks.retry',
  `UPDATE outbox SET state = 'queued', attempts = 0, due_at = now(), done_at = NULL, claimed_by = NULL
   WHERE id = $2 AND lane = $1::uuid::text AND EXISTS (SELECT FROM webhook_events e WHERE e.id = event_id)
   RETURNING id`,
);

export const COUNT_REPLAY = statement(
  'webhooks.count_replay',
  `SELECT count(*)::int AS count FROM (
     SELECT FROM outbox WHERE lane = $1::uuid::text AND created_at >= $2 AND created_at < $3 AND state = ANY ($4::text[])
     LIMIT $5) found`,
);
export const REPLAY = statement(
  'webhooks.replay',
  `UPDATE outbox SET state = 'queued', attempts = 0, due_at = now(), done_at = NULL, claimed_by = NULL
   WHERE lane = $1::uuid::text AND created_at >= $2 AND created_at < $3 AND state = ANY ($4::text[])
     AND EXISTS (SELECT FROM webhook_events e WHERE e.id = event_id)
   RETURNING id`,
);

/** Deletes events of more than 30 days ago that no delivery waits for. */
export const PURGE_EVENTS = statement(
  'webhooks.purge_events',
  `DELETE FROM webhook_events WHERE id IN (
     SELECT id FROM webhook_events WHERE created_at < now() - interval '30 days' ORDER BY created_at LIMIT 1000
     FOR UPDATE SKIP LOCKED)
   RETURNING id`,
);

/** The number of receivers by state. */
export const COUNT_BY_STATE = statement(
  'webhooks.count_by_state',
  `SELECT count(*) FILTER (WHERE is_active AND failing_since IS NULL)::int AS active,
     count(*) FILTER (WHERE is_active AND failing_since IS NOT NULL)::int AS failing,
     count(*) FILTER (WHERE NOT is_active)::int AS disabled FROM webhooks`,
);

/** The state of each receiver, for the doctor: the key of its secret, failures, and dead deliveries. */
export const STANDING = `SELECT url, key_id AS "keyId", is_active AS "isActive", disabled_reason AS "disabledReason",
    failing_since AS "failingSince",
    (SELECT count(*)::int FROM outbox o WHERE o.lane = w.id::text AND o.state = 'failed') AS dead
  FROM webhooks w ORDER BY id`;

import { statement } from '../database/statement.js';

/**
 * Claims a key that is free or expired; otherwise returns its row. It neither locks nor waits for the row of a running
 * request, whose transaction may be long.
 */
export const CLAIM = statement(
  'idempotency_keys.claim',
  `WITH kept AS (SELECT * FROM idempotency_keys WHERE id = $1 AND expires_at > now()),
   claimed AS (
     INSERT INTO idempotency_keys AS k (id, owner_id, fingerprint, claim, expires_at)
     SELECT $1::bytea, $2::uuid, $3::bytea, $4::uuid, now() + $5::bigint * interval '1 millisecond'
     WHERE NOT EXISTS (SELECT FROM kept)
     ON CONFLICT (id) DO UPDATE SET owner_id = excluded.owner_id, subject_id = NULL, fingerprint = excluded.fingerprint,
       claim = excluded.claim, expires_at = excluded.expires_at, status = NULL, location = NULL, etag = NULL, body = NULL
     WHERE k.expires_at <= now()
     RETURNING id)
   SELECT EXISTS (SELECT FROM claimed) AS "isClaimed", fingerprint, status, location, etag, body
   FROM (VALUES (1)) AS one LEFT JOIN kept ON true`,
);

/** Stores the answer, in the transaction of the change; no row when the lease was taken over by another request. */
export const COMPLETE = statement(
  'idempotency_keys.complete',
  `WITH done AS (
     UPDATE idempotency_keys SET status = $3::smallint, location = $4, etag = $5, body = $6, subject_id = $7::uuid,
       expires_at = now() + $8::bigint * interval '1 millisecond'
     WHERE id = $1 AND claim = $2 AND status IS NULL RETURNING id)
   SELECT id FROM done`,
);

export const RELEASE = statement(
  'idempotency_keys.release',
  `DELETE FROM idempotency_keys WHERE id = $1 AND claim = $2 AND status IS NULL RETURNING id`,
);

export const FORGET = statement(
  'idempotency_keys.forget',
  `DELETE FROM idempotency_keys WHERE owner_id = $1 OR subject_id = $1`,
);

export const PURGE = statement(
  'idempotency_keys.purge',
  `DELETE FROM idempotency_keys WHERE id IN (
     SELECT id FROM idempotency_keys WHERE expires_at <= now() ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
   RETURNING id`,
);

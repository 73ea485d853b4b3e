/**
 * Counters of attempts counted (`hits`, until `resets_at`) and in flight (`in_flight`: the time when each is taken to be
 * lost, should its process die). Rows are locked in the order of their keys, so that concurrent requests can't deadlock.
 */
import { statement } from '../database/statement.js';

const MS = `interval '1 millisecond'`;
const LIVE = 'ARRAY(SELECT deadline FROM unnest(c.in_flight) AS deadline WHERE deadline > now())';
const HITS = 'CASE WHEN c.resets_at > now() THEN c.hits ELSE 0 END';

/**
 * Reserves in all of these budgets, or in none when one of them is exhausted; with `$5` counts at once. With a budget's pass
 * it is never exhausted. The first refusal in a full window is marked (`isFirst`).
 *
 * The check of the locked rows can't see a row that a concurrent transaction inserts; the same check in DO UPDATE can. Then
 * some budgets are reserved and others aren't, and the caller must release them.
 */
export const RESERVE = statement(
  'throttle.reserve',
  `WITH ticket AS MATERIALIZED (SELECT clock_timestamp() + $6::bigint * ${MS} AS deadline),
   budget AS (
     SELECT key, points, milliseconds, EXISTS (
       SELECT FROM throttle_counters p WHERE p.key = pass AND p.resets_at > now()) AS has_pass
     FROM unnest($1::text[], $2::int[], $3::bigint[], $4::text[]) AS b (key, points, milliseconds, pass)),
   current AS MATERIALIZED (
     SELECT c.key, ${HITS} AS hits, cardinality(${LIVE}) AS in_flight, c.resets_at, c.reported
     FROM throttle_counters c JOIN budget b ON b.key = c.key ORDER BY c.key FOR UPDATE OF c),
   state AS MATERIALIZED (
     SELECT b.*, c.resets_at, c.reported,
       coalesce(c.hits, 0) >= points AND NOT has_pass AS is_full,
       coalesce(c.hits + c.in_flight, 0) >= points AND NOT has_pass AS is_busy
     FROM budget b LEFT JOIN current c ON c.key = b.key),
   reserved AS (
     INSERT INTO throttle_counters AS c (key, hits, resets_at, in_flight)
     SELECT key, CASE WHEN $5 THEN 1 ELSE 0 END, now() + milliseconds * ${MS},
       CASE WHEN $5 THEN '{}' ELSE ARRAY[deadline] END
     FROM state, ticket WHERE NOT EXISTS (SELECT FROM state WHERE is_busy) ORDER BY key
     ON CONFLICT (key) DO UPDATE SET
       hits = ${HITS} + excluded.hits,
       resets_at = CASE WHEN ${HITS} = 0 THEN excluded.resets_at ELSE c.resets_at END,
       in_flight = ${LIVE} || excluded.in_flight,
       reported = c.reported AND ${HITS} > 0
     WHERE (SELECT has_pass OR ${HITS} + cardinality(${LIVE}) < points FROM state s WHERE s.key = c.key)
     RETURNING c.key),
   marked AS (
     UPDATE throttle_counters c SET reported = true FROM state s WHERE c.key = s.key AND s.is_full AND NOT s.reported
     RETURNING c.key)
   SELECT key, is_full AS "isFull", reserved.key IS NOT NULL AS "isReserved", marked.key IS NOT NULL AS "isFirst",
     extract(epoch FROM resets_at - now())::float8 AS seconds, ticket.deadline::text AS ticket
   FROM state LEFT JOIN reserved USING (key) LEFT JOIN marked USING (key), ticket`,
);

/**
 * Settles what was reserved with a ticket, in each budget in one of four ways: `counted`, in the current window; `released`;
 * `forgiven`, which also resets the count; or `uncounted`, when it was counted at once. Rows without a count are deleted.
 * Passes are valid for `$6` milliseconds.
 */
export const SETTLE = statement(
  'throttle.settle',
  `WITH current AS MATERIALIZED (
     SELECT c.key, milliseconds, outcome = 'counted' AND ${HITS} = 0 AS opens, array_remove(c.in_flight, $4) AS in_flight,
       CASE outcome WHEN 'counted' THEN ${HITS} + 1 WHEN 'forgiven' THEN 0
         WHEN 'uncounted' THEN greatest(c.hits - 1, 0) ELSE c.hits END AS hits
     FROM throttle_counters c JOIN unnest($1::text[], $2::bigint[], $3::text[]) AS s (key, milliseconds, outcome)
       ON s.key = c.key
     ORDER BY c.key FOR UPDATE OF c),
   removed AS (
     DELETE FROM throttle_counters c USING current n WHERE c.key = n.key AND n.hits = 0 AND n.in_flight = '{}'),
   issued AS (
     INSERT INTO throttle_counters AS c (key, hits, resets_at)
     SELECT pass, 0, now() + $6::bigint * ${MS} FROM unnest($5::text[]) AS pass ORDER BY pass
     ON CONFLICT (key) DO UPDATE SET resets_at = excluded.resets_at
     WHERE c.resets_at < excluded.resets_at - interval '1 day')
   UPDATE throttle_counters c SET hits = n.hits, in_flight = n.in_flight, reported = c.reported AND NOT opens,
     resets_at = CASE WHEN opens THEN now() + milliseconds * ${MS} ELSE c.resets_at END
   FROM current n WHERE c.key = n.key AND (n.hits > 0 OR n.in_flight <> '{}')`,
);

/** All counters of some policies for one account, by their common prefix: `}` is the byte after `|`. */
const ofAccount = (prefixes: `$${number}`) =>
  `unnest(${prefixes}::text[]) AS prefix WHERE c.key >= prefix AND c.key < prefix || '}'`;

export const COUNTED = statement(
  'throttle.counted',
  `SELECT prefix, c.hits, c.resets_at AS "resetsAt" FROM throttle_counters c, ${ofAccount('$1')} AND c.resets_at > now()`,
);

/** Deletes the counters with the prefixes of this placeholder: a statement, or a CTE. */
export const clearing = (prefixes: `$${number}`) => `DELETE FROM throttle_counters c USING ${ofAccount(prefixes)}`;
export const CLEAR = statement('throttle.clear', clearing('$1'));

/** Full windows of policies, given the points of each. */
export const FULL = statement(
  'throttle.full',
  `SELECT policy.name, c.key, c.resets_at AS "resetsAt" FROM throttle_counters c
   JOIN unnest($1::text[], $2::int[]) AS policy (name, points)
     ON starts_with(c.key, policy.name || '|') AND c.hits >= policy.points
   WHERE c.resets_at > now() LIMIT 10000`,
);

export const PURGE = statement(
  'throttle.purge',
  `DELETE FROM throttle_counters WHERE key IN (
     SELECT key FROM throttle_counters WHERE resets_at < now() LIMIT 1000 FOR UPDATE SKIP LOCKED)
   RETURNING key`,
);

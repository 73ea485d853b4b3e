import { type Statement, statement } from '../database/statement.js';
import { uuidV7At } from '../database/uuid-v7.js';
import type { AuditAction } from './audit-event.entity.js';

/** An event of a row of a change. All members are SQL over the columns that `change` returns. */
export interface EventTemplate {
  action: AuditAction;
  /** `success` by default. */
  outcome?: 'success' | 'failure';
  /** A condition; always by default. */
  when?: string;
  /** The user whom it concerns; the column `id` by default. */
  userId?: string;
  /** Who did it; the caller by default. */
  actorId?: string;
  /** Details as jsonb. */
  details?: string;
}

/** A change and what is recorded with it. */
export interface RecordedChange {
  /** Unique: prepared statements are named by it. */
  name: string;
  /** A further topic, which limits its concurrency too: see `Statement`. */
  topic?: string;
  /** CTEs that precede the change, such as `u AS (UPDATE …)`. */
  before?: string[];
  /** The INSERT, UPDATE or DELETE, with a RETURNING; other CTEs refer to its rows as `change`. */
  change: string;
  /** CTEs that depend on it, such as `job AS (INSERT INTO outbox … SELECT … FROM change)`. */
  also?: string[];
  events: EventTemplate[];
}

/** A statement for `AuditService.write`: it takes further parameters about the call. */
export interface RecordedStatement extends Statement {
  readonly parameters: number;
}

/**
 * Composes a change, its events and its outbox jobs into one statement: one round trip, all or nothing. Each row of the
 * result is a row of `change`, with its events.
 */
export function recorded({
  name,
  topic: other,
  before = [],
  change,
  also = [],
  events,
}: RecordedChange): RecordedStatement {
  const parameters = highestParameter([...before, change, ...also, JSON.stringify(events)].join(' '));
  const ctes = [...before, `change AS (${change})`, eventCte(events, parameters), ...also];
  const happened = `jsonb_build_object('action', action, 'outcome', outcome, 'actorId', actor_id, 'userId', user_id, 'details', details)`;
  const text = `WITH ${ctes.join(',\n')}
    SELECT change.*, (SELECT jsonb_agg(${happened}) FROM event) AS "recordedEvents" FROM change`;
  const { topic = '', ...named } = statement(name, text);
  return { ...named, topic: [topic, ...(other ? [other] : []), 'audit_events'].join('+'), parameters };
}

/** The INSERT of the events: a SELECT per template, over the rows of the change. */
function eventCte(events: EventTemplate[], parameters: number): string {
  const [actor, ip, userAgent, requestId, credential] = [1, 2, 3, 4, 5].map((n) => `$${parameters + n}`);
  const rows = events.map(
    ({ action, outcome = 'success', when = 'true', userId = 'id', actorId, details = `'{}'::jsonb` }, place) =>
      `SELECT ${uuidV7At(place)}, '${action}', '${outcome}', coalesce(${actorId ?? 'NULL'}, ${actor}::uuid), ${userId}, ${ip}::text, ${userAgent}::text, ${requestId}::text,
         jsonb_strip_nulls(${details} || ${credential}::jsonb)
       FROM change WHERE ${when}`,
  );
  return `event AS (
    INSERT INTO audit_events (id, action, outcome, actor_id, user_id, ip, user_agent, request_id, details)
    ${rows.join(' UNION ALL ')}
    RETURNING action, outcome, actor_id, user_id, details)`;
}

const highestParameter = (text: string): number =>
  Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));

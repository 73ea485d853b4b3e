import { type Statement, statement } from '../database/statement.js';
import { uuidV7At } from '../database/uuid-v7.js';
import type { AuditAction } from './audit-event.entity.js';

/** An event that tells of a row of a change. All parts are SQL over the columns that `change` returns. */
export interface EventTemplate {
  action: AuditAction;
  /** `success` unless given. */
  outcome?: 'success' | 'failure';
  /** Whether it happened; always unless given. */
  when?: string;
  /** Whom it concerns; the column `id` unless given. */
  userId?: string;
  /** Who did it; whoever calls unless given. */
  actorId?: string;
  /** A jsonb of what else to know. */
  details?: string;
}

/** The parts of a statement that changes something and records it. */
export interface RecordedChange {
  /** Unique: connections remember prepared statements by it. */
  name: string;
  /** What else it is about than its name says: it is admitted within the bound of that topic, too. */
  topic?: string;
  /** CTEs that come before, such as `u AS (UPDATE …)`. */
  before?: string[];
  /** The INSERT, UPDATE or DELETE, with a RETURNING; other CTEs call its rows `change`. */
  change: string;
  /** CTEs that hang on it, such as `job AS (INSERT INTO outbox … SELECT … FROM change)`. */
  also?: string[];
  events: EventTemplate[];
}

/** A statement for `AuditService.write`: parameters after its own say who calls and from where. */
export interface RecordedStatement extends Statement {
  readonly parameters: number;
}

/**
 * Composes a change, its events and what must be sent into one statement: one round trip, all of it or nothing.
 * Each row of the result is a row of `change`, and holds the events besides.
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

/** The INSERT of the events: one SELECT for each template, over the rows of the change. */
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

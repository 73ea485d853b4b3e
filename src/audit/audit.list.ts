import { days } from '../config/durations.js';
import { firstUuidV7At } from '../database/uuid-v7.js';
import { Conditions } from '../lists/conditions.js';
import type { List } from '../lists/lists.js';
import type { AuditEvent } from './audit-event.entity.js';
import type { PageQuery } from '../lists/pages.js';
import type { EventsQuery } from './audit.dto.js';

const COLUMNS = `id, at, action, outcome, actor_id AS "actorId", user_id AS "userId", ip, user_agent AS "userAgent",
  request_id AS "requestId", details`;

/** Ids contain the time of a process' clock; `at` is the database's, at the start of the transaction. */
const CLOCKS_APART = days(1);

/** A lower bound of the ids of events since a time: lets PostgreSQL skip earlier partitions. */
export const firstIdOf = (time: Date): string => firstUuidV7At(new Date(time.getTime() - CLOCKS_APART));

/** An upper bound of the ids of events until a time. */
export const lastIdOf = (time: Date): string => firstUuidV7At(new Date(time.getTime() + CLOCKS_APART));

/** The list of events that a query asks for, newest first. */
export function eventList({
  user_id,
  actor_id,
  ip,
  action,
  outcome,
  since,
  until,
}: Omit<EventsQuery, keyof PageQuery>): List<AuditEvent> {
  const conditions = new Conditions();
  if (user_id) conditions.add('user_id = $', user_id);
  // events that users caused about themselves are found by user; the index by actor contains only the others
  if (actor_id) {
    const [own, others] = ['user_id = $ AND actor_id = $', 'actor_id = $ AND actor_id IS DISTINCT FROM user_id'];
    conditions.add(`((${own}) OR (${others}))`, actor_id, actor_id, actor_id);
  }
  if (ip) conditions.add('ip = $', ip);
  if (action?.length === 1) conditions.add('action = $', action[0]);
  else if (action) conditions.add('action = ANY ($)', action);
  if (outcome) conditions.add('outcome = $', outcome);
  if (since) conditions.add('at >= $ AND id >= $', new Date(since), firstIdOf(new Date(since)));
  if (until) conditions.add('at < $ AND id < $', new Date(until), lastIdOf(new Date(until)));
  return {
    identity: ['events', user_id, actor_id, ip, action, outcome, since, until],
    columns: COLUMNS,
    from: 'audit_events',
    conditions,
    order: { expression: 'at', type: 'timestamptz', valueOf: ({ at }) => at.toISOString() },
    descending: true,
  };
}

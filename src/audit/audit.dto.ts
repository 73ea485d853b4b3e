import { isIP } from 'node:net';
import { isUuid, OneOf, Optional, Rule, SomeOf, Time } from '../http/fields.js';
import { PageQuery } from '../lists/pages.js';
import { AUDIT_ACTIONS, type AuditAction, type AuditEvent } from './audit-event.entity.js';

export const OUTCOMES = ['success', 'failure'] as const;

/** Which security events to list. */
export class OwnEventsQuery extends PageQuery {
  /** Only events with this action; repeat the key for several. */
  @Optional()
  @SomeOf(AUDIT_ACTIONS)
  action?: AuditAction[];

  /** Only events at or after this time (RFC 3339). @example "2026-01-01T00:00:00Z" */
  @Optional()
  @Time()
  since?: string;

  /** Only events before this time (RFC 3339). @example "2027-01-01T00:00:00Z" */
  @Optional()
  @Time()
  until?: string;

  /** Only successes, or only failures. */
  @Optional()
  @OneOf(OUTCOMES)
  outcome?: (typeof OUTCOMES)[number];
}

/** Which security events of all users to list. */
export class EventsQuery extends OwnEventsQuery {
  /** Only events that concern this user. */
  @Optional()
  @Rule('is_uuid', 'must be a UUID', isUuid)
  user_id?: string;

  /** Only what this user did. */
  @Optional()
  @Rule('is_uuid', 'must be a UUID', isUuid)
  actor_id?: string;

  /** Only from this IP address. @example "203.0.113.7" */
  @Optional()
  @Rule('is_ip', 'must be an IP address', (text) => isIP(text) !== 0)
  ip?: string;
}

/** A user in an event. */
export class EventPersonDto {
  id: string;
  username: string;
  display_name: string | null;
}

/** A security event: who did what to whom, when, from where, and whether it succeeded. */
export class EventDto {
  id: string;
  at: Date;
  action: AuditAction;
  outcome: 'success' | 'failure';
  actor_id: string | null;
  /** Who did it; null when nobody was signed in, or when the account is purged. */
  actor: EventPersonDto | null;
  user_id: string | null;
  /** The user whom it concerns; null when it concerns no account, or the account is purged. */
  user: EventPersonDto | null;
  ip: string | null;
  user_agent: string | null;
  request_id: string | null;
  details: Record<string, string>;
}

/** Names of users, by id. */
export type People = ReadonlyMap<string, EventPersonDto>;

/** Maps an event. From where and why an admin acted is only shown to admins, not to the user whom it concerns. */
export function toEventDto(event: AuditEvent, people: People, isForAdmin: boolean): EventDto {
  const isWhereShown = isForAdmin || event.actorId === null || event.actorId === event.userId;
  return {
    id: event.id,
    at: event.at,
    action: event.action,
    outcome: event.outcome,
    actor_id: event.actorId,
    actor: people.get(event.actorId ?? '') ?? null,
    user_id: event.userId,
    user: people.get(event.userId ?? '') ?? null,
    ip: isWhereShown ? event.ip : null,
    user_agent: isWhereShown ? event.userAgent : null,
    request_id: event.requestId,
    details: isForAdmin ? event.details : withoutReason(event.details),
  };
}

function withoutReason(details: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(details).filter(([name]) => name !== 'reason'));
}

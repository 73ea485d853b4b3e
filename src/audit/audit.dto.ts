import { IsRFC3339 } from 'class-validator';
import { isUuid, Check, OneOf, Optional } from '../http/fields.js';
import { PageQuery } from '../http/pages.js';
import { AUDIT_ACTIONS, type AuditAction, type AuditEvent } from './audit-event.entity.js';

/** Which security events to list. */
export class OwnEventsQuery extends PageQuery {
  /** Only events of this kind. */
  @Optional()
  @OneOf(AUDIT_ACTIONS)
  action?: AuditAction;

  /** Only events at or after this time (RFC 3339). @example "2026-01-01T00:00:00Z" */
  @Optional()
  @IsRFC3339({ message: 'must be a time such as 2026-01-01T00:00:00Z' })
  since?: string;

  /** Only events before this time (RFC 3339). @example "2027-01-01T00:00:00Z" */
  @Optional()
  @IsRFC3339({ message: 'must be a time such as 2026-01-01T00:00:00Z' })
  until?: string;
}

/** Which security events to list, of everybody. */
export class EventsQuery extends OwnEventsQuery {
  /** Only events that concern this user. */
  @Optional()
  @Check('is_uuid', 'must be a UUID', isUuid, { format: 'uuid' })
  user_id?: string;
}

/** A security event: who did what to whom, when, from where, and whether it succeeded. */
export class EventDto {
  id: string;
  at: Date;
  action: AuditAction;
  outcome: 'success' | 'failure';
  actor_id: string | null;
  user_id: string | null;
  ip: string | null;
  user_agent: string | null;
  request_id: string | null;
  details: Record<string, string>;
}

/** The event as it goes over the wire. */
export function toEventDto(event: AuditEvent): EventDto {
  return {
    id: event.id,
    at: event.at,
    action: event.action,
    outcome: event.outcome,
    actor_id: event.actorId,
    user_id: event.userId,
    ip: event.ip,
    user_agent: event.userAgent,
    request_id: event.requestId,
    details: event.details,
  };
}

import { applyDecorators } from '@nestjs/common';
import { isRFC3339 } from 'class-validator';
import { Rule, isUuid, OneOf, Optional } from '../http/fields.js';
import { PageQuery } from '../lists/pages.js';
import { AUDIT_ACTIONS, type AuditAction, type AuditEvent } from './audit-event.entity.js';

const Time = () =>
  applyDecorators(Optional(), Rule('is_rfc3339', 'must be a time such as 2026-01-01T00:00:00Z', isTime));

/** Which security events to list. */
export class OwnEventsQuery extends PageQuery {
  /** Only events of this kind. */
  @Optional()
  @OneOf(AUDIT_ACTIONS)
  action?: AuditAction;

  /** Only events at or after this time (RFC 3339). @example "2026-01-01T00:00:00Z" */
  @Time()
  since?: string;

  /** Only events before this time (RFC 3339). @example "2027-01-01T00:00:00Z" */
  @Time()
  until?: string;
}

/** Which security events to list, of everybody. */
export class EventsQuery extends OwnEventsQuery {
  /** Only events that concern this user. */
  @Optional()
  @Rule('is_uuid', 'must be a UUID', isUuid)
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

/** The event as it goes over the wire: from where an admin acts is for admins, not for whom it concerns. */
export function toEventDto(event: AuditEvent, isForAdmin: boolean): EventDto {
  const isWhereShown = isForAdmin || event.actorId === null || event.actorId === event.userId;
  return {
    id: event.id,
    at: event.at,
    action: event.action,
    outcome: event.outcome,
    actor_id: event.actorId,
    user_id: event.userId,
    ip: isWhereShown ? event.ip : null,
    user_agent: isWhereShown ? event.userAgent : null,
    request_id: event.requestId,
    details: event.details,
  };
}

/** A time (RFC 3339) on a day that exists, in no leap second. */
function isTime(text: string): boolean {
  const day = text.slice(0, 10);
  if (!isRFC3339(text) || Number.isNaN(Date.parse(text))) return false;
  return new Date(day).toISOString().startsWith(day);
}

import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Call, Origin } from '../request.js';
import { Settings } from '../config/settings.js';
import { Conditions } from '../lists/conditions.js';
import { Database, statement } from '../database/database.js';
import { isUuid } from '../http/fields.js';
import { type List, Lists } from '../lists/lists.js';
import type { Page } from '../lists/pages.js';
import { type Rejection, Throttle } from '../throttle/throttle.js';
import { AuditEvent } from './audit-event.entity.js';
import { type EventDto, type EventsQuery, type OwnEventsQuery, toEventDto } from './audit.dto.js';

/** What happened. Whoever isn't named wasn't known. */
export interface AuditEntry extends Pick<AuditEvent, 'action'> {
  outcome?: AuditEvent['outcome'];
  actorId?: string;
  userId?: string;
  details?: Record<string, string>;
}

const PURGE = statement(
  'audit.purge',
  `DELETE FROM audit_events WHERE id IN (
     SELECT id FROM audit_events WHERE at < now() - $1::bigint * interval '1 millisecond' ORDER BY at LIMIT 1000
     FOR UPDATE SKIP LOCKED)
   RETURNING id`,
);

/** Keeps the record of security events: a line in the log, and a row that admins and those concerned can read. */
@Injectable()
export class AuditService {
  private readonly log = new Logger('Security');
  private readonly listeners: ((event: Pick<AuditEvent, 'action' | 'outcome'>) => void)[] = [];

  constructor(
    @InjectRepository(AuditEvent) private readonly events: Repository<AuditEvent>,
    private readonly database: Database,
    private readonly settings: Settings,
    private readonly lists: Lists,
    throttle: Throttle,
  ) {
    throttle.onRejection((rejection) => this.recordRejection(rejection));
  }

  /** Whom else to tell when something happens. */
  onEvent(listener: (event: Pick<AuditEvent, 'action' | 'outcome'>) => void): void {
    this.listeners.push(listener);
  }

  /** Records that something happened. What was done stays done when only the record fails: that is logged. */
  async record(
    { action, outcome = 'success', actorId, userId, details = {} }: AuditEntry,
    from: Origin,
  ): Promise<void> {
    const event = {
      action,
      outcome,
      actorId: actorId ?? null,
      userId: userId ?? null,
      ip: from.ip || null,
      userAgent: from.userAgent,
      requestId: from.requestId || null,
      details,
    };
    this.log[outcome === 'success' ? 'log' : 'warn'](logLine(event));
    for (const listener of this.listeners) listener(event);
    try {
      await this.events.insert({ id: uuidv7(), ...event });
    } catch (error) {
      this.log.error({
        event: 'audit_write_failed',
        action,
        request_id: from.requestId,
        reason: (error as Error).message,
      });
    }
  }

  /** Once a window: an attacker must not fill the record by being refused. */
  private async recordRejection({ isFirst, limits, account, from }: Rejection): Promise<void> {
    if (!isFirst) return;
    const userId = account && isUuid(account) ? account : undefined; // else it is what was typed
    await this.record({ action: 'throttled', outcome: 'failure', userId, details: { limits: limits.join(' ') } }, from);
  }

  /** Lists events, newest first. */
  list(query: EventsQuery): Promise<Page<EventDto>> {
    return this.lists.page(eventList(query), query, (event) => toEventDto(event, true));
  }

  /** Lists the events that concern a user, newest first, as that user may see them. */
  listOwn(query: OwnEventsQuery, { me: { id } }: Call): Promise<Page<EventDto>> {
    return this.lists.page(eventList({ ...query, user_id: id }), query, (event) => toEventDto(event, false));
  }

  /** Removes events past their retention, a thousand at most. Returns how many it removed. */
  async purge(): Promise<number> {
    return (await this.database.write(PURGE, [this.settings.auditRetention])).length;
  }
}

const COLUMNS = `id, at, action, outcome, actor_id AS "actorId", user_id AS "userId", ip, user_agent AS "userAgent",
  request_id AS "requestId", details`;

function eventList({ user_id, action, since, until }: EventsQuery): List<AuditEvent> {
  const conditions = new Conditions();
  if (user_id) conditions.add('user_id = $', user_id);
  if (action) conditions.add('action = $', action);
  if (since) conditions.add('at >= $', new Date(since));
  if (until) conditions.add('at < $', new Date(until));
  return {
    identity: ['events', user_id, action, since, until],
    columns: COLUMNS,
    from: 'audit_events',
    conditions,
    order: { expression: 'at', type: 'timestamptz', valueOf: ({ at }) => at.toISOString() },
    descending: true,
  };
}

const logLine = (event: Omit<AuditEvent, 'id' | 'at'>) => ({
  event: event.action,
  outcome: event.outcome,
  actor_id: event.actorId,
  user_id: event.userId,
  ip: event.ip,
  user_agent: event.userAgent,
  request_id: event.requestId,
  ...event.details,
});

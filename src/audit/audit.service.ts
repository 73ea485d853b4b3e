import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Client } from '../access.js';
import { Settings } from '../config/settings.js';
import { Database, statement } from '../database/database.js';
import { type Page, pageOf, type Position, positionOf } from '../http/pages.js';
import { AuditEvent } from './audit-event.entity.js';
import { type EventDto, type EventsQuery, toEventDto } from './audit.dto.js';

/** What happened. Whoever isn't named wasn't known. */
export interface Happening extends Pick<AuditEvent, 'action'> {
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

  constructor(
    @InjectRepository(AuditEvent) private readonly events: Repository<AuditEvent>,
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  /** Records that something happened. What was done stays done when only the record fails: that is logged. */
  async record({ action, outcome = 'success', actorId, userId, details = {} }: Happening, from: Client): Promise<void> {
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
    try {
      await this.events.insert({ id: uuidv7(), ...event });
    } catch (error) {
      this.log.error({ event: 'audit_write_failed', action, request_id: from.requestId, reason: (error as Error).message });
    }
  }

  /** Lists events, newest first. */
  async list(query: EventsQuery): Promise<Page<EventDto>> {
    const { user_id, action, since, until } = query;
    const list = ['events', user_id, action, since, until];
    const rows = await this.find(query, positionOf(query, list));
    return pageOf(rows, query, list, {
      total: null,
      position: ({ at, id }) => ({ value: at.toISOString(), id }),
      show: toEventDto,
    });
  }

  /** Removes events past their retention, a thousand at most. Returns how many it removed. */
  async purge(): Promise<number> {
    return (await this.database.write(PURGE, [this.settings.auditRetention])).length;
  }

  private find(query: EventsQuery, after: Position | undefined): Promise<AuditEvent[]> {
    const events = this.events.createQueryBuilder('event');
    if (query.user_id) events.andWhere('event.userId = :user', { user: query.user_id });
    if (query.action) events.andWhere('event.action = :action', { action: query.action });
    if (query.since) events.andWhere('event.at >= :since', { since: query.since });
    if (query.until) events.andWhere('event.at < :until', { until: query.until });
    if (after) events.andWhere('(event.at, event.id) < (:at, :id)', { at: after.value, id: after.id });
    return events
      .orderBy('event.at', 'DESC')
      .addOrderBy('event.id', 'DESC')
      .offset(query.skip ?? 0)
      .limit(query.limit + 1)
      .getMany();
  }
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

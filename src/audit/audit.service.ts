import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager, EntitySubscriberInterface, TransactionCommitEvent } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Call, Origin } from '../request.js';
import { Database } from '../database/database.js';
import { type Companion, statement } from '../database/statement.js';
import { isUuid } from '../http/fields.js';
import { Lists } from '../lists/lists.js';
import type { Page } from '../lists/pages.js';
import type { Rejection } from '../throttle/rejections.js';
import { Throttle } from '../throttle/throttle.js';
import type { AuditEvent } from './audit-event.entity.js';
import type { RecordedStatement } from './recorded.js';
import { type EventDto, type EventPersonDto, type EventsQuery, type OwnEventsQuery, toEventDto } from './audit.dto.js';
import { eventList, firstIdOf } from './audit.list.js';
import { BATCH, eachBatch } from './event-batches.js';

/** An event to record. Members are left out when unknown. */
export interface AuditEntry extends Pick<AuditEvent, 'action'> {
  outcome?: AuditEvent['outcome'];
  actorId?: string;
  userId?: string;
  details?: Record<string, string>;
}

/** Who acts: on a public route or in a script, nobody may be signed in. */
export type Actor = Origin & Partial<Pick<Call, 'me' | 'credential'>>;

/** A row of a change, with its events. */
type RecordedRow<Row extends object> = Row & { recordedEvents: Recorded[] | null };

/** An event as its statement returns it. */
type Recorded = Pick<AuditEvent, 'action' | 'outcome' | 'actorId' | 'userId' | 'details'>;

const INSERT = statement(
  'audit_events.insert',
  `INSERT INTO audit_events (id, action, outcome, actor_id, user_id, ip, user_agent, request_id, details)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
);

/** Clears a batch of events that have a user in this column: IP address, user agent and details are removed. */
const forget = (column: 'user_id' | 'actor_id', condition = 'true') =>
  statement(
    `audit_events.forget_${column}`,
    `UPDATE audit_events SET ip = NULL, user_agent = NULL, details = '{}' WHERE id IN (
       SELECT id FROM audit_events WHERE ${column} = $1 AND ${condition} AND (at, id) > ($2::timestamptz, $3::uuid)
       ORDER BY at, id LIMIT ${BATCH})
     RETURNING at, id`,
  );
const FORGET = [forget('user_id'), forget('actor_id', 'actor_id IS DISTINCT FROM user_id')];

const FAILED_SINCE = statement(
  'audit.failed_since',
  `SELECT DISTINCT user_id AS id FROM audit_events WHERE at >= $1 AND id >= $2 AND outcome = 'failure' AND user_id IS NOT NULL`,
);

/** Records security events: a log line, and a row that admins and the user concerned can read. */
@Injectable()
export class AuditService implements EntitySubscriberInterface {
  private readonly log = new Logger('Security');
  private findPeople: (ids: string[]) => Promise<EventPersonDto[]> = () => Promise.resolve([]);
  /** Events of transactions that haven't been committed yet. */
  private readonly uncommitted = new WeakMap<EntityManager, (() => void)[]>();
  private readonly listeners: ((event: Pick<AuditEvent, 'action' | 'outcome'>) => void)[] = [];

  constructor(
    private readonly database: Database,
    private readonly lists: Lists,
    throttle: Throttle,
  ) {
    throttle.onRejection((rejection) => this.recordRejection(rejection));
  }

  /** Registers a listener for events. */
  onEvent(listener: (event: Pick<AuditEvent, 'action' | 'outcome'>) => void): void {
    this.listeners.push(listener);
  }

  /**
   * Runs a statement made by `recorded`: a change, with its events.
   * @param along a statement for the same transaction, as for `Database.write`
   * @returns the rows of the change
   * @throws as `Database.write`
   */
  async write<Row extends object>(
    statement: RecordedStatement,
    values: unknown[],
    call: Actor,
    along?: (rows: Row[]) => Companion | undefined,
  ): Promise<Row[]> {
    const rows = await this.database.write<RecordedRow<Row>>(statement, valuesOf(statement, values, call), along);
    const { rows: changed, events } = withoutEvents<Row>(rows);
    for (const event of events) this.tell(event, call);
    return changed;
  }

  /** As `write`, in the transaction of this manager: its events are logged after the commit, and not after a rollback. */
  async writeIn<Row extends object>(
    manager: EntityManager,
    statement: RecordedStatement,
    values: unknown[],
    call: Actor,
  ): Promise<Row[]> {
    const { rows, events } = withoutEvents<Row>(await manager.query(statement.text, valuesOf(statement, values, call)));
    const { subscribers } = manager.dataSource;
    if (!subscribers.includes(this)) subscribers.push(this);
    const waiting = this.uncommitted.get(manager) ?? [];
    this.uncommitted.set(manager, [...waiting, () => events.forEach((event) => this.tell(event, call))]);
    return rows;
  }

  /**
   * Records an event without a change, such as a wrong password: best effort, a failure is logged. Changes are recorded by
   * `write`, in the same statement.
   */
  async record(
    { action, outcome = 'success', actorId, userId, details: more }: AuditEntry,
    { credential, ip, userAgent, requestId }: Actor,
  ): Promise<void> {
    const details = { ...more, ...detailsOf(credential) };
    const event = { action, outcome, actorId: actorId ?? null, userId: userId ?? null, details };
    this.tell(event, { ip, userAgent, requestId });
    const values = [uuidv7(), action, outcome, event.actorId, event.userId, ip || null, userAgent, requestId || null];
    try {
      await this.database.write(INSERT, [...values, JSON.stringify(details)]);
    } catch (error) {
      this.log.error({ event: 'audit_write_failed', action, request_id: requestId, reason: (error as Error).message });
    }
  }

  /** Called by TypeORM after a commit, also of a savepoint. */
  afterTransactionCommit({ manager, queryRunner }: TransactionCommitEvent): void {
    if (queryRunner.isTransactionActive) return; // it was a savepoint
    const waiting = this.uncommitted.get(manager) ?? [];
    this.uncommitted.delete(manager);
    for (const tell of waiting) tell();
  }

  private tell(event: Recorded, from: Pick<Origin, 'ip' | 'userAgent' | 'requestId'>): void {
    this.log[event.outcome === 'success' ? 'log' : 'warn'](logLine(event, from));
    for (const listener of this.listeners) listener(event);
  }

  /** Once per window: an attacker must not flood the table with rejections. */
  private async recordRejection({ isFirst, limits, account, from }: Rejection): Promise<void> {
    if (!isFirst) return;
    const userId = account && isUuid(account) ? account : undefined; // otherwise it is what was typed
    await this.record({ action: 'throttled', outcome: 'failure', userId, details: { limits: limits.join(' ') } }, from);
  }

  /** Registers how to find the names of users: they belong to a folder that this one must not import. */
  namePeopleBy(find: (ids: string[]) => Promise<EventPersonDto[]>): void {
    this.findPeople = find;
  }

  /** Ids of users with a failed event since then. */
  async whoFailedSince(since: Date): Promise<string[]> {
    const rows = await this.database.read<{ id: string }>(FAILED_SINCE, [since, firstIdOf(since)]);
    return rows.map(({ id }) => id);
  }

  /** Lists events, newest first. */
  list(query: EventsQuery): Promise<Page<EventDto>> {
    return this.page(query, true);
  }

  /** Lists the events that concern a user, newest first, as that user may see them. */
  listOwn(query: OwnEventsQuery, { me: { id } }: Call): Promise<Page<EventDto>> {
    return this.page({ ...query, user_id: id }, false);
  }

  /** All events that a query finds, newest first, in batches. */
  async *walk(query: EventsQuery): AsyncGenerator<EventDto[]> {
    for await (const events of this.lists.walk(() => eventList(query))) yield await this.shown(events, true);
  }

  /** All events that concern a user, newest first, as that user may see them, in batches. */
  async *walkOwn(userId: string): AsyncGenerator<EventDto[]> {
    for await (const events of this.lists.walk(() => eventList({ user_id: userId }))) {
      yield await this.shown(events, false);
    }
  }

  private async page(query: EventsQuery, isForAdmin: boolean): Promise<Page<EventDto>> {
    const page = await this.lists.page(eventList(query), query, (event) => event);
    return Object.assign(page as unknown as Page<EventDto>, { items: await this.shown(page.items, isForAdmin) });
  }

  /** Maps events; names are found by one query. */
  private async shown(events: AuditEvent[], isForAdmin: boolean): Promise<EventDto[]> {
    const ids = new Set(events.flatMap(({ actorId, userId }) => [actorId ?? [], userId ?? []].flat()));
    const found = ids.size ? await this.findPeople([...ids]) : [];
    const people = new Map(found.map((person) => [person.id, person]));
    return events.map((event) => toEventDto(event, people, isForAdmin));
  }

  /** Clears IP address, user agent and details of the events that concern a user; action, time and users are kept. */
  async forget(userId: string): Promise<void> {
    for (const statement of FORGET) await eachBatch(this.database, statement, userId);
  }
}

/** Takes the events out of the rows of a change. */
function withoutEvents<Row extends object>(rows: RecordedRow<Row>[]): { rows: Row[]; events: Recorded[] } {
  const events = rows[0]?.recordedEvents ?? [];
  for (const row of rows as Partial<(typeof rows)[number]>[]) delete row.recordedEvents;
  return { rows, events };
}

/** The statement's own values, then those of the call, in the order of `recorded`. */
function valuesOf({ parameters }: RecordedStatement, values: unknown[], call: Actor): unknown[] {
  const own = Array.from({ length: parameters }, (_, index) => values[index]);
  const { me, credential, ip, userAgent, requestId } = call;
  return [...own, me?.id ?? null, ip || null, userAgent, requestId || null, JSON.stringify(detailsOf(credential))];
}

/** The credential, for the event's details; sessions are the default and left out. */
function detailsOf(credential: Call['credential'] | undefined): Record<string, string> {
  switch (credential?.kind) {
    case undefined:
    case 'session':
    case 'script':
      return {};
    case 'token':
      return { token_id: credential.tokenId };
    default:
      return credential satisfies never;
  }
}

const logLine = (event: Recorded, { ip, userAgent, requestId }: Pick<Origin, 'ip' | 'userAgent' | 'requestId'>) => ({
  event: event.action,
  outcome: event.outcome,
  actor_id: event.actorId,
  user_id: event.userId,
  ip: ip || null,
  user_agent: userAgent,
  request_id: requestId || null,
  ...event.details,
});

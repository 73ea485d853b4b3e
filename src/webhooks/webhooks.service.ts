import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import { accompany, Database } from '../database/database.js';
import { storing } from '../idempotency/idempotent.js';
import { assertMatches } from '../http/conditional-requests.js';
import { assignmentsOf, Conditions } from '../lists/conditions.js';
import { byCreation, type List, Lists } from '../lists/lists.js';
import type { Page } from '../lists/pages.js';
import { Outbox } from '../outbox/outbox.js';
import { removalJob } from '../outbox/removal-job.js';
import { Scheduler } from '../outbox/scheduler.js';
import { conflict, notFound, validationFailed } from '../problems.js';
import type { Call } from '../request.js';
import { Signing } from './signing.js';
import { WebhookUrls } from './webhook-url.js';
import { MOST_WEBHOOKS, type Webhook } from './webhook.entity.js';
import {
  type CreateWebhookDto,
  type NewWebhookDto,
  toNewWebhookDto,
  toWebhookDto,
  type UpdateWebhookDto,
  type WebhookDto,
  type WebhookListDto,
} from './webhooks.dto.js';
import * as sql from './webhooks.statements.js';
import {
  type DeliveriesQuery,
  DELIVERY_STATES,
  type DeliveryDto,
  type DeliveryRow,
  type ReplayDto,
  toDeliveryDto,
} from './deliveries.dto.js';

const MOST_REPLAYED = 10_000;

/** The stored answer, for Idempotency-Key: without the secret. */
const answerToCreation = (call: Call) =>
  storing<Webhook>(call, ([row]) => row && { answer: toNewWebhookDto(row, null) });

/** Receivers of events, and their deliveries. */
@Injectable()
export class WebhooksService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly outbox: Outbox,
    private readonly lists: Lists,
    private readonly signing: Signing,
    private readonly urls: WebhookUrls,
    private readonly scheduler: Scheduler,
  ) {}

  onModuleInit(): void {
    this.scheduler.register(removalJob('old_webhook_events', () => this.purge()));
  }

  /** Adds a receiver. Its secret is returned only here. @throws Problem 409 when there are 20, 422 `url_not_allowed` */
  async create(dto: CreateWebhookDto, call: Call): Promise<NewWebhookDto> {
    const { events, description, is_active } = dto;
    const url = this.urls.check(dto.url);
    const keyId = this.signing.currentKeyId;
    const values = [uuidv7(), url, events, description ?? null, is_active, keyId, MOST_WEBHOOKS];
    const webhook = await this.database.transaction(async (db) => {
      await db.query(sql.LOCK); // serializes concurrent additions, so that the limit holds
      const rows = await this.audit.writeIn<Webhook>(db, sql.INSERT, values, call);
      await accompany(db, answerToCreation(call)?.(rows));
      return rows[0];
    }, 'webhooks');
    if (!webhook) throw conflict(`There are ${MOST_WEBHOOKS} webhooks at most.`);
    return toNewWebhookDto(webhook, this.signing.secretOf(webhook) ?? null);
  }

  /** All receivers, by creation. */
  async list(): Promise<WebhookListDto> {
    return { items: (await this.database.read<Webhook>(sql.LIST, [])).map(toWebhookDto) };
  }

  /** @throws Problem 404 */
  async get(id: string): Promise<WebhookDto> {
    return toWebhookDto(await this.find(id));
  }

  /** Changes what `dto` names. @throws Problem 404, 412, 422 `url_not_allowed` */
  async update(id: string, dto: UpdateWebhookDto, call: Call): Promise<WebhookDto> {
    const changes = {
      ...dto,
      ...(dto.url !== undefined && { url: this.urls.check(dto.url) }),
      // enabling it clears its failures
      ...(dto.is_active && { disabled_reason: null, failing_since: null }),
    };
    const columns = ['url', 'events', 'description', 'is_active', 'disabled_reason', 'failing_since'] as const;
    const { values, ...change } = assignmentsOf(changes, columns, [id, call.versions]);
    const [webhook] = await this.audit.write<Webhook>(sql.update(change), values, call);
    if (!webhook) return this.whyNot(id, call);
    return toWebhookDto(webhook);
  }

  /** Removes a receiver and its deliveries. @throws Problem 404, 412 */
  async delete(id: string, call: Call): Promise<void> {
    const deleted = await this.audit.write(sql.DELETE, [id, call.versions], call);
    if (!deleted.length) await this.whyNot(id, call);
  }

  /** Creates a new secret; the previous one also signs for so many hours. @throws Problem 404 */
  async rotateSecret(id: string, hours: number, call: Call): Promise<string> {
    const [webhook] = await this.audit.write<Webhook>(sql.ROTATE, [id, this.signing.currentKeyId, hours], call);
    if (!webhook) throw notFound('webhook');
    return this.signing.secretOf(webhook) ?? '';
  }

  /** Sends `webhook.test` to this receiver. @throws Problem 404 */
  async sendTest(id: string): Promise<void> {
    const body = JSON.stringify({ type: 'webhook.test', timestamp: new Date(), data: { webhook_id: id } });
    const [job] = await this.database.write(sql.TEST, [id, uuidv7(), body]);
    if (!job) throw notFound('webhook');
    this.outbox.wake('webhook');
  }

  /** The number of receivers that are working, failing, and disabled. */
  async countByState(): Promise<Record<'active' | 'failing' | 'disabled', number>> {
    const [counts] = await this.database.read<Record<'active' | 'failing' | 'disabled', number>>(
      sql.COUNT_BY_STATE,
      [],
    );
    return counts ?? { active: 0, failing: 0, disabled: 0 };
  }

  /** A page of a receiver's deliveries, newest first. @throws Problem 404 */
  async deliveries(id: string, query: DeliveriesQuery): Promise<Page<DeliveryDto>> {
    await this.find(id);
    return this.lists.page(deliveryList(id, query), query, toDeliveryDto);
  }

  /** Repeats a delivery, under the same `webhook-id`. @throws Problem 404 */
  async retry(id: string, deliveryId: string): Promise<void> {
    const [job] = await this.database.write(sql.RETRY, [id, deliveryId]);
    if (!job) throw notFound('delivery');
    this.outbox.wake('webhook');
  }

  /** Repeats deliveries of a time range. Returns how many. @throws Problem 404, 422 when there are more than 10,000 */
  async replay(id: string, { since, until, state }: ReplayDto): Promise<number> {
    await this.find(id);
    const states = state === 'all' ? Object.values(DELIVERY_STATES).flat() : DELIVERY_STATES[state];
    const range = [id, new Date(since), until ? new Date(until) : new Date(), states];
    const [counted] = await this.database.read<{ count: number }>(sql.COUNT_REPLAY, [...range, MOST_REPLAYED + 1]);
    if ((counted?.count ?? 0) > MOST_REPLAYED) {
      const detail = `covers more than ${MOST_REPLAYED} deliveries: take a shorter time`;
      throw validationFailed([{ pointer: '/since', code: 'too_many', detail }]);
    }
    const replayed = await this.database.write(sql.REPLAY, range);
    this.outbox.wake('webhook');
    return replayed.length;
  }

  /** Deletes events of more than 30 days ago, a thousand at most. Returns how many. */
  async purge(): Promise<number> {
    return (await this.database.write(sql.PURGE_EVENTS, [])).length;
  }

  private async find(id: string): Promise<Webhook> {
    const [webhook] = await this.database.read<Webhook>(sql.BY_ID, [id]);
    if (!webhook) throw notFound('webhook');
    return webhook;
  }

  /** Why nothing was written: the receiver doesn't exist, or `If-Match` names another version. */
  private async whyNot(id: string, { versions }: Call): Promise<never> {
    assertMatches(toWebhookDto(await this.find(id)), versions);
    throw notFound('webhook');
  }
}

function deliveryList(id: string, { state, type, since }: DeliveriesQuery): List<DeliveryRow> {
  const conditions = new Conditions();
  conditions.add('lane = $', id);
  if (state) conditions.add('state = ANY ($::text[])', DELIVERY_STATES[state]);
  if (type) conditions.add('kind = $', type);
  if (since) conditions.add('created_at >= $', new Date(since));
  return {
    identity: ['deliveries', id, state, type, since],
    columns: `id, kind AS type, state, attempts, due_at AS "dueAt", created_at AS "createdAt", done_at AS "doneAt",
      last_status AS "lastStatus", last_error AS "lastError", duration_ms AS "durationMs"`,
    from: 'outbox',
    conditions,
    order: byCreation(),
    descending: true,
  };
}

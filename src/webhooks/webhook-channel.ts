import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { hours, minutes, seconds } from '../config/durations.js';
import { Database } from '../database/database.js';
import { Mails } from '../mail/mails.js';
import { type Channel, type ClaimedJob, type Delivery, DeliveryError } from '../outbox/channel.js';
import type { Lease } from '../outbox/lease.js';
import { Outbox } from '../outbox/outbox.js';
import { SCRIPT } from '../request.js';
import { AddressNotAllowedError } from './allowed-addresses.js';
import { HttpSender } from './http-sender.js';
import { Signing } from './signing.js';
import { MOST_WEBHOOKS, type Webhook } from './webhook.entity.js';
import * as sql from './webhooks.statements.js';

const PER_ENDPOINT = 2;
/** Enough slots for all receivers at the same time, so that none waits for another. */
const SLOTS = MOST_WEBHOOKS * PER_ENDPOINT;
/** Delays after each failed try; 75 hours in all. */
const RETRIES = [seconds(5), minutes(5), minutes(30), hours(2), hours(5), hours(10), hours(14), hours(20), hours(24)];
const LONGEST_WAIT = hours(24);
const GONE = 410;

/** The receiver answered something other than 2xx, or nothing. */
class RefusedError extends DeliveryError {
  constructor(
    message: string,
    options: DeliveryError['options'],
    readonly retryAfter?: number,
  ) {
    super(message, options);
  }
}

type Found = Webhook & { body: string | null; eventId: string };

/** The outbox' channel `webhook`: signs an event and posts it to one receiver. */
@Injectable()
export class WebhookChannel implements Channel, OnModuleInit {
  readonly name = 'webhook';
  readonly slots = SLOTS;
  readonly perLane = PER_ENDPOINT;
  private readonly failed;
  private busyUntil = 0;

  constructor(
    private readonly outbox: Outbox,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly sender: HttpSender,
    private readonly signing: Signing,
  ) {
    this.failed = sql.FAILED(
      mails.insert('webhook_disabled', {
        from: `change c CROSS JOIN (
          SELECT id, email, username, locale FROM users WHERE role = 'admin' AND is_active AND deleted_at IS NULL) u`,
        to: 'u.email',
        userId: 'u.id',
        locale: 'u.locale',
        data: `jsonb_build_object('username', u.username, 'url', c.url, 'reason', c.reason)`,
      }),
    );
  }

  onModuleInit(): void {
    this.outbox.register(this);
    // only while there are deliveries: without receivers, each event would cost a claim; polling finds a first one in a second
    this.audit.onEvent(() => {
      if (performance.now() < this.busyUntil) this.outbox.wake(this.name);
    });
  }

  /** @throws DeliveryError unless the receiver answers 2xx within 15 s */
  async deliver(job: ClaimedJob, lease: Lease): Promise<Delivery> {
    this.busyUntil = performance.now() + minutes(1);
    const [webhook] = await this.database.read<Found>(sql.FIND_DELIVERY, [job.id]);
    const body = webhook?.body ?? null;
    if (!webhook || body === null) throw new DeliveryError('Nothing is left to send.', { isPermanent: true });
    if (!webhook.isActive) throw new DeliveryError('The webhook is switched off.', { isPermanent: true });
    if (!lease.mayBegin) throw new DeliveryError('The lease was over.', { isReturned: true });
    const status = await this.post(webhook, body, lease);
    await this.database.write(sql.SUCCEEDED, [webhook.id]);
    return { status };
  }

  /** The scheduled delay ± 20 %, so that receivers aren't all called at once; longer if the receiver asks. */
  retryAfter(attempts: number, error: unknown): number | undefined {
    const wait = RETRIES[attempts - 1];
    if (wait === undefined) return undefined;
    const asked = error instanceof RefusedError ? seconds(error.retryAfter ?? 0) : 0;
    return Math.round(Math.max(wait * (0.8 + Math.random() * 0.4), Math.min(asked, LONGEST_WAIT)));
  }

  private async post(webhook: Found, body: string, lease: Lease): Promise<number> {
    const messageId = `msg_${webhook.eventId}`;
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = this.signing.sign(webhook, { messageId, timestamp, body });
    if (!signature) {
      await this.fail(webhook, false);
      throw new DeliveryError('The key of its secret has left JWT_SECRET_KEY: rotate the secret.', {});
    }
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'UserHub-Webhooks',
      'webhook-id': messageId,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signature,
    };
    const answer = await this.sender.post(webhook.url, headers, body, lease.signal).catch(async (error: unknown) => {
      await this.fail(webhook, false);
      throw new RefusedError(reasonOf(error), {});
    });
    if (answer.status >= 200 && answer.status < 300) return answer.status;
    const isGone = answer.status === GONE;
    await this.fail(webhook, isGone);
    const { status, retryAfter } = answer;
    throw new RefusedError(`The receiver answered ${status}.`, { status, isPermanent: isGone }, retryAfter);
  }

  private async fail({ id }: Webhook, isGone: boolean): Promise<void> {
    const disabled = await this.audit.write(this.failed, [id, isGone], SCRIPT);
    if (disabled.length) this.mails.wake();
  }
}

/** The stored reason of a failed connection: without resolved addresses or bytes of an answer. */
function reasonOf(error: unknown): string {
  if (error instanceof AddressNotAllowedError) return 'The address is not allowed.';
  const { name, code } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError' || name === 'AbortError') return 'No answer within 15 s.';
  return `The connection failed${code ? ` (${code})` : ''}.`;
}

/** Metrics of the outbox: jobs, mails and webhooks. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { seconds } from '../config/durations.js';
import { MAIL_KINDS } from '../mail/kinds.js';
import type { Backlog, Outbox } from '../outbox/outbox.js';
import { CHANNELS } from '../outbox/outbox-job.entity.js';
import { EVENT_TYPES } from '../webhooks/event-types.js';
import type { WebhooksService } from '../webhooks/webhooks.service.js';
import { gaugeOfRows, rememberFor, SECONDS } from './gauges.js';

export function measureOutbox(registry: Registry, outbox: Outbox): void {
  const done = new Counter({
    name: 'userhub_outbox_jobs_total',
    help: 'Mails and webhooks finished by this process, by result: sent, failed permanently, or expired.',
    labelNames: ['channel', 'kind', 'result'],
    registers: [registry],
  });
  for (const result of ['sent', 'failed']) {
    for (const kind of Object.keys(MAIL_KINDS)) done.inc({ channel: 'mail', kind, result }, 0);
    for (const kind of EVENT_TYPES) done.inc({ channel: 'webhook', kind, result }, 0);
  }
  outbox.onOutcome(({ channel, kind, state }) => {
    if (state !== 'queued') done.inc({ channel, kind, result: state });
  });
  let asked: Promise<Backlog[] | undefined> | undefined;
  const backlog = () => (asked ??= lookUp()); // one query for both gauges
  const lookUp = () =>
    outbox
      .backlog()
      .catch(() => undefined) // on failure the last values are kept
      .finally(() => (asked = undefined));
  const gauge = { label: 'channel', values: CHANNELS, rows: backlog } as const;
  gaugeOfRows(registry, {
    ...gauge,
    name: 'userhub_outbox_queued',
    help: 'Queued mails and webhooks.',
    valueOf: ({ queued }) => queued,
  });
  gaugeOfRows(registry, {
    ...gauge,
    name: 'userhub_outbox_oldest_seconds',
    help: 'Age of the oldest queued mail or webhook.',
    valueOf: ({ oldestSeconds }) => oldestSeconds,
  });
}

export function measureWebhooks(registry: Registry, outbox: Outbox, webhooks: WebhooksService): void {
  const tries = new Histogram({
    name: 'userhub_webhook_delivery_duration_seconds',
    help: 'Duration of webhook requests, by whether they succeeded.',
    labelNames: ['result'],
    buckets: [...SECONDS, 15],
    registers: [registry],
  });
  for (const result of ['delivered', 'failed']) tries.zero({ result });
  outbox.onOutcome(({ channel, state, duration }) => {
    if (channel !== 'webhook' || duration === undefined) return;
    tries.observe({ result: state === 'sent' ? 'delivered' : 'failed' }, duration / 1000);
  });
  const remembered = rememberFor(seconds(1), () => webhooks.countByState());
  new Gauge({
    name: 'userhub_webhooks',
    help: 'Receivers of webhooks: working, last try failed, disabled.',
    labelNames: ['state'],
    aggregator: 'max',
    registers: [registry],
    async collect() {
      for (const [state, count] of Object.entries((await remembered()) ?? {})) this.set({ state }, count);
    },
  });
}

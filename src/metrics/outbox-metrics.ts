/** Metrics of the outbox: jobs, mails and webhooks. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { seconds } from '../config/durations.js';
import { MAIL_KINDS } from '../mail/kinds.js';
import type { Backlog, Outbox } from '../outbox/outbox.js';
import { CHANNELS } from '../outbox/outbox-job.entity.js';
import { EVENT_TYPES } from '../webhooks/event-types.js';
import type { WebhooksService } from '../webhooks/webhooks.service.js';

/** Histogram buckets in seconds. */
export const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
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
  const gauge = (name: string, help: string, valueOf: (backlog: Backlog | undefined) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['channel'],
      aggregator: 'max', // all workers read the same table
      registers: [registry],
      async collect() {
        const found = await backlog();
        for (const channel of found ? CHANNELS : []) {
          this.set({ channel }, valueOf(found?.find((one) => one.channel === channel)));
        }
      },
    });
  gauge('userhub_outbox_queued', 'Queued mails and webhooks.', (one) => one?.queued ?? 0);
  gauge('userhub_outbox_oldest_seconds', 'Age of the oldest queued mail or webhook.', (one) => one?.oldestSeconds ?? 0);
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

/**
 * Caches the result of a query for so many milliseconds; one query at a time. Undefined when it failed, so that the caller
 * keeps its last value.
 */
export function rememberFor<T>(milliseconds: number, lookUp: () => Promise<T>): () => Promise<T | undefined> {
  let answer: Promise<T | undefined> | undefined;
  let until = 0;
  return () => {
    if (answer && performance.now() < until) return answer;
    until = performance.now() + milliseconds;
    return (answer = lookUp().catch(() => ((until = 0), undefined)));
  };
}

/** What leaves by the outbox: mails through a relay that counts them, and webhooks to a receiver with several addresses. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { UUID_V7 } from '../src/database/uuid-v7.js';
import { Sink } from '../faults/sink.js';
import { Subscriber } from '../faults/subscriber.js';
import type { Sample, Span } from './load.js';
import { median } from './results.js';
import type { Server } from './servers.js';
import type { World } from './world.js';

/** Where a server under measurement sends to. */
export interface Receivers {
  sink: Sink;
  subscriber: Subscriber;
}

const MAILS_A_SECOND = 250; // as many are queued for each second that is measured
const EVENTS_A_SECOND = 40;
const ENDPOINTS = 5;
const PICK_UPS = 10;
const POLL = 2;
const PATIENCE = 60_000;

/** Opens both. */
export async function openReceivers(): Promise<Receivers> {
  const receivers = { sink: new Sink(), subscriber: new Subscriber() };
  await Promise.all([receivers.sink.open(), receivers.subscriber.open()]);
  return receivers;
}

/** What a server needs to know to send there. */
export const deliverySettings = ({ sink }: Receivers): Record<string, string> => ({
  ...sink.env,
  NODE_ENV: 'test', // as production, save that webhooks may go to loopback
  BCRYPT_ROUNDS: '12',
});

/** Mails a second out of a full queue; the latencies are those of single ones, from asking for one to its arrival. */
export async function measureMails(server: Server, world: World, { seconds }: Span): Promise<Sample> {
  const { sink } = world.receivers;
  const latencies: number[] = [];
  for (let i = 0; i < PICK_UPS; i++) {
    const before = sink.accepted.size;
    const start = performance.now();
    await post(server, '/api/mails/test', world.admin.token, { to: 'reader@example.com' });
    await until(() => sink.accepted.size > before);
    latencies.push(performance.now() - start);
  }
  const count = MAILS_A_SECOND * seconds;
  return burst(server, { count, latencies, received: () => sink.accepted.size }, () =>
    world.sql(
      `INSERT INTO outbox (id, channel, kind, recipient, expires_at)
       SELECT gen_random_uuid(), 'mail', 'test', 'reader' || n || '@example.com', now() + interval '1 day'
       FROM generate_series(1, $1::int) n`,
      [count],
    ),
  );
}

/** Deliveries a second of events that each go to five endpoints; the latencies are those of single ones, until all have it. */
export async function measureWebhooks(server: Server, world: World, { seconds }: Span): Promise<Sample> {
  const { subscriber } = world.receivers;
  await subscribe(server, world);
  const latencies: number[] = [];
  const { id, token } = world.actors[0] as World['actors'][number];
  for (let i = 0; i < PICK_UPS; i++) {
    const before = subscriber.accepted.size;
    const start = performance.now();
    await patch(server, `/api/users/${id}`, token, { display_name: `Ada ${i} ${randomUUID().slice(0, 8)}` });
    await until(() => subscriber.accepted.size >= before + ENDPOINTS);
    latencies.push(performance.now() - start);
  }
  const events = EVENTS_A_SECOND * seconds;
  const sample = await burst(
    server,
    { count: events * ENDPOINTS, latencies, received: () => subscriber.accepted.size },
    () =>
      world.sql(
        `INSERT INTO audit_events (id, action, outcome, user_id, details)
       SELECT ${UUID_V7}, 'user_updated', 'success', $2, '{"changed": "display_name"}' FROM generate_series(1, $1::int)`,
        [events, id],
      ),
  );
  await world.sql('DELETE FROM webhooks WHERE true', []); // so that what is measured next tells nobody
  return sample;
}

interface Burst {
  count: number;
  latencies: number[];
  received: () => number;
}

async function burst(server: Server, { count, latencies, received }: Burst, queue: () => Promise<unknown>) {
  const before = received();
  await queue();
  await until(() => received() > before);
  const [start, first, cpuBefore] = [performance.now(), received(), server.cpuMs()];
  await until(() => received() >= before + count);
  const cpuAfter = server.cpuMs();
  const done = before + count - first;
  return {
    rate: (done * 1000) / (performance.now() - start),
    p50: median(latencies),
    p99: Math.max(...latencies),
    errors: 0,
    cpu: cpuBefore === undefined || cpuAfter === undefined ? undefined : ((cpuAfter - cpuBefore) * 1000) / done,
  };
}

async function subscribe(server: Server, { admin, receivers: { subscriber } }: World): Promise<void> {
  const { items } = (await call(server, 'GET', '/api/webhooks', admin.token)) as { items: unknown[] };
  for (let i = items.length; i < ENDPOINTS; i++) {
    const name = `endpoint${i}`;
    const body = { url: subscriber.url(name), events: ['user.updated'] };
    const { secret } = (await call(server, 'POST', '/api/webhooks', admin.token, body)) as { secret: string };
    subscriber.trust(name, secret);
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + PATIENCE; !isSo(); await delay(POLL)) {
    if (performance.now() > deadline) throw new Error('What was sent did not arrive in a minute.');
  }
}

const post = (server: Server, path: string, token: string, body: object) => call(server, 'POST', path, token, body);
const patch = (server: Server, path: string, token: string, body: object) => call(server, 'PATCH', path, token, body);

async function call({ url }: Server, method: string, path: string, token: string, body?: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
  const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} got ${response.status} ${text.slice(0, 500)}`);
  return text && JSON.parse(text);
}

/** Runs statements on the database under measurement. */
export function statements(url: string): World['sql'] {
  return async (text, values) => {
    const db = new pg.Client(url);
    await db.connect();
    try {
      return (await db.query(text, values)).rows as Record<string, unknown>[];
    } finally {
      await db.end();
    }
  };
}

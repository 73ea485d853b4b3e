/** What can happen to webhooks on their way: replicas that die, end or freeze with some in flight. */
import { setTimeout as delay } from 'node:timers/promises';
import { UUID_V7 } from '../src/database/uuid-v7.js';
import { Replica } from './replica.js';
import { type Row, row } from './rows.js';
import { Subscriber } from './subscriber.js';
import type { Fault, World } from './world.js';

const ENDPOINTS = 5;
const PER_ENDPOINT = 2; // deliveries at once, in one process
const IN_FLIGHT = ENDPOINTS * PER_ENDPOINT;
const LEASE = 60_000;
const THINKS = 30; // milliseconds that the receiver takes for a message
const ADMIN = { email: 'root@example.com', password: 'a long enough password' };

export const webhookFaults: Fault[] = [
  { name: 'webhooks: kill -9, direct', isQuick: false, run: (world) => killed(world, 'direct') },
  { name: 'webhooks: kill -9, PgBouncer', isQuick: false, run: (world) => killed(world, 'PgBouncer') },
  { name: 'webhooks: kill -9 right after the answer', isQuick: false, run: killedAfterAnswer },
  { name: 'webhooks: SIGTERM', isQuick: true, run: ended },
  { name: 'webhooks: SIGSTOP over the lease', isQuick: false, run: frozen },
];

type Way = 'direct' | 'PgBouncer';

interface Account {
  count: number;
  lost: number;
  doubled: number;
  most: number;
  undelivered: number;
}

/** A database of its own, a subscriber, and replicas that deliver to it. */
class Exchange {
  readonly subscriber = new Subscriber();
  private token = '';

  private constructor(
    private readonly world: World,
    private readonly database: string,
    readonly replicas: [Replica, Replica],
  ) {}

  static async open(world: World, name: string, way: Way = 'direct'): Promise<Exchange> {
    const { postgres, pooler, folder } = world;
    const database = `webhooks_${name}_${way.toLowerCase()}`;
    const direct = await postgres.createDatabase(database);
    const env = {
      NODE_ENV: 'test', // so that it delivers to loopback
      DATABASE_URL: way === 'PgBouncer' ? postgres.url(database, pooler) : direct,
      DATABASE_POOLER: way === 'PgBouncer' ? 'transaction' : 'none',
      SHUTDOWN_DELAY_SECONDS: '0',
      FIRST_ADMIN_EMAIL: ADMIN.email,
      FIRST_ADMIN_PASSWORD: ADMIN.password,
    };
    const replicas: Exchange['replicas'] = [
      await Replica.start(`${database}_a`, env, folder),
      await Replica.start(`${database}_b`, env, folder),
    ];
    await Promise.all(replicas.map((replica) => replica.ready()));
    const exchange = new Exchange(world, database, replicas);
    await exchange.subscribe();
    return exchange;
  }

  sql<R extends object>(text: string, values: unknown[] = []): Promise<R[]> {
    return this.world.postgres.sql<R>(text, values, this.database);
  }

  /** As the admin. */
  call(replica: Replica, method: string, path: string, body?: object) {
    return replica.call(method, path, { token: this.token, ...(body && { body }) });
  }

  /** Commits so many events, each for every endpoint. */
  async commit(count: number, inMilliseconds = 0): Promise<void> {
    await this.sql(
      `WITH told AS (
         INSERT INTO audit_events (id, action, outcome, user_id, details)
         SELECT ${UUID_V7}, 'user_updated', 'success', id, '{"changed": "display_name"}'
         FROM users, generate_series(1, $1::int) RETURNING id)
       SELECT count(*) FROM told`,
      [count],
    );
    if (inMilliseconds)
      await this.sql(`UPDATE outbox SET due_at = now() + $1::int * interval '1 ms'`, [inMilliseconds]);
  }

  /** Resolves when none is queued any more, or after so many milliseconds. */
  async allDelivered(patience: number): Promise<void> {
    for (const deadline = performance.now() + patience; performance.now() < deadline; await delay(200)) {
      const [{ queued } = { queued: 1 }] = await this.sql<{ queued: number }>(
        `SELECT count(*)::int AS queued FROM outbox WHERE channel = 'webhook' AND state = 'queued'`,
      );
      if (queued === 0) return;
    }
  }

  /** What came of it: the ledger. A delivery is the same for an endpoint by its `webhook-id`. */
  async account(): Promise<Account> {
    const jobs = await this.sql<{ key: string; state: string }>(
      `SELECT right(w.url, 1) || ' msg_' || o.event_id AS key, o.state FROM outbox o JOIN webhooks w ON w.id::text = o.lane`,
    );
    const copies = jobs.map(({ key }) => this.subscriber.accepted.get(key) ?? 0);
    return {
      count: jobs.length,
      lost: copies.filter((count) => count === 0).length,
      doubled: copies.filter((count) => count > 1).length,
      most: Math.max(...copies),
      undelivered: jobs.filter(({ state }) => state !== 'sent').length,
    };
  }

  /** Whether the subscriber knows every user as the database has them. */
  async isInStep(): Promise<boolean> {
    const users = await this.sql<{ id: string; version: number; display_name: string | null }>(
      `SELECT id, version, display_name FROM users WHERE role <> 'admin'`,
    );
    return users.every(({ id, version, display_name }) => {
      const known = this.subscriber.users.get(id);
      return known?.version === version && known.display_name === display_name;
    });
  }

  async restart(replica: Replica): Promise<void> {
    replica.restart();
    await replica.ready();
  }

  async close(): Promise<void> {
    for (const replica of this.replicas) if (replica.isRunning) replica.signal('SIGKILL');
    await this.subscriber.close();
  }

  private async subscribe(): Promise<void> {
    const [replica] = this.replicas;
    await this.subscriber.open();
    const { body: tokens } = await replica.call('POST', '/api/auth/login', { body: ADMIN });
    this.token = tokens['access_token'] as string;
    for (let i = 0; i < ENDPOINTS; i++) {
      const name = String(i);
      const webhook = { url: this.subscriber.url(name), events: ['user.*'] };
      const { status, body } = await this.call(replica, 'POST', '/api/webhooks', webhook);
      if (status !== 201) throw new Error(`No webhook could be made (${status}: ${JSON.stringify(body)})`);
      this.subscriber.trust(name, body['secret'] as string);
    }
  }
}

async function killed(world: World, way: Way): Promise<Row> {
  const fault = `kill -9 of replicas with webhooks in flight, 3 times, ${way}`;
  if (way === 'PgBouncer' && !world.pooler) return row(fault, 'skipped: PgBouncer is not installed', []);
  const exchange = await Exchange.open(world, 'killed', way);
  exchange.subscriber.thinks = THINKS;
  await exchange.commit(400);
  const kills = 3;
  for (let i = 0; i < kills; i++) {
    await delay(1_000);
    const replica = exchange.replicas[i % 2 === 0 ? 0 : 1];
    replica.signal('SIGKILL');
    await replica.ended();
    await exchange.restart(replica);
  }
  await exchange.allDelivered(LEASE + 60_000);
  const result = await exchange.account();
  const { refused } = exchange.subscriber;
  await exchange.close();
  return row(fault, noteOf(result), [
    ['nothing is lost', result.lost === 0 && result.undelivered === 0],
    ['doubled is at most what was in flight', result.doubled <= kills * IN_FLIGHT && result.most <= 2],
    ['every signature holds', refused === 0],
  ]);
}

/** A 201 is a promise: the event goes out, though the process that gave it is dead. */
async function killedAfterAnswer(world: World): Promise<Row> {
  const exchange = await Exchange.open(world, 'after');
  const promised: string[] = [];
  const kills = 4;
  for (let i = 0; i < kills; i++) {
    const [mortal, other] = i % 2 === 0 ? exchange.replicas : [exchange.replicas[1], exchange.replicas[0]];
    const person = { email: `p${i}@example.com`, username: `person${i}`, password: ADMIN.password };
    const { status, body } = await exchange.call(mortal, 'POST', '/api/users', person);
    mortal.signal('SIGKILL');
    if (status === 201) promised.push(body['id'] as string);
    await mortal.ended();
    for (const id of promised) await exchange.call(other, 'PATCH', `/api/users/${id}`, { display_name: `now ${i}` });
    await exchange.restart(mortal);
  }
  await exchange.allDelivered(LEASE + 30_000);
  const [result, isInStep] = [await exchange.account(), await exchange.isInStep()];
  const knowsAll = promised.every((id) => exchange.subscriber.users.has(id));
  await exchange.close();
  return row(`kill -9 right after a 201, ${kills} times`, noteOf(result), [
    ['every account was promised', promised.length === kills],
    ['the other replica delivers what was promised', knowsAll && result.lost === 0 && result.undelivered === 0],
    ['doubled is at most what was in flight', result.doubled <= kills * IN_FLIGHT && result.most <= 2],
    ['a receiver with the public library stays in step', isInStep],
  ]);
}

async function ended(world: World): Promise<Row> {
  const exchange = await Exchange.open(world, 'ended');
  exchange.subscriber.thinks = THINKS;
  await exchange.commit(world.isShort ? 150 : 600);
  const ends: number[] = [];
  for (let i = 0; i < 4; i++) {
    await delay(500);
    const replica = exchange.replicas[i % 2 === 0 ? 0 : 1];
    replica.signal('SIGTERM');
    ends.push((await replica.ended()).ms);
    await exchange.restart(replica);
  }
  const begin = performance.now();
  await exchange.allDelivered(LEASE);
  const rest = performance.now() - begin;
  const result = await exchange.account();
  await exchange.close();
  const note = `${noteOf(result)}; ended within ${Math.round(Math.max(...ends))} ms`;
  return row('SIGTERM to replicas with webhooks in flight, 4 times', note, [
    ['nothing is lost', result.lost === 0 && result.undelivered === 0],
    ['nothing is doubled', result.doubled === 0],
    ['nothing waits for a lease to run out', rest < LEASE - 10_000],
  ]);
}

/** Frozen with deliveries claimed and not yet sent, as the table of endpoints is locked: when it wakes up, others have sent them. */
async function frozen(world: World): Promise<Row> {
  const exchange = await Exchange.open(world, 'frozen');
  const [a, b] = exchange.replicas;
  b.signal('SIGTERM');
  await b.ended();
  await exchange.commit(PER_ENDPOINT, 1_000);
  const unlocked = exchange.sql(
    `DO $$ BEGIN LOCK TABLE webhooks IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(6); END $$`,
  );
  await claimed(exchange);
  a.signal('SIGSTOP');
  await unlocked;
  await exchange.restart(b);
  await exchange.allDelivered(LEASE + 20_000);
  const before = await exchange.account();
  a.signal('SIGCONT');
  await delay(10_000);
  const result = await exchange.account();
  const went = (await a.isReady()) && /lease/i.test(a.logs);
  await exchange.close();
  return row('SIGSTOP of a replica for longer than the lease, webhooks in flight', noteOf(result), [
    ['the others send what it had', before.lost === 0 && before.undelivered === 0],
    ['the one that wakes up sends nothing twice', result.doubled === 0],
    ['it notices and goes on', went],
  ]);
}

async function claimed(exchange: Exchange): Promise<void> {
  for (const deadline = performance.now() + 5_000; performance.now() < deadline; await delay(20)) {
    const rows = await exchange.sql(`SELECT FROM outbox WHERE channel = 'webhook' AND attempts > 0 LIMIT 1`);
    if (rows.length) return;
  }
  throw new Error('Nothing was claimed');
}

const noteOf = ({ count, lost, doubled }: Account) => `${count} deliveries, ${lost} lost, ${doubled} doubled`;

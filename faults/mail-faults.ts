/** What can happen to mails on their way: replicas that die, end or freeze with some in flight, and a relay that misbehaves. */
import { setTimeout as delay } from 'node:timers/promises';
import { Replica } from './replica.js';
import { type Row, row } from './rows.js';
import { Sink } from './sink.js';
import type { Fault, World } from './world.js';

const SLOTS = 5; // mails at once, in one process
const LEASE = 60_000;
const KINDNESS = 30; // milliseconds that the relay takes for a mail

export const mailFaults: Fault[] = [
  { name: 'mail: kill -9, direct', isQuick: false, run: (world) => killed(world, 'direct') },
  { name: 'mail: kill -9, PgBouncer', isQuick: false, run: (world) => killed(world, 'PgBouncer') },
  { name: 'mail: SIGTERM, direct', isQuick: true, run: (world) => ended(world, 'direct') },
  { name: 'mail: SIGTERM, PgBouncer', isQuick: false, run: (world) => ended(world, 'PgBouncer') },
  { name: 'mail: SIGSTOP over the lease', isQuick: false, run: frozen },
  { name: 'mail: the relay refuses, then dies in messages', isQuick: true, run: relayGone },
  { name: 'mail: the database restarts', isQuick: false, run: databaseRestarts },
];

type Way = 'direct' | 'PgBouncer';

/** A database of its own, a relay, and replicas that send by it. */
interface Post {
  sink: Sink;
  replicas: [Replica, Replica];
  /** Commits so many mails. */
  commit: (count: number) => Promise<void>;
  /** Resolves when none is queued any more. @throws after so many milliseconds */
  allSent: (patience: number) => Promise<void>;
  /** What came of it: the ledger. */
  audit: () => Promise<{ committed: number; lost: number; doubled: number; most: number; unsent: number }>;
  close: () => Promise<void>;
}

async function openPost(world: World, name: string, way: Way = 'direct'): Promise<Post> {
  const { postgres, pooler, folder } = world;
  const database = `mail_${name}_${way.toLowerCase()}`;
  const direct = await postgres.createDatabase(database);
  const sink = new Sink();
  await sink.open();
  const isPooled = way === 'PgBouncer' && pooler !== undefined;
  const env = {
    ...sink.env,
    DATABASE_URL: isPooled ? postgres.url(database, pooler) : direct,
    DATABASE_POOLER: isPooled ? 'transaction' : 'none',
    SHUTDOWN_DELAY_SECONDS: '0',
  };
  const replicas: Post['replicas'] = [
    await Replica.start(`${database}_a`, env, folder),
    await Replica.start(`${database}_b`, env, folder),
  ];
  await Promise.all(replicas.map((replica) => replica.ready()));
  const sql = <R extends object>(text: string, values: unknown[] = []) => postgres.sql<R>(text, values, database);
  return {
    sink,
    replicas,
    commit: async (count) => {
      await sql(
        `INSERT INTO outbox (id, channel, kind, recipient, expires_at)
         SELECT gen_random_uuid(), 'mail', 'test', 'person' || n || '@example.com', now() + interval '1 day'
         FROM generate_series(1, $1::int) AS n`,
        [count],
      );
    },
    allSent: async (patience) => {
      for (const deadline = performance.now() + patience; performance.now() < deadline; await delay(200)) {
        const [{ queued } = { queued: 1 }] = await sql<{ queued: number }>(
          `SELECT count(*)::int AS queued FROM outbox WHERE state = 'queued'`,
        );
        if (queued === 0) return;
      }
    },
    audit: async () => {
      const jobs = await sql<{ id: string; state: string }>(`SELECT id, state FROM outbox`);
      const copies = jobs.map(({ id }) => sink.accepted.get(id) ?? 0);
      return {
        committed: jobs.length,
        lost: copies.filter((count) => count === 0).length,
        doubled: copies.filter((count) => count > 1).length,
        most: Math.max(...copies),
        unsent: jobs.filter(({ state }) => state !== 'sent').length,
      };
    },
    close: async () => {
      for (const replica of replicas) if (replica.isRunning) replica.signal('SIGKILL');
      await sink.close();
    },
  };
}

const skipped = (fault: string) => row(fault, 'skipped: PgBouncer is not installed', []);

async function killed(world: World, way: Way): Promise<Row> {
  const fault = `kill -9 of replicas with mails in flight, 3 times, ${way}`;
  if (way === 'PgBouncer' && !world.pooler) return skipped(fault);
  const post = await openPost(world, 'killed', way);
  post.sink.manners = { thinksAboutMessage: KINDNESS };
  await post.commit(1_500);
  const kills = 3;
  for (let i = 0; i < kills; i++) {
    await delay(1_000);
    const replica = post.replicas[i % 2 === 0 ? 0 : 1];
    replica.signal('SIGKILL');
    await replica.ended();
    replica.restart();
    await replica.ready();
  }
  await post.allSent(LEASE + 60_000);
  const result = await post.audit();
  await post.close();
  return row(fault, noteOf(result), [
    ['nothing is lost', result.lost === 0 && result.unsent === 0],
    ['doubled is at most what was in flight', result.doubled <= kills * SLOTS && result.most <= 2],
  ]);
}

async function ended(world: World, way: Way): Promise<Row> {
  const fault = `SIGTERM to replicas with mails in flight, 4 times, ${way}`;
  if (way === 'PgBouncer' && !world.pooler) return skipped(fault);
  const post = await openPost(world, 'ended', way);
  post.sink.manners = { thinksAboutMessage: KINDNESS };
  await post.commit(world.isShort ? 600 : 3_000);
  const ends: number[] = [];
  for (let i = 0; i < 4; i++) {
    await delay(500);
    const replica = post.replicas[i % 2 === 0 ? 0 : 1];
    replica.signal('SIGTERM');
    ends.push((await replica.ended()).ms);
    replica.restart();
    await replica.ready();
  }
  const begin = performance.now();
  await post.allSent(LEASE);
  const rest = performance.now() - begin;
  const result = await post.audit();
  await post.close();
  return row(fault, `${noteOf(result)}; ended within ${Math.round(Math.max(...ends))} ms`, [
    ['nothing is lost', result.lost === 0 && result.unsent === 0],
    ['nothing is doubled', result.doubled === 0],
    ['nothing waits for a lease to run out', rest < LEASE - 10_000],
  ]);
}

/** Frozen while the relay thinks about the recipient: when it wakes up, the relay is ready for messages that others have sent. */
async function frozen(world: World): Promise<Row> {
  const post = await openPost(world, 'frozen');
  const [a, b] = post.replicas;
  b.signal('SIGTERM');
  await b.ended();
  post.sink.manners = { thinksAboutRecipient: 3_000 };
  await post.commit(SLOTS);
  await delay(2_000); // connected, and each mail's recipient named
  a.signal('SIGSTOP');
  post.sink.manners = {};
  b.restart();
  await b.ready();
  await post.allSent(LEASE + 20_000);
  const before = await post.audit();
  a.signal('SIGCONT');
  await delay(10_000);
  const result = await post.audit();
  const went = (await a.isReady()) && /lease/i.test(a.logs);
  await post.close();
  return row('SIGSTOP of a replica for longer than the lease, mails in flight', noteOf(result), [
    ['the others send what it had', before.lost === 0 && before.unsent === 0],
    ['the one that wakes up sends nothing twice', result.doubled === 0],
    ['it notices and goes on', went],
  ]);
}

async function relayGone(world: World): Promise<Row> {
  const post = await openPost(world, 'relay');
  const [a] = post.replicas;
  await post.sink.close();
  await post.commit(50);
  await delay(2_000);
  const live = await a.call('GET', '/health/ready');
  await post.sink.open();
  post.sink.manners = { diesInMessage: true };
  await delay(6_000); // the second tries, after 5 s
  post.sink.manners = { refusal: 451 };
  await delay(1_000);
  post.sink.manners = {};
  await post.allSent(150_000);
  const result = await post.audit();
  await post.close();
  return row('the relay refuses, then dies in the middle of messages, then says 451', noteOf(result), [
    ['ready all the while', live.status === 200],
    ['every mail arrives when it is back', result.lost === 0 && result.unsent === 0],
    ['once', result.doubled === 0],
  ]);
}

async function databaseRestarts(world: World): Promise<Row> {
  const post = await openPost(world, 'restart');
  post.sink.manners = { thinksAboutMessage: KINDNESS };
  await post.commit(1_000);
  await delay(1_000);
  await world.postgres.stop('fast');
  await delay(1_000);
  await world.postgres.start();
  await Promise.all([...world.replicas, ...post.replicas].map((replica) => replica.ready()));
  await post.allSent(LEASE + 30_000);
  const result = await post.audit();
  await post.close();
  return row('the database restarts while mails are sent', noteOf(result), [
    ['nothing is lost', result.lost === 0 && result.unsent === 0],
    ['what was sent meanwhile is noted in time: nothing is doubled', result.doubled === 0],
  ]);
}

const noteOf = ({ committed, lost, doubled }: { committed: number; lost: number; doubled: number }) =>
  `${committed} mails, ${lost} lost, ${doubled} doubled`;

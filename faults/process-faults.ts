/** What can happen to the servers themselves: death, replacement, birth in numbers. */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Balancer, inTurn } from './load.js';
import { childrenOf } from './processes.js';
import { Replica } from './replica.js';
import { type Row, row, settle, underLoad } from './rows.js';
import type { Fault, World } from './world.js';

const DRAIN = 2_000; // SHUTDOWN_DELAY_SECONDS of every replica here
const WARM_UP = 1_000;
const REPLICAS = 8;

export const processFaults: Fault[] = [
  { name: 'API killed', isQuick: true, run: killed },
  { name: 'SIGTERM', isQuick: true, run: drained },
  { name: 'SIGTERM twice', isQuick: true, run: toldTwice },
  { name: 'SIGTERM while the database hangs', isQuick: false, run: hanging },
  { name: 'worker killed', isQuick: false, run: workerKilled },
  { name: '8 replicas, direct', isQuick: false, run: (world) => born(world, 'direct') },
  { name: '8 replicas, PgBouncer', isQuick: true, run: (world) => born(world, 'PgBouncer') },
];

async function killed(world: World): Promise<Row> {
  const [, b] = world.replicas;
  const balancer = new Balancer(world.replicas);
  const bounds = { mayEnd: true, pick: balancer.pick };
  const result = await underLoad('one of two replicas killed, back 1 s later', world, bounds, async (load) => {
    await delay(WARM_UP);
    b.signal('SIGKILL');
    await b.ended();
    await delay(1_000);
    b.restart();
    await b.ready();
    await settle(load);
    const failed = load.samples.filter(({ status }) => status === 0 || status >= 400);
    return { expect: [['the other one goes on', failed.every(({ server }) => server === b.name)]] };
  });
  balancer.stop();
  return result;
}

async function drained(world: World): Promise<Row> {
  const balancer = new Balancer(world.replicas);
  const crowd = { mayEnd: true, pick: balancer.pick, writers: 12, readers: 12, think: 5 };
  const result = await underLoad('SIGTERM to one of two replicas, then the other', world, crowd, async (load) => {
    const ends: { code: number | null; ms: number }[] = [];
    for (const replica of world.replicas) {
      await delay(WARM_UP);
      replica.signal('SIGTERM');
      ends.push(await replica.ended());
      replica.restart();
      await replica.ready();
    }
    await settle(load, 500);
    return {
      note: `ended after ${ends.map(({ ms }) => `${Math.round(ms)} ms`).join(' and ')}, exit ${ends.map(({ code }) => code).join(' and ')}`,
      expect: [
        ['no request fails', load.samples.every(({ status }) => status >= 200 && status < 400)],
        ['exit code 0', ends.every(({ code }) => code === 0)],
        ['gone within the drain and the longest request', ends.every(({ ms }) => ms < DRAIN + 1_000)],
      ],
    };
  });
  balancer.stop();
  return result;
}

async function toldTwice({ folder, url }: World): Promise<Row> {
  const replica = await Replica.start('twice', { DATABASE_URL: url, SHUTDOWN_DELAY_SECONDS: '60' }, folder);
  await replica.ready();
  replica.signal('SIGTERM');
  await delay(500);
  const [ready, live] = [await replica.call('GET', '/health/ready'), await replica.call('GET', '/health/live')];
  replica.signal('SIGTERM');
  const { ms } = await replica.ended();
  return row('a second SIGTERM', `ended after ${Math.round(ms)} ms`, [
    ['not ready while draining', ready.status === 503],
    ['live while draining', live.status === 200],
    ['gone at once', ms < 500],
  ]);
}

/** Everything that could hold an end up: statements under way, a connection that says nothing, one that never ends its request. */
async function hanging(world: World): Promise<Row> {
  const { folder, url, postgres, people } = world;
  const replica = await Replica.start('hanging', { DATABASE_URL: url, SHUTDOWN_DELAY_SECONDS: '0' }, folder);
  await replica.ready();
  const silent = connect(replica.port, '127.0.0.1').on('error', () => undefined);
  const slow = connect(replica.port, '127.0.0.1').on('error', () => undefined);
  slow.write(
    'POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
  );
  await Promise.all(people.slice(0, 20).map(({ access }) => replica.call('GET', '/api/auth/me', { token: access })));
  postgres.freeze();
  const waiting = people.slice(0, 20).map(({ access }) => replica.call('GET', '/api/auth/me', { token: access }));
  await delay(200);
  replica.signal('SIGTERM');
  const answers = await Promise.all(waiting);
  const { code, ms } = await replica.ended();
  postgres.thaw();
  silent.destroy();
  slow.destroy();
  await Promise.all(world.replicas.map((one) => one.ready()));
  const longest = Math.max(...answers.map((answer) => answer.ms));
  const note = `ended ${Math.round(ms)} ms after the last answer, exit ${code}`;
  const expect: [string, boolean][] = [
    ['what was in flight is answered', answers.every(({ status }) => status === 503)],
    ['exit code 0', code === 0],
    ['gone within 15 s', longest + ms < 15_000],
  ];
  return row('SIGTERM while the database hangs', note, expect, longest);
}

async function workerKilled(world: World): Promise<Row> {
  const env = { DATABASE_URL: world.url, WEB_CONCURRENCY: '2' };
  const primary = await Replica.start('cluster', env, world.folder);
  await primary.ready();
  await delay(1_500); // for the second worker
  const result = await underLoad(
    'a worker of two killed, then SIGTERM',
    world,
    { pick: inTurn([primary]) },
    async (load) => {
      await delay(WARM_UP);
      const [worker = 0] = childrenOf(primary.pid);
      process.kill(worker, 'SIGKILL');
      await delay(3_000);
      const count = childrenOf(primary.pid).length;
      const cut = load.samples.filter(({ status }) => status === 0).length;
      const failed = load.samples.filter(({ status }) => status >= 400).length;
      await load.stop();
      primary.signal('SIGTERM');
      const { code } = await primary.ended();
      return {
        note: `exit ${code}`,
        expect: [
          ['it is replaced', count === 2],
          ['only what it was doing is cut', cut <= 12 && failed === 0],
          ['exit code 0', code === 0],
        ],
      };
    },
  );
  return result;
}

/** With a first admin to be made, which is one more thing that may happen only once. */
async function born({ postgres, folder, pooler }: World, way: 'direct' | 'PgBouncer'): Promise<Row> {
  const fault = `${REPLICAS} replicas start on an empty database, ${way}`;
  if (way === 'PgBouncer' && !pooler) return row(fault, 'skipped: PgBouncer is not installed', []);
  const database = `born_${way.toLowerCase()}`;
  const direct = await postgres.createDatabase(database);
  const env = {
    DATABASE_URL: way === 'direct' ? direct : postgres.url(database, pooler),
    DATABASE_POOLER: way === 'direct' ? 'none' : 'transaction',
    FIRST_ADMIN_EMAIL: 'root@example.com',
    FIRST_ADMIN_PASSWORD: 'a long enough password',
    SHUTDOWN_DELAY_SECONDS: '0',
  };
  const names = Array.from({ length: REPLICAS }, (_, i) => `${database}_${i}`);
  const replicas = await Promise.all(names.map((name) => Replica.start(name, env, folder)));
  const times = await Promise.all(replicas.map((replica) => replica.ready().catch(() => Infinity)));
  const applied = await postgres.sql<{ times: number }>(
    'SELECT count(*)::int AS times FROM migrations GROUP BY name',
    [],
    database,
  );
  const admins = await postgres.sql(`SELECT FROM users WHERE role = 'admin'`, [], database);
  for (const replica of replicas) replica.signal('SIGTERM');
  const ends = await Promise.all(replicas.map((replica) => replica.ended()));
  const note = `${applied.length} migrations, all ready after ${(Math.max(...times) / 1000).toFixed(1)} s`;
  return row(fault, note, [
    ['all become ready', times.every((time) => time < Infinity)],
    ['each migration once', applied.length > 0 && applied.every(({ times }) => times === 1)],
    ['one first admin', admins.length === 1],
    ['exit code 0', ends.every(({ code }) => code === 0)],
  ]);
}

/** What can happen to the database, and to the way there. */
import { setTimeout as delay } from 'node:timers/promises';
import { fullDisk } from './disk.js';
import { inTurn, type Load, type Sample } from './load.js';
import { isFailure } from './outcomes.js';
import type { Postgres } from './postgres.js';
import { ROLE } from './postgres.js';
import { Replica } from './replica.js';
import { during, type Row, row, settle, underLoad, type Verdict } from './rows.js';
import type { Fault, World } from './world.js';

const WARM_UP = 1_000;

export const databaseFaults: Fault[] = [
  { name: 'all backends terminated', isQuick: true, run: terminated },
  { name: 'PostgreSQL restarted, fast', isQuick: false, run: (world) => restarted(world, 'fast') },
  { name: 'PostgreSQL restarted, immediate', isQuick: true, run: (world) => restarted(world, 'immediate') },
  { name: 'PostgreSQL killed, back 5 s later', isQuick: false, run: killed },
  { name: 'PostgreSQL frozen for 10 s', isQuick: false, run: frozen },
  { name: 'a table locked for 10 s', isQuick: true, run: locked },
  { name: 'pool exhausted', isQuick: false, run: exhausted },
  { name: 'no connections left (53300)', isQuick: true, run: refused },
  { name: 'disk full (53100)', isQuick: true, run: diskFull },
  { name: 'read-only (25006)', isQuick: true, run: readOnly },
  { name: 'deadlock (40P01)', isQuick: true, run: deadlock },
  { name: 'serialization failures (40001)', isQuick: false, run: serialization },
  { name: 'database away at start', isQuick: true, run: awayAtStart },
  { name: 'through PgBouncer, servers terminated', isQuick: true, run: pooled },
];

async function terminated(world: World): Promise<Row> {
  const times = world.isShort ? 2 : 10;
  return underLoad(`all backends terminated, ${times} times`, world, {}, async (load) => {
    const kills: [number, number][] = [];
    await delay(WARM_UP);
    for (let i = 0; i < times; i++) {
      const start = performance.now();
      await world.postgres.terminateBackends();
      kills.push([start, performance.now()]);
      await delay(world.isShort ? 1_500 : 5_000);
    }
    await settle(load);
    const failed = load.samples.filter(isFailure);
    const wasInFlight = ({ at, ms }: Sample) => kills.some(([start, end]) => at <= end && at + ms >= start);
    return {
      expect: [
        ['no read fails', failed.every(({ kind }) => kind === 'write')],
        ['no write fails but those in flight', failed.every(wasInFlight)],
      ],
    };
  });
}

async function restarted(world: World, how: 'fast' | 'immediate'): Promise<Row> {
  return underLoad(`PostgreSQL restarted, ${how}`, world, {}, (load) =>
    goneFor(load, 0, world.postgres, () => world.postgres.stop(how)),
  );
}

async function killed(world: World): Promise<Row> {
  return underLoad('PostgreSQL killed, started 5 s later', world, {}, (load) =>
    goneFor(load, 5_000, world.postgres, () => world.postgres.kill()),
  );
}

async function goneFor(load: Load, pause: number, postgres: Postgres, stop: () => Promise<void>): Promise<Verdict> {
  await delay(WARM_UP);
  await stop();
  await delay(pause);
  await postgres.start();
  const back = performance.now();
  await settle(load);
  return { back };
}

async function frozen(world: World): Promise<Row> {
  const { postgres } = world;
  return underLoad('PostgreSQL frozen for 10 s', world, { longest: 8_000 }, async (load) => {
    await delay(WARM_UP);
    postgres.freeze();
    await delay(10_000);
    postgres.thaw();
    const back = performance.now();
    await settle(load);
    const [stuck] = await postgres.sql<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE usename = $1 AND state LIKE 'idle in transaction%'`,
      [ROLE],
    );
    return { back, expect: [['no connection is idle in a transaction', stuck?.count === 0]] };
  });
}

async function locked(world: World): Promise<Row> {
  const seconds = world.isShort ? 3 : 10;
  return underLoad(`a table locked for ${seconds} s`, world, { writers: 24 }, async (load) => {
    await delay(WARM_UP);
    const [from, to] = await holding(world, 'LOCK TABLE posts IN ACCESS EXCLUSIVE MODE', seconds * 1_000);
    const back = performance.now();
    await settle(load);
    const reads = during(load.samples, [from, to]).filter(({ kind }) => kind === 'read');
    const slowest = Math.max(...reads.map(({ ms }) => ms));
    return {
      back,
      note: `reads meanwhile: ${reads.length}, slowest ${Math.round(slowest)} ms`,
      expect: [['reads go on', reads.length > 0 && !reads.some(isFailure)]],
    };
  });
}

/** With the table that every request needs: nobody gets past the guard, and every connection waits. */
async function exhausted(world: World): Promise<Row> {
  const crowd = { writers: 24, readers: 16, pick: inTurn([world.replicas[0]]) };
  return underLoad('pool exhausted for 6 s', world, crowd, async (load) => {
    await delay(WARM_UP);
    const holds = holding(world, 'LOCK TABLE users IN ACCESS EXCLUSIVE MODE', 6_000);
    await delay(1_000);
    const live = await world.replicas[0].call('GET', '/health/live');
    await holds;
    const back = performance.now();
    await settle(load);
    return { back, expect: [['live is answered', live.status === 200 && live.ms < 200]] };
  });
}

async function refused(world: World): Promise<Row> {
  const { postgres } = world;
  return underLoad('no connections left (53300) for 4 s', world, {}, async (load) => {
    await delay(WARM_UP);
    await postgres.sql(`ALTER ROLE ${ROLE} CONNECTION LIMIT 0`);
    await postgres.terminateBackends();
    await delay(4_000);
    await postgres.sql(`ALTER ROLE ${ROLE} CONNECTION LIMIT -1`);
    const back = performance.now();
    await settle(load);
    return { back };
  });
}

async function diskFull(world: World): Promise<Row> {
  const disk = fullDisk(world);
  await disk.prepare();
  return underLoad('disk full (53100) for 4 s', world, {}, async (load) => {
    await waitFor(() => load.samples.some(isFailure), 20_000);
    await delay(4_000);
    await disk.free();
    const back = performance.now();
    await settle(load);
    const failed = load.samples.filter(isFailure);
    return {
      back,
      note: disk.how,
      expect: [
        ['the disk was full', failed.length > 0],
        ['reads go on', failed.every(({ kind }) => kind === 'write')],
      ],
    };
  });
}

/** Sessions take the default when they begin, and keep it: those from the time in between must not be kept. */
async function readOnly(world: World): Promise<Row> {
  const { postgres, database } = world;
  return underLoad('read-only (25006) for 4 s', world, {}, async (load) => {
    await delay(WARM_UP);
    await postgres.sql(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
    await postgres.terminateBackends();
    await delay(4_000);
    await postgres.sql(`ALTER DATABASE ${database} RESET default_transaction_read_only`);
    const back = performance.now();
    await settle(load);
    return { back, expect: [['reads go on', load.samples.every((one) => one.kind === 'write' || !isFailure(one))]] };
  });
}

/** Somebody else's transaction and an admin's change wait for each other; PostgreSQL picks whoever waited longer. */
async function deadlock(world: World): Promise<Row> {
  const { postgres, database, replicas, people } = world;
  const [admin, victim] = [people.at(-1), people.at(-2)];
  if (!admin || !victim) throw new Error('There are not enough people');
  await postgres.sql(`UPDATE users SET role = 'admin' WHERE id = $1`, [admin.id], database);
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) {
    const other = await postgres.connect(database);
    await other.query('BEGIN');
    await other.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [victim.id]);
    const body = { is_active: i % 2 === 1, role: 'user' };
    const change = replicas[0].call('PATCH', `/api/users/${victim.id}`, { token: admin.access, body });
    await waitFor(() => isWaiting(postgres), 5_000);
    await other.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [admin.id]);
    await other.query('COMMIT');
    await other.end();
    statuses.push((await change).status);
  }
  const [found] = await postgres.sql<{ deadlocks: number }>(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = $1',
    [database],
  );
  await postgres.sql(
    `UPDATE users SET role = 'user', is_active = true WHERE id = ANY ($1)`,
    [[admin.id, victim.id]],
    database,
  );
  const deadlocks = found?.deadlocks ?? 0;
  return row('deadlocks (40P01)', `${deadlocks} deadlocks, answers ${statuses.join(' ')}`, [
    ['there were deadlocks', deadlocks >= 3],
    ['the client sees success', statuses.every((status) => status === 200)],
  ]);
}

/** One change of people in three fails as transactions do that got in each other's way: our own ask for read committed. */
async function serialization(world: World): Promise<Row> {
  const { postgres, database } = world;
  await postgres.sql(
    `CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF random() < 0.33 THEN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END IF;
       RETURN NEW;
     END $$`,
    [],
    database,
  );
  await postgres.sql(
    'CREATE TRIGGER conflict BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION conflict()',
    [],
    database,
  );
  const before = await rollbacks(world);
  const result = await underLoad('serialization failures (40001) for 5 s', world, {}, async (load) => {
    await delay(5_000);
    await settle(load, 0);
    const undone = (await rollbacks(world)) - before;
    const writes = load.samples.filter(({ kind }) => kind === 'write');
    const failed = writes.filter(isFailure);
    return {
      note: `${undone} transactions undone`,
      expect: [
        ['there were conflicts', undone > 0],
        ['nearly all succeed when tried again', failed.length <= writes.length / 20], // a third to the third, of a third
      ],
    };
  });
  await postgres.sql('DROP TRIGGER conflict ON posts', [], database);
  await postgres.sql('DROP FUNCTION conflict()', [], database);
  return result;
}

async function awayAtStart(world: World): Promise<Row> {
  const { postgres, folder, url } = world;
  const settled = () => Promise.all(world.replicas.map((replica) => replica.ready()));
  await postgres.stop('fast');
  const replica = await Replica.start('early', { DATABASE_URL: url }, folder);
  const live = await waitFor(async () => (await replica.call('GET', '/health/live')).status === 200, 10_000);
  const [ready, call] = [await replica.call('GET', '/health/ready'), await replica.call('GET', '/api/auth/me')];
  await delay(3_000);
  const isAlive = replica.isRunning;
  await postgres.start();
  const readyAfter = await replica.ready();
  replica.signal('SIGTERM');
  const { code } = await replica.ended();
  await settled();
  return row('database away at start', `ready ${Math.round(readyAfter)} ms after it came`, [
    ['live is 200', live],
    ['ready is 503', ready.status === 503],
    ['a request is 503', call.status === 503 && call.retryAfter !== undefined],
    ['it waits', isAlive && code === 0],
    ['ready 2 s after it comes', readyAfter <= 2_000],
  ]);
}

async function pooled(world: World): Promise<Row> {
  const fault = 'PgBouncer (transaction), servers terminated';
  const { postgres, folder, pooler, database } = world;
  if (!pooler) return row(fault, 'skipped: PgBouncer is not installed', []);
  const env = { DATABASE_URL: postgres.url(database, pooler), DATABASE_POOLER: 'transaction' };
  const replica = await Replica.start('pooled', env, folder);
  await replica.ready();
  const result = await underLoad(fault, world, { pick: inTurn([replica]) }, async (load) => {
    await delay(WARM_UP);
    for (let i = 0; i < 3; i++) {
      await postgres.terminateBackends();
      await delay(1_500);
    }
    await settle(load);
    return { expect: [['no read fails', load.samples.every((one) => one.kind === 'write' || !isFailure(one))]] };
  });
  replica.signal('SIGTERM');
  await replica.ended();
  result.problems.push(...(await forgottenPooler(world, pooler)));
  return result;
}

/** The same pooler, and nobody has said so. */
async function forgottenPooler({ postgres, folder, database, people }: World, pooler: number): Promise<string[]> {
  const replica = await Replica.start('forgotten', { DATABASE_URL: postgres.url(database, pooler) }, folder);
  await replica.ready();
  const calls = Array.from({ length: 50 }, (_, i) =>
    replica.call('GET', '/api/auth/me', { token: people[i % 20]?.access ?? '' }),
  );
  const statuses = new Set((await Promise.all(calls)).map(({ status }) => status));
  const isNamed = replica.logs.includes('DATABASE_POOLER=transaction');
  replica.signal('SIGTERM');
  await replica.ended();
  return [
    ...(statuses.size === 1 && statuses.has(200)
      ? []
      : [`not so: goes on behind a pooler that nobody mentioned (${[...statuses].join(' ')})`]),
    ...(isNamed ? [] : ['not so: the log names DATABASE_POOLER=transaction']),
  ];
}

/** Holds what a statement locks for so many milliseconds. Returns the window in which it was held. */
async function holding(
  { postgres, database }: World,
  statement: string,
  milliseconds: number,
): Promise<[number, number]> {
  const client = await postgres.connect(database);
  await client.query('BEGIN');
  await client.query(statement);
  const from = performance.now();
  await delay(milliseconds);
  const to = performance.now();
  await client.query('COMMIT');
  await client.end();
  return [from, to];
}

async function isWaiting(postgres: Postgres): Promise<boolean> {
  const waiting = await postgres.sql(`SELECT FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'`, [
    ROLE,
  ]);
  return waiting.length > 0;
}

async function rollbacks({ postgres, database }: World): Promise<number> {
  const [found] = await postgres.sql<{ xact_rollback: number }>(
    'SELECT xact_rollback::int FROM pg_stat_database WHERE datname = $1',
    [database],
  );
  return found?.xact_rollback ?? 0;
}

async function waitFor(condition: () => boolean | Promise<boolean>, milliseconds: number): Promise<boolean> {
  const start = performance.now();
  while (!(await condition())) {
    if (performance.now() - start > milliseconds) return false;
    await delay(20);
  }
  return true;
}

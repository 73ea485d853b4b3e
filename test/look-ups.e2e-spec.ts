import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Database } from '../src/database/database.js';
import type { LookupConnection } from '../src/database/lookup-connection.js';
import { startApp, type TestApp } from './support/app.js';
import { expectWithin, timed } from './support/noise.js';
import { person, type Person } from './support/people.js';
import { holding, OURS, terminate } from './support/trouble.js';

const CROWD = 50;

describe('look-ups by key', () => {
  let app: TestApp;
  let ada: Person, bob: Person;

  beforeAll(async () => {
    app = await startApp();
    [ada, bob] = await Promise.all([person(app, 'ada'), person(app, 'bob')]);
  });
  afterAll(() => app.close());

  const pipeline = (server: TestApp) =>
    Reflect.get(server.nest.get(Database), 'pipeline') as LookupConnection | undefined;

  /** A replica whose connection for look-ups is open. */
  async function flowing(env: Record<string, string> = {}): Promise<TestApp> {
    const server = await app.replica(env);
    await flows(server);
    return server;
  }

  async function flows(server: TestApp): Promise<void> {
    for (let tries = 0; tries < 100 && !pipeline(server)?.isFlowing; tries++) await delay(50);
    expect(pipeline(server)?.isFlowing).toBe(true);
  }

  async function crowd(server: TestApp): Promise<void> {
    const people = Array.from({ length: CROWD }, (_, i) => (i % 2 ? ada : bob));
    const answers = await Promise.all(people.map(({ tokens }) => server.api.as(tokens).get('/api/auth/me')));
    expect(answers.map(({ body }) => (body.id ?? body) as unknown)).toEqual(people.map(({ id }) => id));
  }

  it('of a crowd go by one connection, and everybody gets their own answer', async () => {
    const server = await flowing();
    await crowd(server);
    const flow = jest.spyOn(pipeline(server) as LookupConnection, 'run');
    for (let i = 0; i < 5; i++) await crowd(server);
    expect(flow.mock.calls.length).toBeGreaterThan(4 * CROWD); // not all: on a busy machine it may stall
    await server.close();
  });

  it('go on while that connection dies, and soon go by another one', async () => {
    const server = await flowing();
    const crowds = Promise.all(Array.from({ length: 5 }, () => crowd(server)));
    await terminate(app);
    await crowds;
    await flows(server);
    await crowd(server);
    await server.close();
  });

  it('get a new connection when theirs is old, and nobody notices', async () => {
    const server = await flowing({ DB_POOL_RECYCLE_SECONDS: '1' });
    const backends = new Set<number>();
    for (const end = Date.now() + 3_500; Date.now() < end; await delay(20)) {
      await crowd(server);
      const [row] = await app.sql<{ pid: number }>(`SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE '%session_generation%' AND pid <> pg_backend_pid()
        ORDER BY state_change DESC LIMIT 1`);
      if (row) backends.add(row.pid);
    }
    expect(backends.size).toBeGreaterThan(1);
    await server.close();
  });

  it('stuck behind a lock are given up after 2 s; whoever comes next doesn’t wait behind them', async () => {
    const server = await flowing();
    await crowd(server);
    const lock = await holding(app, 'LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const first = timed(
      Promise.all(Array.from({ length: CROWD }, () => server.api.as(ada.tokens).get('/api/auth/me'))),
    );
    await delay(1_000);
    const later = timed(server.api.as(ada.tokens).get('/api/auth/me'));
    for (const answer of (await first).answer) expect(answer).toFailWith(503, 'unavailable');
    expectWithin(3_000, await first);
    expect((await later).answer).toFailWith(503, 'unavailable');
    expectWithin(1_600, await later); // a lock is waited for 1.1 s
    await lock.release();
    await crowd(server);
    await server.close();
  });

  it('of a kind that is new to the connection fail one at a time when they can’t be prepared', async () => {
    const server = await flowing();
    const lock = await holding(app, 'LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const crowded = Array.from({ length: CROWD }, () => server.api.as(ada.tokens).get('/api/auth/me'));
    const given = await timed(Promise.all(crowded));
    for (const answer of given.answer) expect(answer).toFailWith(503, 'unavailable');
    expectWithin(3_000, given);
    await lock.release();
    await crowd(server);
    await server.close();
  });

  /** The most connections of a server with a database of its own, the probe's aside, that were seen while it worked. */
  async function mostConnections({ sql }: TestApp, work: () => Promise<unknown>): Promise<number> {
    let [most, isDone] = [0, false];
    const done = work().finally(() => (isDone = true));
    while (!isDone) {
      const seen = await sql(`SELECT FROM pg_stat_activity WHERE ${OURS} AND application_name <> 'userhub probe'`);
      most = Math.max(most, seen.length);
    }
    await done;
    return most;
  }

  it('go by the pool where that is all there is', async () => {
    for (const env of [{ DB_POOL_MAX: '1' }, { DATABASE_POOLER: 'transaction' }] as Record<string, string>[]) {
      const server = await startApp(env);
      const { api } = await person(server, 'kim');
      const lookUps = () => Promise.all(Array.from({ length: 4 * CROWD }, () => api.get('/api/auth/me')));
      const most = await mostConnections(server, lookUps);
      expect(pipeline(server)).toBeUndefined();
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(server.settings.database.poolMax);
      await server.close();
    }
  });

  it('count among the connections that DB_POOL_MAX allows', async () => {
    const server = await startApp({ DB_POOL_MAX: '3' });
    const { api } = await person(server, 'kim');
    await flows(server);
    const lists = () => Promise.all(Array.from({ length: 4 * CROWD }, () => api.get('/api/auth/events')));
    expect(await mostConnections(server, lists)).toBe(3);
    await server.close();
  });
});

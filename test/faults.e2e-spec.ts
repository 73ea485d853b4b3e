import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HealthIndicatorService } from '@nestjs/terminus';
import pg from 'pg';
import { pino } from 'pino';
import { loadSettings } from '../src/config/settings.js';
import { createApp } from '../src/app/create-app.js';
import { prepareApp } from '../src/app/prepare.js';
import { DeadlineClient } from '../src/database/client.js';
import { migrate } from '../src/database/migrate.js';
import { DatabaseProbe } from '../src/health/database-probe.js';
import { Readiness } from '../src/health/readiness.js';
import { type Answer, Api } from './support/api.js';
import { SECRET, startApp, type TestApp } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { expectWithin, timed } from './support/noise.js';
import { admin, person, type Person } from './support/people.js';
import { freePort } from './support/ports.js';
import { holding, OURS, terminate } from './support/trouble.js';

const CROWD = 30;

describe('when the database', () => {
  let app: TestApp;
  let ada: Person;
  let bob: Person;
  let root: Person;

  beforeAll(async () => {
    app = await startApp();
    ada = await person(app, 'ada');
    bob = await person(app, 'bob');
    root = await admin(app);
  });
  afterAll(() => app.close());
  afterEach(() => app.sql('DROP TRIGGER IF EXISTS fault ON users'));

  const me = (who = ada) => who.api.get('/api/auth/me');
  let names = 0;
  const rename = (who: Person, name = `Ada ${names++}`) =>
    who.api.patch(`/api/users/${who.id}`, { display_name: name });
  const deactivate = (who: Person) => root.api.patch(`/api/users/${who.id}`, { is_active: false });

  describe('ends connections', () => {
    it('no read fails', async () => {
      const reads = Array.from({ length: CROWD }, async () => {
        const answers: Answer[] = [];
        for (let i = 0; i < 10; i++) answers.push(await me(), await ada.api.get('/api/auth/events'));
        return answers;
      });
      for (let i = 0; i < 5; i++) await terminate(app);
      const statuses = (await Promise.all(reads)).flat().map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set([200]));
    });

    it('a write under way fails, as nobody knows what became of it, and the next one works', async () => {
      const lock = await holding(app, `SELECT FROM users WHERE id = '${ada.id}' FOR UPDATE`);
      const write = rename(ada);
      await someoneWaits(app);
      await terminate(app);
      await lock.release();
      expectUnavailable(await write);
      expect(await rename(ada)).toMatchObject({ status: 200 });
    });
  });

  describe('fails a statement', () => {
    it.each([
      ['no connections left', '53300'],
      ['out of memory', '53200'],
      ['disk full', '53100'],
      ['read-only', '25006'],
      ['a lock that is not available', '55P03'],
      ['cancelled', '57014'],
      ['the system’s own failure', '58030'],
      ['an internal error', 'XX000'],
    ])('with %s (%s): 503, and it passes', async (_, sqlstate) => {
      await raising(app, sqlstate);
      expectUnavailable(await rename(ada));
      expect(await me()).toMatchObject({ status: 200 });
      await app.sql('DROP TRIGGER fault ON users');
      expect(await rename(ada)).toMatchObject({ status: 200 });
    });

    it('with what only a bug can cause: 500, without a word of it', async () => {
      await raising(app, '22012');
      const answer = await rename(ada);
      expect(answer).toFailWith(500, 'internal_error');
      expect(answer.text).not.toMatch(/fault|22012|users/);
    });

    it.each([
      ['a deadlock', '40P01'],
      ['a serialization failure', '40001'],
    ])('with %s (%s): tried again, three times in all', async (_, sqlstate) => {
      await raising(app, sqlstate, 2);
      expect(await rename(ada, 'Countess')).toMatchObject({ status: 200, body: { display_name: 'Countess' } });
      await raising(app, sqlstate, 2);
      expect(await deactivate(bob)).toMatchObject({ status: 200, body: { is_active: false } }); // a transaction
      await raising(app, sqlstate, 3);
      expectUnavailable(await rename(ada));
      expect(await rename(ada)).toMatchObject({ status: 200 });
    });

    it('because of a duplicate: the connection is as good as before', async () => {
      const before = await backends(app);
      for (let i = 0; i < 5; i++) {
        expect(await ada.api.patch(`/api/users/${ada.id}`, { username: 'root' })).toFailWith(409, 'username_taken');
      }
      expect(await backends(app)).toEqual(expect.arrayContaining(before)); // others may come, as some left after 25006
    });
  });

  it('was read-only for a while, sessions begun then are not kept', async () => {
    const name = new URL(app.database.url).pathname.slice(1);
    await writable(app, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await terminate(app);
    const attempts = await Promise.all(Array.from({ length: CROWD }, () => rename(ada)));
    attempts.forEach(expectUnavailable);
    expect(await me()).toMatchObject({ status: 200 });

    await writable(app, `ALTER DATABASE ${name} RESET default_transaction_read_only`);
    await me(); // on a connection of the time in between, if there is any
    await rename(ada);
    expect(await rename(ada)).toMatchObject({ status: 200 });
  });

  describe('holds a lock', () => {
    it('on what is written: writers get 503 within 3 s, readers go on', async () => {
      const lock = await holding(app, 'LOCK TABLE posts IN EXCLUSIVE MODE');
      const writes = Array.from({ length: CROWD }, () => timed(ada.api.post('/api/posts', { content: 'Hello' })));
      await someoneWaits(app);
      const reads = await Promise.all(Array.from({ length: CROWD }, () => timed(me())));
      reads.forEach((read) => {
        expect(read.answer.status).toBe(200);
        expectWithin(1_000, read);
      });
      for (const given of await Promise.all(writes)) {
        expectUnavailable(given.answer);
        expectWithin(3_000, given);
      }
      await lock.release();
      expect(await ada.api.post('/api/posts', { content: 'Hello' })).toMatchObject({ status: 201 });
    });

    it.each(['one account', 'many accounts'])(
      'on what is counted: sign-ins for %s get 503 within 3 s, everybody else goes on',
      async (whose) => {
        const throttled = await app.replica({ THROTTLE: 'on', DB_POOL_MAX: '10' });
        const signIn = (i: number) => {
          const username = whose === 'one account' ? 'ada' : `nobody${i}`;
          return timed(throttled.api.post('/api/auth/login', { username, password: ada.password }));
        };
        const lock = await holding(app, 'LOCK TABLE throttle_counters IN ACCESS EXCLUSIVE MODE');
        const signIns = Array.from({ length: CROWD }, (_, i) => signIn(i));
        await someoneWaits(app);
        const api = throttled.api.as(ada.tokens);
        const others = await Promise.all(
          Array.from({ length: CROWD }, (_, i) =>
            timed(i % 2 ? api.get('/api/auth/me') : api.post('/api/posts', { content: 'Hello' })),
          ),
        );
        const refused = await Promise.all(signIns);
        await lock.release();
        const { answer: afterwards } = await signIn(0);
        await throttled.close();
        for (const { answer, ms } of others) {
          expect(answer.status).toBeLessThan(300);
          expect(ms).toBeLessThan(2_000); // which is when the lock's own time-out would have set them free
        }
        for (const { answer, ms } of refused) {
          expectUnavailable(answer);
          expect(ms).toBeLessThan(3_000);
        }
        expect(afterwards.status).toBe(whose === 'one account' ? 200 : 401);
      },
    );

    it('on what every request needs: nobody waits longer than 3 s, and the process is live', async () => {
      const lock = await holding(app, 'LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
      const crowd = Array.from({ length: CROWD }, () => timed(me()));
      await someoneWaits(app);
      expect(await app.api.get('/health/live')).toMatchObject({ status: 200 });
      expect(await app.api.get('/health/ready')).toMatchObject({ status: 200 }); // a busy pool is no failure
      for (const given of await Promise.all(crowd)) {
        expectUnavailable(given.answer);
        expectWithin(3_000, given);
      }
      await lock.release();
      expect(await me()).toMatchObject({ status: 200 });
    });
  });

  it('does not answer in time, the connection is given up, and no transaction stays open', async () => {
    const lock = await holding(app, `SELECT FROM users WHERE id = '${bob.id}' FOR UPDATE`);
    const usual = DeadlineClient.deadline;
    DeadlineClient.deadline = 500; // milliseconds
    const changes = [{ is_active: false }, { display_name: 'Bob' }]; // in a transaction, and in a statement of its own
    const answers = await Promise.all(changes.map((change) => timed(root.api.patch(`/api/users/${bob.id}`, change))));
    DeadlineClient.deadline = usual;
    for (const given of answers) {
      expectUnavailable(given.answer);
      expectWithin(1_500, given); // before the lock's own time-out
    }
    await lock.release();
    await eventually(async () => {
      expect(await backends(app, `state LIKE 'idle in transaction%' OR wait_event_type = 'Lock'`)).toEqual([]);
    });
    expect(await rename(ada)).toMatchObject({ status: 200 });
  });
});

it('a pool that is closed hears no complaint of a server that stops at the same time', async () => {
  const database = await createDatabase({ empty: true });
  const pool = new pg.Pool({ connectionString: database.url, Client: DeadlineClient });
  const complaints: unknown[] = [];
  pool.on('error', (error) => complaints.push(error));
  const client = await pool.connect();
  client.release();
  const closed = pool.end();
  client.emit('error', new Error('terminating connection due to administrator command'));
  await closed;
  expect(complaints).toEqual([]);
  await database.drop();
});

describe('without a database', () => {
  let database: TestDatabase;
  let server: Waiting;

  beforeEach(async () => {
    database = await createDatabase({ empty: true });
    server = await startWaiting(database);
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
  });

  it('it is live, but not ready, and says when to come back', async () => {
    expect(await server.api.get('/health/live')).toMatchObject({ status: 200 });
    expect(await server.api.get('/health/ready')).toMatchObject({ status: 503, body: { status: 'error' } });
    expect(await server.api.get('/health')).toMatchObject({
      status: 503,
      body: { database: 'disconnected', api: 'ok' },
    });
    expectUnavailable(await server.api.get('/api/auth/me'));
    expectUnavailable(await server.api.post('/api/auth/login', { username: 'ada', password: 'horse horse' }));
    expect(await server.api.get('/api/nothing')).toFailWith(404, 'not_found');
  });

  it('it is ready within 2 s of its coming, with all its tables', async () => {
    await server.api.get('/health/ready'); // so that the answer is remembered
    await server.open();
    const isReady = async () => {
      expect(await server.prepared).toBe(true);
      await eventually(async () => expect(await server.api.get('/health/ready')).toMatchObject({ status: 200 }));
    };
    expectWithin(2_000, await timed(isReady()));
    expect(await server.api.get('/api/auth/me')).toFailWith(401, 'not_authenticated');
  });

  it('it can be told to end', async () => {
    await server.close();
    expect(await server.prepared).toBe(false);
  });
});

describe('a database whose migrations are pending', () => {
  it('is waited for, when somebody else is to apply them', async () => {
    const database = await createDatabase({ empty: true });
    const server = await startWaiting(database, { MIGRATE_ON_START: 'false' });
    await server.open();
    await eventually(async () => {
      const { status, body } = await server.api.get('/health/ready');
      expect({ status, error: body.error }).toMatchObject({ status: 503, error: { migrations: { status: 'down' } } });
      expect(body.info).toMatchObject({ database: { status: 'up' } });
    });
    expect(await server.api.get('/health')).toMatchObject({ status: 503, body: { status: 'unhealthy', api: 'ok' } });
    expectUnavailable(await server.api.get('/api/auth/me'));

    const settings = loadSettings({ NODE_ENV: 'test', DATABASE_URL: database.url, JWT_SECRET_KEY: SECRET });
    await migrate(settings);
    expect(await server.prepared).toBe(true);
    await eventually(async () => expect(await server.api.get('/health')).toMatchObject({ status: 200 }));
    await server.close();
    await database.drop();
  });
});

describe('replicas that start together on an empty database', () => {
  it('apply each migration once and make one first admin', async () => {
    const database = await createDatabase({ empty: true });
    const env = { FIRST_ADMIN_EMAIL: 'root@example.com', FIRST_ADMIN_PASSWORD: 'correct horse battery' };
    const replicas = await Promise.all(Array.from({ length: 4 }, () => startApp(env, database)));
    const applied = await database.sql<{ times: number }>(
      'SELECT count(*)::int AS times FROM migrations GROUP BY name',
    );
    expect(applied.length).toBeGreaterThan(0);
    expect(applied.every(({ times }) => times === 1)).toBe(true);
    expect(await database.sql(`SELECT email FROM users WHERE role = 'admin'`)).toEqual([{ email: 'root@example.com' }]);
    for (const { api } of replicas) expect(await api.get('/health/ready')).toMatchObject({ status: 200 });
    await Promise.all(replicas.map((replica) => replica.close()));
    await database.drop();
  });
});

describe('probes', () => {
  it('while the database hangs: each answers within a second, one connection at a time', async () => {
    let open = 0;
    let most = 0;
    const hole = createServer((socket) => {
      most = Math.max(most, ++open);
      socket.resume(); // or its end would not be noticed
      socket.on('error', () => undefined).on('close', () => open--);
    }).listen(0, '127.0.0.1');
    await once(hole, 'listening');
    const { port } = hole.address() as AddressInfo;
    const url = `postgres://ada:secret@127.0.0.1:${port}/hole`;
    const { database } = loadSettings({ NODE_ENV: 'test', DATABASE_URL: url, JWT_SECRET_KEY: SECRET });
    const probe = new DatabaseProbe(database, new HealthIndicatorService());
    const answers = Array.from({ length: 100 }, async (_, i) => {
      await delay(i * 20);
      return timed(probe.isUp());
    });
    for (const given of await Promise.all(answers)) {
      expect(given.answer).toBe(false);
      expectWithin(1_000, given);
    }
    expect(most).toBe(1);
    probe.onApplicationShutdown();
    hole.close();
  });

  it('a connection that was ended meanwhile is no failure', async () => {
    const app = await startApp();
    expect(await app.api.get('/health/ready')).toMatchObject({ status: 200 });
    await delay(1_000); // that long the answer is remembered
    await terminate(app);
    expect(await app.api.get('/health/ready')).toMatchObject({ status: 200 });
    await app.close();
  });
});

describe('the end', () => {
  it('is announced: not ready any more, and connections are not kept', async () => {
    const app = await startApp();
    app.nest.get(Readiness).drain();
    expect(await app.api.get('/health/ready')).toMatchObject({
      status: 503,
      body: { error: { process: { status: 'down' } } },
    });
    const live = await app.api.get('/health/live');
    expect(live.status).toBe(200);
    expect(live.headers.get('connection')).toBe('close');
    expect((await app.api.get('/api/auth/me')).headers.get('connection')).toBe('close');
    await app.close();
  });

  it('waits for what is under way, and for nothing else', async () => {
    const app = await startApp();
    const ada = await person(app, 'ada');
    const silent = connect(Number(new URL(app.url).port), '127.0.0.1');
    await once(silent, 'connect');
    const lock = await holding(app, `SELECT FROM users WHERE id = '${ada.id}' FOR UPDATE`);
    const write = ada.api.patch(`/api/users/${ada.id}`, { display_name: 'Ada' });
    await someoneWaits(app);
    const closed = timed(app.close());
    await delay(200);
    await lock.release();
    expect(await write).toMatchObject({ status: 200 });
    expectWithin(2_000, await closed);
    silent.destroy();
  });
});

/** A server that has been started before its database can be reached. */
interface Waiting {
  api: Api;
  /** Whether it reached its database before it was closed. */
  prepared: Promise<boolean>;
  /** Lets it reach its database. */
  open(): Promise<void>;
  close(): Promise<void>;
}

async function startWaiting(database: TestDatabase, env: Record<string, string> = {}): Promise<Waiting> {
  const real = new URL(database.url);
  const door = createServer((socket) => {
    const onward = connect(Number(real.port), real.hostname);
    for (const one of [socket, onward]) one.on('error', () => undefined);
    socket.pipe(onward).pipe(socket);
  });
  const port = await freePort();
  const url = Object.assign(new URL(real), { port: String(port) }).href;
  const settings = loadSettings({ NODE_ENV: 'test', DATABASE_URL: url, JWT_SECRET_KEY: SECRET, ...env });
  const app = await createApp(settings, pino({ level: 'silent' }));
  await app.listen(0, '127.0.0.1');
  const prepared = prepareApp(app);
  return {
    api: new Api(await app.getUrl()),
    prepared,
    open: async () => {
      await once(door.listen(port, '127.0.0.1'), 'listening');
    },
    close: async () => {
      await app.close();
      door.close();
    },
  };
}

function expectUnavailable(answer: Answer): void {
  expect(answer).toFailWith(503, 'unavailable');
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
}

/** Tries until the expectations hold, for 5 s. */
async function eventually(expectations: () => Promise<void>): Promise<void> {
  for (const start = performance.now(); ; await delay(20)) {
    try {
      return await expectations();
    } catch (error) {
      if (performance.now() - start > 5_000) throw error;
    }
  }
}

/** Runs a statement even where transactions are read-only by default. */
async function writable({ database }: TestApp, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url, options: '-c default_transaction_read_only=off' });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** The server's connections of which this holds. */
async function backends({ sql }: TestApp, condition = 'true'): Promise<number[]> {
  const found = await sql<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE ${OURS} AND (${condition}) ORDER BY pid`,
  );
  return found.map(({ pid }) => pid);
}

/** Resolves when a statement of the server's waits for a lock. */
const someoneWaits = (app: TestApp) =>
  eventually(async () => expect(await backends(app, `wait_event_type = 'Lock'`)).not.toEqual([]));

/** From now on changes of users fail with this SQLSTATE: all, or so many. A sequence counts them, as no rollback undoes it. */
async function raising({ sql }: TestApp, sqlstate: string, times = Infinity): Promise<void> {
  await sql('CREATE SEQUENCE IF NOT EXISTS fault_count');
  await sql('ALTER SEQUENCE fault_count RESTART');
  await sql(`
    CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('fault_count') <= '${times}'::float8 THEN RAISE EXCEPTION 'fault' USING ERRCODE = '${sqlstate}'; END IF;
      RETURN NEW;
    END $$`);
  await sql('CREATE OR REPLACE TRIGGER fault BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION fault()');
}

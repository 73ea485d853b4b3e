import { pino } from 'pino';
import { loadSettings } from '../src/config/settings.js';
import { createApp } from '../src/app/create-app.js';
import { prepareApp } from '../src/app/prepare.js';
import { migrate } from '../src/database/migrate.js';
import { Readiness } from '../src/health/readiness.js';
import { Api, type Answer } from './support/api.js';
import { SECRET, startApp, type TestApp } from './support/app.js';
import { createDatabase } from './support/database.js';
import { person } from './support/people.js';
import { proxyTo, type Proxy } from './support/proxy.js';

const PROBES = ['/health', '/health/live', '/health/ready'];

/** Asks until the answer has this status; 5 s at most. */
async function until(status: number, ask: () => Promise<Answer>): Promise<Answer> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const answer = await ask();
    if (answer.status === status || Date.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('health', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it('GET /health says in three words that all is well', async () => {
    const answer = await app.api.get('/health');
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({ status: 'healthy', database: 'connected', api: 'ok' });
  });

  it('GET /health/live says that the process turns', async () => {
    expect(await app.api.get('/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it('GET /health/ready says what there is to be ready', async () => {
    const { status, body } = await app.api.get('/health/ready');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok', error: {} });
    expect(Object.entries(body.details)).toEqual(
      ['database', 'migrations', 'process'].map((part) => [part, expect.objectContaining({ status: 'up' })]),
    );
  });

  it.each(PROBES)('%s is not stored on its way, and asks for no token, not even for a good one', async (path) => {
    const answer = await app.api.as('nonsense').get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toMatch(/no-store|no-cache/);
    expect(answer.headers.get('x-request-id')).toBeTruthy();
    expect(await app.api.get(`${path}/`)).toMatchObject({ status: 200 });
    expect(await app.api.head(path)).toMatchObject({ status: 200, text: '' });
  });

  it('is logged when debugging only', async () => {
    await app.api.get('/health/live');
    const lines = app.logs.filter(({ path }) => String(path).startsWith('/health'));
    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(lines.map(({ level }) => level))).toEqual(new Set(['debug']));
  });
});

describe('when the database goes away', () => {
  let app: TestApp;
  let wire: Proxy;

  beforeAll(async () => {
    const database = await createDatabase();
    wire = await proxyTo(database.url);
    app = await startApp({ DATABASE_URL: wire.url }, database);
  });
  afterAll(async () => {
    await app.close();
    wire.close();
    await app.database.drop();
  });

  it('health and readiness say so, life goes on, and all is well once it is back', async () => {
    const ada = await person(app, 'ada');
    wire.cut();
    const health = await until(503, () => app.api.get('/health'));
    expect(health.body).toEqual({ status: 'unhealthy', database: 'disconnected', api: 'ok' });

    const ready = await until(503, () => app.api.get('/health/ready'));
    expect(ready).toMatchObject({
      status: 503,
      body: { status: 'error', error: { database: { status: 'down' } }, details: { process: { status: 'up' } } },
    });
    expect(ready.text).not.toMatch(/ECONN|127\.0\.0\.1|postgres/); // where it is, is nobody's business
    expect(await app.api.get('/health/live')).toMatchObject({ status: 200 });
    const refused = await ada.api.get('/api/auth/me');
    expect(refused).toFailWith(503, 'unavailable');
    expect(refused.headers.get('retry-after')).toBeTruthy();

    wire.mend();
    expect(await until(200, () => app.api.get('/health'))).toMatchObject({ status: 200 });
    expect(await until(200, () => app.api.get('/health/ready'))).toMatchObject({ status: 200 });
    expect(await until(200, () => ada.api.get('/api/auth/me'))).toMatchObject({ status: 200 });
  });
});

describe('before the migrations have run', () => {
  it('it lives, and is not ready; then it is', async () => {
    const database = await createDatabase({ empty: true });
    const env = { NODE_ENV: 'test', DATABASE_URL: database.url, JWT_SECRET_KEY: SECRET, MIGRATE_ON_START: 'false' };
    const settings = loadSettings(env);
    const app = await createApp(settings, pino({ level: 'silent' }));
    await app.listen(0, '127.0.0.1');
    const api = new Api(await app.getUrl());
    const prepared = prepareApp(app);

    expect(await api.get('/health/live')).toMatchObject({ status: 200 });
    expect(await api.get('/health')).toMatchObject({ status: 503, body: { status: 'unhealthy', api: 'ok' } });
    expect(await api.get('/health/ready')).toMatchObject({
      status: 503,
      body: { error: { migrations: { status: 'down' } } },
    });
    expect(await api.get('/api/auth/me')).toFailWith(503, 'unavailable');

    await migrate(settings);
    await prepared;
    expect(await api.get('/health')).toMatchObject({ status: 200 });
    expect(await api.get('/health/ready')).toMatchObject({ status: 200 });
    await app.close();
    await database.drop();
  });
});

describe('while it drains', () => {
  it('is not ready, lives, and serves what still comes, connection by connection', async () => {
    const app = await startApp();
    const ada = await person(app, 'ada');
    app.nest.get(Readiness).drain();
    expect(await app.api.get('/health/ready')).toMatchObject({
      status: 503,
      body: { error: { process: { status: 'down' } } },
    });
    expect(await app.api.get('/health/live')).toMatchObject({ status: 200 });
    const answer = await ada.api.get('/api/auth/me');
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers.get('connection')).toBe('close');
    await app.close();
  });
});

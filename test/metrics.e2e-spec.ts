import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { projectFile } from '../src/config/project.js';
import { loadSettings } from '../src/config/settings.js';
import { Mails } from '../src/mail/mails.js';
import { SECRET, startApp, type TestApp } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/insist.js';
import { sendSample } from './support/mails.js';
import { codeOf, firstFactor, withTotp, wrongCode } from './support/factors.js';
import { admin, PASSWORD, person } from './support/people.js';
import { freePort } from './support/ports.js';
import { startReceiver } from './support/receiver.js';
import { build, launch, type ServerProcess } from './support/process.js';

/** What a scrape found: `name{label="value",…}` and its number. */
type Samples = Map<string, number>;

async function scrape(port: number): Promise<Samples> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = (await response.text()).split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

/** What a scrape finds as soon as this sample is so high. */
async function scrapeWhen(port: number, sample: string, atLeast = 1): Promise<Samples> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(10)) {
    const samples = await scrape(port).catch(() => undefined); // 503 while a worker of two is too busy to be asked
    if (samples && (samples.get(sample) ?? 0) >= atLeast) return samples;
  }
  throw new Error(`${sample} stayed below ${atLeast}`);
}

it('counts the accounts that still have the hash of another system, by its scheme', async () => {
  const port = await freePort();
  const app = await startApp({ METRICS_PORT: String(port) });
  const hashes = ['pbkdf2_sha256$1000$salt$aGFzaA==', 'scrypt:32768:8:1$salt$abcd', '$2b$12$ours'];
  for (const [n, hash] of hashes.entries()) {
    await app.sql(`INSERT INTO users (id, email, username, password_hash) VALUES (gen_random_uuid(), $1, $2, $3)`, [`p${n}@example.com`, `person${n}`, hash]); // prettier-ignore
  }
  const samples = await scrape(port);
  const counts = ['argon2', 'bcrypt', 'firebase', 'pbkdf2', 'scrypt'].map((scheme) => samples.get(`userhub_foreign_hashes{scheme="${scheme}"}`)); // prettier-ignore
  expect(counts).toEqual([0, 0, 0, 1, 1]);
  await app.close();
});

describe('GET /metrics', () => {
  let app: TestApp;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    app = await startApp({ METRICS_PORT: String(port), THROTTLE: 'on' });
  });
  afterAll(() => app.close());

  /** By how much the work made a sample grow. */
  async function growth(sample: string, work: () => Promise<unknown>): Promise<number> {
    const before = await scrape(port);
    await work();
    return ((await scrape(port)).get(sample) ?? NaN) - (before.get(sample) ?? 0);
  }

  const requests = (labels: string) => `http_request_duration_seconds_count{${labels}}`;

  it('counts requests by the pattern of their route, not by what was asked for', async () => {
    const ada = await person(app, 'ada');
    const found = requests('method="GET",route="/api/users/:id",status="200"');
    await expect(growth(found, () => ada.api.get(`/api/users/${ada.id}`))).resolves.toBe(1);
    const trailing = () => ada.api.get(`/api/users/${ada.id}/?`);
    await expect(growth(found, trailing)).resolves.toBe(1);
    expect([...(await scrape(port)).keys()].join('\n')).not.toContain(ada.id);
  });

  it('counts under one name whatever has no route', async () => {
    const none = requests('method="GET",route="unmatched",status="404"');
    const wander = () => Promise.all(['/etc/passwd', '/api/nowhere', '/%2e%2e/'].map((path) => app.api.get(path)));
    await expect(growth(none, wander)).resolves.toBe(3);
    const wrong = requests('method="DELETE",route="unmatched",status="405"');
    await expect(growth(wrong, () => app.api.delete('/api/users'))).resolves.toBe(1);
  });

  it('knows how long requests took', async () => {
    await app.api.get('/health/live');
    const samples = await scrape(port);
    const labels = 'method="GET",route="/health/live",status="200"';
    const took = samples.get(`http_request_duration_seconds_sum{${labels}}`);
    expect(took).toBeGreaterThan(0);
    expect(took).toBeLessThan(5);
    const bucket = (le: string) => samples.get(`http_request_duration_seconds_bucket{le="${le}",${labels}}`);
    expect(bucket('+Inf')).toBe(samples.get(requests(labels)));
    expect(bucket('10')).toBe(bucket('+Inf'));
  });

  it('counts sign-ins by result, as soon as it starts', async () => {
    await person(app, 'bob');
    const login = (password: string) => () => app.api.post('/api/auth/login', { username: 'bob', password });
    expect((await scrape(port)).has('userhub_sign_ins_total{result="failure"}')).toBe(true);
    await expect(growth('userhub_sign_ins_total{result="success"}', login(PASSWORD))).resolves.toBe(1);
    await expect(growth('userhub_sign_ins_total{result="failure"}', login('wrong horse'))).resolves.toBe(1);
  });

  it('counts refresh tokens that come again', async () => {
    const { tokens } = await person(app, 'carl');
    const refresh = (refresh_token: string) => app.api.post('/api/auth/refresh', { refresh_token });
    const child = await refresh(tokens.refresh_token);
    await refresh((child.body as typeof tokens).refresh_token);
    const reuse = () => refresh(tokens.refresh_token);
    await expect(growth('userhub_refresh_token_reuse_total', reuse)).resolves.toBe(1);
  });

  it('counts what happens around second factors', async () => {
    const ada = await withTotp(app, await person(app, 'eda'));
    const asked = 'userhub_second_factor_events_total{event="mfa_challenged"}';
    await expect(growth(asked, () => firstFactor(app.api, ada))).resolves.toBe(1);
    const wrong = { username: 'eda', password: PASSWORD, otp: wrongCode(ada) };
    const failed = 'userhub_second_factor_events_total{event="mfa_failed"}';
    await expect(growth(failed, () => app.api.post('/api/auth/login', wrong))).resolves.toBe(1);
    const stepUp = () => ada.api.post('/api/auth/step-up', { code: codeOf(ada) });
    await expect(growth('userhub_second_factor_events_total{event="step_up"}', stepUp)).resolves.toBe(1);
  });

  it('counts every refusal, by the limit', async () => {
    await person(app, 'dora');
    const guess = () => app.api.post('/api/auth/login', { username: 'dora', password: 'wrong horse' });
    for (let guesses = 0; guesses < 5; guesses++) await guess();
    const thrice = async () => {
      for (let guesses = 0; guesses < 3; guesses++) await expect(guess()).resolves.toFailWith(429, 'too_many_requests');
    };
    await expect(growth('userhub_throttled_total{limit="guess"}', thrice)).resolves.toBe(3);
  });

  it('knows how long receivers of webhooks take, whether they take it, and how they stand', async () => {
    const root = await admin(app, 'hookadmin');
    const receiver = await startReceiver();
    const kind = 'channel="webhook",kind="webhook.test",result="sent"';
    expect((await scrape(port)).get(`userhub_outbox_jobs_total{${kind}}`)).toBe(0);
    const { body } = await root.api.post('/api/webhooks', { url: receiver.url, events: ['webhook.test'] });
    const tries = (result: string) => `userhub_webhook_delivery_duration_seconds_count{result="${result}"}`;
    await root.api.post(`/api/webhooks/${body.id}/test`);
    const delivered = await scrapeWhen(port, tries('delivered'));
    expect(delivered.get(`userhub_outbox_jobs_total{${kind}}`)).toBe(1);
    expect(delivered.get(tries('failed'))).toBe(0);
    expect((await scrapeWhen(port, 'userhub_webhooks{state="active"}')).get('userhub_webhooks{state="failing"}')).toBe(
      0,
    );
    receiver.answer((_request, response) => void response.writeHead(500).end());
    await root.api.post(`/api/webhooks/${body.id}/test`);
    await scrapeWhen(port, tries('failed'));
    await scrapeWhen(port, 'userhub_webhooks{state="failing"}');
    receiver.answer((_request, response) => void response.writeHead(410).end());
    await root.api.post(`/api/webhooks/${body.id}/test`);
    await scrapeWhen(port, 'userhub_webhooks{state="disabled"}');
    await root.api.delete(`/api/webhooks/${body.id}`);
    await receiver.close();
  });

  it('counts mails by kind and result, and shows how many wait and for how long', async () => {
    const send = async () => {
      const id = await sendSample(app.nest.get(Mails), 'reset', 'ada@example.com');
      await eventually(
        async () => (await app.sql(`SELECT FROM outbox WHERE id = $1 AND state = 'sent'`, [id])).length > 0,
      );
    };
    await expect(growth('userhub_outbox_jobs_total{channel="mail",kind="reset",result="sent"}', send)).resolves.toBe(1);
    await app.sql(
      `INSERT INTO outbox (id, channel, kind, recipient, due_at, created_at)
       VALUES (gen_random_uuid(), 'mail', 'test', 'x@example.com', now() + interval '1 hour', now() - interval '1 minute')`,
    );
    const samples = await scrape(port);
    expect(samples.get('userhub_outbox_queued{channel="mail"}')).toBe(1);
    expect(samples.get('userhub_outbox_queued{channel="webhook"}')).toBe(0);
    expect(samples.get('userhub_outbox_oldest_seconds{channel="mail"}')).toBeGreaterThanOrEqual(60);
  });

  it('shows the connections to the database', async () => {
    const samples = await scrape(port);
    expect(samples.get('userhub_db_pool_connections{state="idle"}')).toBeGreaterThan(0);
    expect(samples.get('userhub_db_pool_connections{state="busy"}')).toBe(0);
    expect(samples.get('userhub_db_pool_max')).toBe(5);
    expect(samples.get('userhub_db_pool_waiting')).toBe(0);
  });

  it('measures the process', async () => {
    const names = [...(await scrape(port)).keys()].join('\n');
    expect(names).toContain('process_resident_memory_bytes');
    expect(names).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  it('answers nothing else, and not on the port of the API', async () => {
    const status = async (path: string, method = 'GET') =>
      (await fetch(`http://127.0.0.1:${port}${path}`, { method })).status;
    await expect(status('/')).resolves.toBe(404);
    await expect(status('/api/users')).resolves.toBe(404);
    await expect(status('/metrics', 'POST')).resolves.toBe(405);
    await expect(app.api.get('/metrics')).resolves.toFailWith(404, 'not_found');
  });

  it('has all that the dashboard shows', async () => {
    await app.api.get('/health/live');
    const known = new Set([...(await scrape(port)).keys()].map((sample) => sample.replace(/\{.*/, '')));
    const shown = (await dashboardQueries()).flatMap(metricsIn);
    expect(shown.length).toBeGreaterThan(15);
    expect(shown.filter((name) => !known.has(name))).toEqual([]);
  });
});

async function dashboardQueries(): Promise<string[]> {
  const queries: string[] = [];
  JSON.parse(await readFile(projectFile('deploy/grafana/userhub.json'), 'utf8'), (key, value: string) =>
    key === 'expr' ? queries.push(value) : value,
  );
  return queries;
}

/** The metrics in a query: what stands before a selector. */
const metricsIn = (query: string) => [...query.matchAll(/\b([a-z][a-z0-9_]+)\{/g)].map(([, name = '']) => name);

describe('under contention', () => {
  let app: TestApp;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    app = await startApp({ METRICS_PORT: String(port), DB_POOL_MAX: '1', BCRYPT_ROUNDS: '12' });
  });
  afterAll(() => app.close());

  it('shows who waits for their password to be checked', async () => {
    await person(app, 'ada');
    const login = () => app.api.post('/api/auth/login', { username: 'ada', password: PASSWORD });
    const logins = Promise.all(Array.from({ length: 8 }, login));
    const samples = await scrapeWhen(port, 'userhub_bcrypt_jobs{state="waiting"}');
    expect(samples.get('userhub_bcrypt_jobs{state="running"}')).toBeGreaterThan(0);
    await logins;
  });

  it('shows who waits for a connection', async () => {
    const bob = await person(app, 'bob');
    const locker = new pg.Client(app.database.url);
    await locker.connect();
    await locker.query('BEGIN; LOCK TABLE users');
    const reading = Promise.all([1, 2, 3].map(() => bob.api.get('/api/auth/me')));
    const samples = await scrapeWhen(port, 'userhub_db_pool_waiting');
    await locker.end();
    expect(samples.get('userhub_db_pool_connections{state="busy"}')).toBe(1);
    expect(samples.get('userhub_db_pool_connections{state="idle"}')).toBe(0);
    await reading;
  });
});

describe('METRICS_PORT', () => {
  const settings = (env: Record<string, string>) => loadSettings({ NODE_ENV: 'test', DATABASE_URL: 'postgres://h/d', JWT_SECRET_KEY: SECRET, ...env }); // prettier-ignore

  it('is off unless it is set', () => {
    expect(settings({}).server.metricsPort).toBeUndefined();
    expect(settings({ METRICS_PORT: '9464' }).server.metricsPort).toBe(9464);
  });

  it('must be a port, and another one than the API has', () => {
    expect(() => settings({ METRICS_PORT: 'yes' })).toThrow('METRICS_PORT must be a whole number from 1 to 65535.');
    expect(() => settings({ METRICS_PORT: '8000' })).toThrow('METRICS_PORT must not be PORT.');
  });
});

describe('with several workers', () => {
  let database: TestDatabase;
  let server: ServerProcess | undefined;

  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(async () => {
    server?.child.kill('SIGKILL');
    await server?.exitCode;
    await database.drop();
  });

  it('adds up what they measured', async () => {
    const [port, metricsPort] = [await freePort(), await freePort()];
    server = launch(await build(), {
      cwd: tmpdir(),
      env: {
        NODE_ENV: 'test',
        DATABASE_URL: database.url,
        JWT_SECRET_KEY: SECRET,
        PORT: String(port),
        METRICS_PORT: String(metricsPort),
        WEB_CONCURRENCY: '2',
      },
    });
    await server.seen(/http:\/\/localhost:\d+/);
    await scrapeWhen(metricsPort, 'userhub_db_pool_max', 20); // ten connections each
    // a connection each: the primary deals them out in turn
    const live = () => fetch(`http://127.0.0.1:${port}/health/live`, { headers: { connection: 'close' } });
    for (let sent = 0; sent < 10; sent++) await live();
    const answered = 'http_request_duration_seconds_count{method="GET",route="/health/live",status="200"}';
    const samples = await scrapeWhen(metricsPort, answered, 10);
    expect(samples.get(answered)).toBe(10);
    server.child.kill('SIGTERM');
    await expect(server.exitCode).resolves.toBe(0);
  });
});

describe('traceparent', () => {
  it('is in the log line of its request', async () => {
    const app = await startApp();
    const [trace, span] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
    await app.api.get('/api/users', { headers: { traceparent: `00-${trace}-${span}-01` } });
    await app.api.get('/api/tasks', { headers: { traceparent: 'nonsense' } });
    const lines = app.logs.filter(({ msg }) => msg === 'request');
    expect(lines[0]).toMatchObject({ path: '/api/users', trace_id: trace, span_id: span });
    expect(lines[1]).not.toHaveProperty('trace_id');
    await app.close();
  });
});

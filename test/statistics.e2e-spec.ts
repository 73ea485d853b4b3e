import { StatisticsService } from '../src/console/statistics.service.js';
import { Scheduler } from '../src/outbox/scheduler.js';
import { uuidV7Of } from '../src/database/uuid-v7.js';
import { startApp, type TestApp } from './support/app.js';
import { eventually } from './support/insist.js';
import { stopBackground } from './support/statements.js';
import { admin, person, type Person } from './support/people.js';

interface Day {
  day: string;
  sign_ups: number;
  sign_ins: number;
  failed_sign_ins: number;
  active_users: number;
}

describe('Figures', () => {
  let app: TestApp;
  let root: Person;
  const DAY = 86_400_000;
  const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);
  const [yesterday, today, tomorrow] = [-1, 0, 1].map((n) => dayOf(Date.now() + n * DAY)) as [string, string, string];

  beforeEach(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterEach(() => app.close());

  const daily = async (query: string): Promise<Day[]> => {
    const { status, body } = await root.api.get(`/api/stats/daily?${query}`);
    expect([status, body.items]).toEqual([200, expect.any(Array)]);
    return body.items as Day[];
  };
  /** Somebody who signed up then, and what they did since. */
  const history = (email: string, created: string, logins: [at: string, outcome?: string][] = []) =>
    app.sql(
      `WITH u AS (INSERT INTO users (id, email, username, password_hash, created_at)
         VALUES (gen_random_uuid(), $1, split_part($1, '@', 1), '', $2) RETURNING id)
       INSERT INTO audit_events (id, action, outcome, user_id, at)
       SELECT ${uuidV7Of('at::timestamptz')}, 'login', outcome, u.id, at::timestamptz
       FROM u, jsonb_to_recordset($3::jsonb) AS login (at text, outcome text)`,
      [email, created, JSON.stringify(logins.map(([at, outcome = 'success']) => ({ at, outcome })))],
    );

  it('count users by state and role, at most a second old', async () => {
    const { id } = await person(app, 'ada');
    const bob = await person(app, 'bob');
    await history('old@example.com', '2020-01-01T00:00:00Z');
    await root.api.patch(`/api/users/${id}`, { is_active: false });
    await root.api.delete(`/api/users/${bob.id}`);
    const expected = { total: 3, active: 2, deactivated: 1, deleted: 1, locked: 0, admins: 1, new_7_days: 2 };
    expect((await root.api.get('/api/stats')).body).toEqual(expected);
    await person(app, 'carol');
    await new Promise((resolve) => setTimeout(resolve, 1050));
    expect((await root.api.get('/api/stats')).body).toEqual({ ...expected, total: 4, active: 3, new_7_days: 3 });
  });

  it('count who is held back', async () => {
    const strict = await app.replica({ THROTTLE: 'on' });
    await person(app, 'dave');
    for (let guess = 0; guess < 6; guess++)
      await strict.api.post('/api/auth/login', { username: 'dave', password: 'x' });
    expect((await strict.api.as(root.tokens).get('/api/stats')).body).toMatchObject({ locked: 1 });
    await strict.close();
  });

  it('tell of each day how many signed up, signed in, failed to, and were there', async () => {
    await history('eve@example.com', '2026-03-01T10:00:00Z', [
      ['2026-03-01T10:00:01Z'],
      ['2026-03-01T12:00:00Z'],
      ['2026-03-02T12:00:00Z', 'failure'],
    ]);
    await history('frank@example.com', '2026-03-01T11:00:00Z', [['2026-03-01T11:00:01Z'], ['2026-03-03T00:00:00Z']]);
    expect(await daily('since=2026-02-28&until=2026-03-03')).toEqual([
      { day: '2026-02-28', sign_ups: 0, sign_ins: 0, failed_sign_ins: 0, active_users: 0 },
      { day: '2026-03-01', sign_ups: 2, sign_ins: 3, failed_sign_ins: 0, active_users: 2 },
      { day: '2026-03-02', sign_ups: 0, sign_ins: 0, failed_sign_ins: 1, active_users: 0 },
      { day: '2026-03-03', sign_ups: 0, sign_ins: 1, failed_sign_ins: 0, active_users: 1 },
    ]);
  });

  it('begin days when they begin where the viewer lives, whatever summer time does', async () => {
    await history('gina@example.com', '2026-03-28T23:30:00Z', [['2026-03-29T21:59:59Z'], ['2026-03-29T22:00:00Z']]);
    const inBerlin = await daily('since=2026-03-28&until=2026-03-30&tz=Europe/Berlin');
    expect(inBerlin.map(({ day, sign_ups, sign_ins }) => [day, sign_ups, sign_ins])).toEqual([
      ['2026-03-28', 0, 0],
      ['2026-03-29', 1, 1], // 23 hours long
      ['2026-03-30', 0, 1],
    ]);
    const inTokyo = await daily('since=2026-03-29&until=2026-03-30&tz=Asia/Tokyo');
    expect(inTokyo.map(({ sign_ins }) => sign_ins)).toEqual([0, 2]);
  });

  it('tell of today as it is now, and of days to come nothing', async () => {
    const [before] = await daily(`since=${today}&until=${today}`);
    await person(app, 'hugo');
    await app.api.post('/api/auth/login', { username: 'hugo', password: 'wrong' });
    const [now, later] = await daily(`since=${today}&until=${dayOf(Date.now() + DAY)}`);
    expect(now).toMatchObject({
      sign_ups: (before?.sign_ups ?? 0) + 1,
      sign_ins: (before?.sign_ins ?? 0) + 1,
      failed_sign_ins: (before?.failed_sign_ins ?? 0) + 1,
    });
    expect(later).toMatchObject({ day: tomorrow, sign_ups: 0 });
  });

  it('outlive the events that they were counted from, and purged users', async () => {
    await history('ines@example.com', '2026-03-01T10:00:00Z', [['2026-03-01T10:00:01Z']]);
    const range = 'since=2026-03-01&until=2026-03-01';
    const [before] = await daily(`${range}&tz=Europe/Berlin`);
    expect(before).toMatchObject({ sign_ups: 1, sign_ins: 1, active_users: 1 });
    await daily(range);
    const brief = await app.replica({ AUDIT_RETENTION_DAYS: '30' });
    await eventually(() => brief.nest.get(Scheduler).runNow('old_events')); // not while it runs by itself
    expect(await app.sql(`SELECT FROM audit_events WHERE at < '2026-04-01'`)).toEqual([]);
    await app.sql(`DELETE FROM users WHERE email = 'ines@example.com'`);
    expect(await daily(`${range}&tz=Europe/Berlin`)).toEqual([before]);
    // a zone that nobody has asked for before: the days of UTC stand for it
    const { body } = await brief.api.as(root.tokens).get(`/api/stats/daily?${range}&tz=Europe/Paris`);
    expect(body.items).toEqual([before]);
    await brief.close();
  });

  it('are kept by a job, a day after the other, of UTC and of every zone that somebody looks at', async () => {
    await stopBackground(app); // or the job may keep yesterday before it has its sign-in
    const statistics = app.nest.get(StatisticsService, { strict: false });
    await history('jack@example.com', `${yesterday}T00:00:00Z`, [[`${yesterday}T12:00:00Z`]]);
    await daily('since=2026-03-01&until=2026-03-01&tz=Asia/Tokyo');
    await statistics.keepEndedDays();
    const kept = await app.sql<{ tz: string }>(`SELECT tz FROM daily_stats WHERE day = $1 ORDER BY tz`, [
      dayOf(Date.now() - 2 * DAY),
    ]);
    expect(kept.map(({ tz }) => tz)).toEqual(['Asia/Tokyo', 'UTC']);
    expect(await statistics.keepEndedDays()).toBe(0);
    const [row] = await app.sql<{ sign_ins: number }>(`SELECT sign_ins FROM daily_stats WHERE tz = 'UTC' AND day = $1`, [yesterday]); // prettier-ignore
    if (row) expect(row.sign_ins).toBe(1); // not within five minutes after midnight
  });

  it('are the same for however many ask at once', async () => {
    await history('kim@example.com', '2026-03-01T10:00:00Z', [['2026-03-01T10:00:01Z']]);
    const answers = await Promise.all(Array.from({ length: 12 }, () => daily('since=2026-01-01&until=2026-03-31')));
    expect(new Set(answers.map((items) => JSON.stringify(items))).size).toBe(1);
    expect(answers[0]).toHaveLength(90);
  });

  it.each([
    '',
    'since=2026-03-01',
    'since=2026-03-01&until=2026-02-28',
    'since=2026-03-02&until=2026-02-28',
    'since=2026-01-01&until=2026-04-03',
    'since=0001-01-01&until=9999-12-31',
    'since=2026-02-30&until=2026-03-01',
    'since=2026-03-01T00:00:00Z&until=2026-03-01',
    'since=2026-03-01&until=2026-03-01&tz=Nowhere/City',
    "since=2026-03-01&until=2026-03-01&tz=UTC'--",
    'since=2026-03-01&until=2026-03-01&tz=%2B02:00',
    'since=2026-03-01&until=2026-03-01&tz=',
  ])('refuse ?%s', async (query) => {
    expect(await root.api.get(`/api/stats/daily?${query}`)).toFailWith(422, 'validation_failed');
  });

  it('take 92 days, and every name of a zone in whatever case', async () => {
    expect(await daily('since=2026-01-01&until=2026-04-02')).toHaveLength(92);
    for (const tz of ['Etc/UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'europe/berlin'])
      expect(await daily(`since=2026-03-01&until=2026-03-01&tz=${encodeURIComponent(tz)}`)).toHaveLength(1);
  });

  it('are for admins', async () => {
    const { api } = await person(app, 'lea');
    for (const path of ['/api/stats', '/api/stats/daily?since=2026-03-01&until=2026-03-01', '/api/system']) {
      expect(await api.get(path)).toFailWith(403, 'forbidden');
      expect(await app.api.get(path)).toFailWith(401, 'not_authenticated');
    }
  });
});

describe('GET /api/system', () => {
  it('says how the server is set up, what is in effect and where it comes from, and no secret', async () => {
    const app = await startApp({ PASSWORD_PEPPER: 'a horse of a pepper that is long enough', LOG_LEVEL: 'debug' });
    const root = await admin(app);
    const { status, body, text } = await root.api.get('/api/system');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      build: expect.stringMatching(/^\d+\.\d+\.\d+/),
      node: process.versions.node,
      postgresql: expect.stringMatching(/^\d+/),
      environment: 'test',
      is_draining: false,
      pool: { max: 5, waiting: 0 },
      signing_keys: [{ alg: 'HS256', signs: true }],
    });
    expect(new Set((body.migrations as { applied: boolean }[]).map(({ applied }) => applied))).toEqual(new Set([true]));
    expect(body.findings).toContainEqual(
      expect.objectContaining({ verdict: 'good', text: expect.stringContaining('Node.js') }),
    );
    const setting = (name: string) => (body.settings as { name: string }[]).find((one) => one.name === name);
    expect(setting('LOG_LEVEL')).toEqual({
      name: 'LOG_LEVEL',
      value: 'debug',
      source: 'environment',
      is_secret: false,
    });
    expect(setting('PASSWORD_MIN_LENGTH')).toEqual({ name: 'PASSWORD_MIN_LENGTH', value: '8', source: 'default', is_secret: false }); // prettier-ignore
    expect(setting('PASSWORD_PEPPER')).toEqual({ name: 'PASSWORD_PEPPER', value: null, source: 'environment', is_secret: true }); // prettier-ignore
    expect(setting('DATABASE_URL')).toMatchObject({ value: null, source: 'environment', is_secret: true });
    expect(text).not.toMatch(/horse|postgres(?:ql)?:\/\/|only the tests know/);
    await app.close();
  });
});

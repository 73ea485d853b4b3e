import { Scheduler } from '../src/outbox/scheduler.js';
import { uuidV7Of } from '../src/database/uuid-v7.js';
import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';

interface Event {
  id: string;
  at: string;
  action: string;
  outcome: string;
  actor_id: string | null;
  actor: { username: string } | null;
  user_id: string | null;
  user: { username: string } | null;
  ip: string | null;
  user_agent: string | null;
  request_id: string | null;
  details: Record<string, string>;
}

describe('Security events', () => {
  let app: TestApp;
  let root: Person;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.close());

  const events = async (query = '', by = root): Promise<Event[]> => {
    const path = by === root ? '/api/audit-events' : '/api/auth/events';
    const { status, body } = await by.api.get(`${path}?${query}`);
    expect([status, body.items]).toEqual([200, expect.any(Array)]);
    return body.items as Event[];
  };
  const of = ({ id }: Person, more = '') => events(`user_id=${id}&limit=100&${more}`);
  const stories = (list: Event[]) => list.map(({ action, outcome }) => `${action} ${outcome}`).reverse();

  it('tell the story of an account: who, what, when, from where, and whether it succeeded', async () => {
    const ada = await person(app, 'ada');
    await app.api.post('/api/auth/login', { username: 'ada', password: 'a wrong horse' });
    await ada.api.put('/api/auth/password', { current_password: 'a wrong horse', new_password: 'x' });
    await ada.api.put('/api/auth/password', { current_password: PASSWORD, new_password: 'another horse battery' });
    await ada.api.patch(`/api/users/${ada.id}`, {
      email: 'ada@example.org',
      current_password: 'another horse battery',
    });
    await ada.api.delete('/api/auth/sessions');
    await ada.api.post('/api/auth/logout');
    await root.api.patch(`/api/users/${ada.id}`, { role: 'admin' });
    await root.api.patch(`/api/users/${ada.id}`, { role: 'user', is_active: false });
    await root.api.patch(`/api/users/${ada.id}`, { is_active: true });
    await root.api.delete(`/api/users/${ada.id}/sessions`);
    await root.api.delete(`/api/users/${ada.id}/throttle`);
    await root.api.delete(`/api/users/${ada.id}`);
    await root.api.post(`/api/users/${ada.id}/restore`);
    await root.api.delete(`/api/users/${ada.id}?purge=true`);
    const list = await of(ada);
    expect(stories(list)).toEqual([
      'register success',
      'login success',
      'login failure',
      'password_confirmed failure',
      'password_changed success',
      'email_changed success',
      'sessions_ended success',
      'logout success',
      'role_changed success',
      'role_changed success',
      'user_deactivated success',
      'user_activated success',
      'sessions_ended success',
      'throttle_cleared success',
      'user_deleted success',
      'user_restored success',
      'user_purged success',
    ]);
    const actors = list.map(({ actor_id }) => actor_id);
    expect(new Set(actors)).toEqual(new Set([ada.id, root.id, null]));
  });

  it('have the shape that the contract says', async () => {
    const answer = await app.api
      .with({ 'user-agent': 'Browser\t/1.0 ' + 'x'.repeat(4000), 'x-request-id': 'story-1' })
      .post('/api/auth/login', { username: 'root', password: 'a wrong horse' });
    expect(answer.status).toBe(401);
    const [event] = await events('limit=1');
    expect(event).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      action: 'login',
      outcome: 'failure',
      actor_id: null,
      actor: null,
      user_id: root.id,
      user: { id: root.id, username: 'root', display_name: null },
      ip: '127.0.0.1',
      user_agent: expect.stringMatching(/^Browser\?\/1\.0 x+$/),
      request_id: 'story-1',
      details: { reason: 'wrong_password' },
    });
    expect(event?.user_agent).toHaveLength(256);
  });

  it('name nobody where a sign-in was for nobody', async () => {
    await app.api.post('/api/auth/login', { username: 'my-password-is-horse', password: 'x' });
    expect(await events('limit=1&action=login')).toMatchObject([{ outcome: 'failure', actor_id: null, user_id: null }]);
  });

  it('say why a sign-in failed, to admins and not to who tries', async () => {
    const olga = await person(app, 'olga');
    const login = (username: string, password = PASSWORD) => app.api.post('/api/auth/login', { username, password });
    const latest = async () => (await events('limit=1&action=login'))[0];
    await login('olga', 'a wrong horse');
    expect(await latest()).toMatchObject({ user_id: olga.id, details: { reason: 'wrong_password' } });
    expect((await events('limit=1&action=login', olga))[0]?.details).toEqual({});
    await root.api.patch(`/api/users/${olga.id}`, { is_active: false });
    await login('olga');
    expect(await latest()).toMatchObject({ user_id: olga.id, details: { reason: 'inactive' } });
    await root.api.delete(`/api/users/${olga.id}`);
    for (const name of ['OLGA', 'Olga@Example.com ']) {
      await login(name);
      expect(await latest()).toMatchObject({ user_id: olga.id, details: { reason: 'deleted' } });
    }
    await login('nobody-of-that-name');
    expect(await latest()).toMatchObject({ user_id: null, details: { reason: 'unknown' } });
    const another = await person(app, 'olga');
    await login('olga', 'a wrong horse');
    expect(await latest()).toMatchObject({ user_id: another.id, details: { reason: 'wrong_password' } });
  });

  it('name those who are in them, as they are called now, and nobody who is gone', async () => {
    const paul = await person(app, 'paul');
    await root.api.patch(`/api/users/${paul.id}`, { role: 'admin', display_name: 'Paul' });
    expect((await of(paul, 'action=role_changed'))[0]).toMatchObject({
      user: { id: paul.id, username: 'paul', display_name: 'Paul' },
      actor: { id: root.id, username: 'root', display_name: null },
    });
    await root.api.delete(`/api/users/${paul.id}?purge=true`);
    const list = await of(paul, 'action=role_changed');
    expect(list[0]).toMatchObject({ user_id: paul.id, user: null, actor: { username: 'root' } });
  });

  it('hold no secret, and nothing that was typed', async () => {
    const bob = await person(app, 'bob');
    await app.api.post('/api/auth/refresh', { refresh_token: bob.tokens.refresh_token });
    const [dump] = await app.sql<{ text: string }>(
      `SELECT string_agg(row_to_json(e)::text, '') AS text FROM audit_events e`,
    );
    expect(dump?.text).not.toMatch(/horse|eyJ|rt_|\$2[aby]\$|example\.com/);
  });

  describe('GET /api/audit-events', () => {
    it('is for admins', async () => {
      const { api } = await person(app, 'carol');
      expect(await api.get('/api/audit-events')).toFailWith(403, 'forbidden');
      expect(await app.api.get('/api/audit-events')).toFailWith(401, 'not_authenticated');
    });

    it('finds by user, whoever acted, and in whatever case the id is written', async () => {
      const dave = await person(app, 'dave');
      await root.api.patch(`/api/users/${dave.id}`, { role: 'admin' });
      expect(stories(await of(dave))).toEqual(['register success', 'login success', 'role_changed success']);
      expect(await events(`user_id=${dave.id.toUpperCase()}`)).toHaveLength(3);
    });

    it('finds by action', async () => {
      await signIn(app, 'root');
      const list = await events('action=login&limit=100');
      expect(new Set(list.map(({ action }) => action))).toEqual(new Set(['login']));
      expect(list.length).toBeGreaterThan(1);
    });

    it('finds by several actions, by outcome, by who acted, by address', async () => {
      const quinn = await person(app, 'quinn');
      await app.api.post('/api/auth/login', { username: 'quinn', password: 'x' });
      await root.api.delete(`/api/users/${quinn.id}/sessions`);
      expect(stories(await of(quinn, 'action=register&action=sessions_ended'))).toEqual([
        'register success',
        'sessions_ended success',
      ]);
      expect(stories(await of(quinn, 'outcome=failure'))).toEqual(['login failure']);
      expect(stories(await of(quinn, `actor_id=${root.id}`))).toEqual(['sessions_ended success']);
      expect(stories(await of(quinn, `actor_id=${quinn.id}&action=login`))).toEqual(['login success']);
      expect(await of(quinn, 'ip=127.0.0.1')).toHaveLength(4);
      expect(await of(quinn, 'ip=203.0.113.7')).toEqual([]);
    });

    it('finds by time: from since on, before until', async () => {
      const eve = await person(app, 'eve');
      const then = `timestamptz '2026-01-02T03:04:05Z'`; // an id is of its event's time
      await app.sql(
        `UPDATE audit_events SET at = ${then}, id = ${uuidV7Of(then)} WHERE user_id = $1 AND action = 'register'`,
        [eve.id],
      );
      const at = (query: string) => of(eve, query).then(stories);
      expect(await at('since=2026-01-02T03:04:05Z&until=2026-01-02T03:04:06Z')).toEqual(['register success']);
      expect(await at('since=2026-01-02T05:04:05%2B02:00&until=2026-01-02T03:04:05.001Z')).toEqual([
        'register success',
      ]);
      expect(await at('until=2026-01-02T03:04:05Z')).toEqual([]);
      expect(await at('since=2026-01-02T03:04:05.001Z')).toEqual(['login success']);
    });

    it.each([
      'action=hack',
      'action=login&action=hack',
      'outcome=maybe',
      'ip=localhost',
      'ip=127.0.0.1&ip=127.0.0.2',
      'user_id=1',
      'since=yesterday',
      'since=2026-02-30T00:00:00Z',
      'since=2026-13-01T00:00:00Z',
      'since=2026-01-01T00:00:60Z',
      'since=2026-01-01',
      'until=now',
      'until=infinity',
      'limit=101',
      'actor_id=1',
      'sort=ip',
      'cursor=x',
    ])('refuses ?%s', async (query) => {
      expect(await root.api.get(`/api/audit-events?${query}`)).toFailWith(422, 'validation_failed');
    });

    it.each(['0001-01-01T00:00:00Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999Z'])(
      'takes the far time %s',
      async (time) => {
        expect(await root.api.get(`/api/audit-events?since=${time}`)).toMatchObject({ status: 200 });
        expect(await root.api.get(`/api/audit-events?until=${time}`)).toMatchObject({ status: 200 });
      },
    );

    it('is walked by cursor, newest first, each event once, though many are of one moment', async () => {
      const frank = await person(app, 'frank');
      for (let i = 0; i < 23; i++) await app.api.post('/api/auth/login', { username: 'frank', password: 'x' });
      await app.sql(`UPDATE audit_events SET at = '2026-03-01T00:00:00Z' WHERE user_id = $1`, [frank.id]);
      const seen: string[] = [];
      let cursor = '';
      do {
        const { body } = await root.api.get(`/api/audit-events?user_id=${frank.id}&limit=7${cursor}`);
        expect(body.total).toBe(cursor ? null : 25);
        seen.push(...(body.items as Event[]).map(({ id }) => id));
        cursor = body.next_cursor ? `&cursor=${body.next_cursor}` : '';
      } while (cursor);
      expect(new Set(seen).size).toBe(25);
      expect(seen).toEqual([...seen].sort().reverse()); // ids are made in the order of time
    });

    it('takes no cursor of another list', async () => {
      const { body } = await root.api.get('/api/audit-events?limit=1');
      const other = `/api/audit-events?action=login&cursor=${body.next_cursor}`;
      expect(await root.api.get(other)).toFailWith(422, 'validation_failed');
    });
  });

  describe('GET /api/audit-events.csv', () => {
    it('is a table of what the filters find, and is recorded itself', async () => {
      const rita = await person(app, 'rita');
      await app.api
        .with({ 'user-agent': '=HYPERLINK("https://evil.example","x")' })
        .post('/api/auth/login', { username: 'rita', password: 'x' });
      const { status, headers, text } = await root.api.get(`/api/audit-events.csv?user_id=${rita.id}`);
      expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
      expect(headers.get('content-disposition')).toBe('attachment; filename="audit-events.csv"');
      const [head, ...rows] = text.trimEnd().split('\r\n');
      expect(head).toBe('id,at,action,outcome,user_id,user,actor_id,actor,ip,user_agent,request_id,details');
      expect(rows).toHaveLength(3);
      expect(rows[0]).toContain(',login,failure,');
      expect(rows[0]).toContain(`,"'=HYPERLINK(""https://evil.example"",""x"")",`);
      expect(await events('limit=1&action=exported')).toMatchObject([
        { actor_id: root.id, user_id: null, details: { what: 'audit_events' } },
      ]);
    });

    it('is written while it is read, however long it is', async () => {
      const sam = await person(app, 'sam');
      await app.sql(
        `INSERT INTO audit_events (id, action, outcome, user_id, at)
         SELECT gen_random_uuid(), 'token_reused', 'failure', $1, now() FROM generate_series(1, 1777)`,
        [sam.id],
      );
      const { text } = await root.api.get(`/api/audit-events.csv?user_id=${sam.id}&action=token_reused`);
      const ids = text.split('\r\n').slice(1, -1).map((row) => row.slice(0, 36)); // prettier-ignore
      expect([ids.length, new Set(ids).size]).toEqual([1777, 1777]);
    });

    it('is for admins', async () => {
      const { api } = await person(app, 'tina');
      expect(await api.get('/api/audit-events.csv')).toFailWith(403, 'forbidden');
    });
  });

  describe('GET /api/auth/events', () => {
    it("lists one's own and nobody else's", async () => {
      const heidi = await person(app, 'heidi');
      await person(app, 'ivan');
      const list = await events('limit=100', heidi);
      expect(stories(list)).toEqual(['register success', 'login success']);
      expect(new Set(list.map(({ user_id }) => user_id))).toEqual(new Set([heidi.id]));
    });

    it('shows from where somebody guessed', async () => {
      const judy = await person(app, 'judy');
      const thief = app.api.with({ 'user-agent': 'Guesser' });
      await thief.post('/api/auth/login', { username: 'judy', password: 'x' });
      expect(await events('limit=1', judy)).toMatchObject([
        { action: 'login', outcome: 'failure', ip: '127.0.0.1', user_agent: 'Guesser' },
      ]);
    });

    it('shows what admins did, but not from where', async () => {
      const kate = await person(app, 'kate');
      await root.api.delete(`/api/users/${kate.id}/throttle`);
      const [own] = await events('limit=1', kate);
      expect(own).toMatchObject({ action: 'throttle_cleared', actor_id: root.id, ip: null, user_agent: null });
      expect((await of(kate))[0]).toMatchObject({ action: 'throttle_cleared', ip: '127.0.0.1' });
    });

    it('filters by action and time, and takes no user', async () => {
      const leo = await person(app, 'leo');
      expect(stories(await events('action=register', leo))).toEqual(['register success']);
      expect(await events('since=2999-01-01T00:00:00Z', leo)).toEqual([]);
      expect(await leo.api.get(`/api/auth/events?user_id=${root.id}`)).toFailWith(422, 'validation_failed');
    });

    it('takes no cursor of somebody else', async () => {
      const mike = await person(app, 'mike');
      const { body } = await root.api.get('/api/auth/events?limit=1');
      expect(await mike.api.get(`/api/auth/events?cursor=${body.next_cursor}`)).toFailWith(422, 'validation_failed');
    });
  });

  it('are removed when they are older than AUDIT_RETENTION_DAYS, in batches', async () => {
    const brief = await app.replica({ AUDIT_RETENTION_DAYS: '30' });
    await app.sql(
      `INSERT INTO audit_events (id, at, action, outcome)
       SELECT gen_random_uuid(), now() - interval '30 days 1 second', 'login', 'failure' FROM generate_series(1, 1200)`,
    );
    await app.sql(
      `INSERT INTO audit_events (id, at, action, outcome)
       SELECT gen_random_uuid(), now() - interval '29 days 23 hours', 'logout', 'failure' FROM generate_series(1, 3)`,
    );
    expect(await brief.nest.get(Scheduler).runNow('old_events')).toBe(true);
    expect(await app.sql(`SELECT FROM audit_events WHERE at < now() - interval '30 days'`)).toEqual([]);
    expect(await events('action=logout&limit=100')).toEqual(
      expect.arrayContaining([expect.objectContaining({ outcome: 'failure' })]),
    );
    await brief.close();
  });

  it('say nothing but what, when and who of somebody who was purged', async () => {
    const mallory = await person(app, 'mallory');
    await app.sql(
      `INSERT INTO audit_events (id, action, outcome, actor_id, user_id, ip, user_agent, details)
       SELECT gen_random_uuid(), 'login', 'failure', NULL, $1, '203.0.113.9', 'curl', '{"a": "b"}' FROM generate_series(1, 1500)`,
      [mallory.id],
    );
    await app.sql(
      `INSERT INTO audit_events (id, action, outcome, actor_id, user_id, ip) VALUES (gen_random_uuid(), 'user_created', 'success', $1, gen_random_uuid(), '203.0.113.9')`,
      [mallory.id],
    );
    const concerning = () =>
      app.sql<{ id: string; at: Date; action: string; told: boolean }>(
        `SELECT id, at, action, ip IS NOT NULL OR user_agent IS NOT NULL OR details <> '{}' AS told
         FROM audit_events WHERE $1 IN (user_id, actor_id) AND action <> 'user_purged' ORDER BY at, id`,
        [mallory.id],
      );
    const before = await concerning();
    expect(before.length).toBeGreaterThan(1500);
    expect(await root.api.delete(`/api/users/${mallory.id}?purge=true`)).toMatchObject({ status: 204 });
    expect(await concerning()).toEqual(before.map((event) => ({ ...event, told: false })));
    const { body } = await root.api.get(`/api/audit-events?user_id=${mallory.id}&limit=1`);
    expect(body.items).toEqual([expect.objectContaining({ action: 'user_purged', actor_id: root.id })]);
    expect(await app.sql(`SELECT FROM audit_events WHERE ip IS NOT NULL LIMIT 1`)).toHaveLength(1); // others' are untouched
  });

  it('that come with no change are not worth failing for', async () => {
    await app.sql(`ALTER TABLE audit_events RENAME TO audit_events_away`);
    const answer = await app.api.post('/api/auth/login', { username: 'root', password: 'not the password' });
    await app.sql(`ALTER TABLE audit_events_away RENAME TO audit_events`);
    expect(answer).toFailWith(401, 'invalid_credentials');
  });
});

import { UsersService } from '../src/users/users.service.js';
import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';

/** What the people who look after accounts do, and what they see: `api/console.md`, API additions. */
describe('Looking after accounts', () => {
  let app: TestApp;
  let root: Person;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.close());

  const users = async (query: string): Promise<{ id: string; username: string }[]> => {
    const { status, body } = await root.api.get(`/api/users?limit=100&${query}`);
    expect([status, body.items]).toEqual([200, expect.any(Array)]);
    return body.items as { id: string; username: string }[];
  };
  const names = async (query: string) => (await users(query)).map(({ username }) => username);
  const latestEvent = async (query: string) => (await root.api.get(`/api/audit-events?limit=1&${query}`)).body.items[0];

  describe('GET /api/users', () => {
    let ada: Person;
    let bob: Person;

    beforeAll(async () => {
      [ada, bob] = [await person(app, 'ada'), await person(app, 'bob')];
      const users = app.nest.get(UsersService);
      const carol = { email: 'carol@example.com', username: 'carol', password: PASSWORD };
      await root.api.post('/api/users', carol);
      expect(await users.findByUsername('carol')).toMatchObject({ lastLoginAt: null });
      await app.sql(`UPDATE users SET created_at = '2020-01-02T03:04:05Z', last_login_at = '2020-02-03T04:05:06Z' WHERE id = $1`, [bob.id]); // prettier-ignore
    });

    it('finds a pasted id, in whatever case', async () => {
      expect(await names(`q=${ada.id.toUpperCase()}`)).toEqual(['ada']);
      expect(await names('q=01890a5d-ac96-774b-bcce-b302099a8057')).toEqual([]);
    });

    it('finds by when somebody joined: since then, before then', async () => {
      expect(await names('created_until=2020-01-02T03:04:06Z')).toEqual(['bob']);
      expect(await names('created_since=2020-01-02T03:04:05Z&created_until=2021-01-01T00:00:00Z')).toEqual(['bob']);
      expect(await names('created_until=2020-01-02T03:04:05Z')).toEqual([]);
      expect(await names('created_since=2020-01-03T00:00:00Z')).not.toContain('bob');
    });

    it('finds by the last sign-in', async () => {
      expect(await names('last_login_until=2020-02-03T04:05:07Z')).toEqual(['bob']);
      expect(await names('last_login_since=2020-02-03T04:05:06Z&last_login_until=2021-01-01T00:00:00Z')).toEqual([
        'bob',
      ]);
      expect(await names('never_signed_in=true')).toEqual(['carol']);
      expect(await names('never_signed_in=false')).not.toContain('carol');
    });

    it.each([
      ['-last_login_at', ['root', 'ada', 'bob', 'carol']],
      ['last_login_at', ['bob', 'root', 'ada', 'carol']],
    ])('sorts by %s, and whoever has never signed in comes last', async (sort, expected) => {
      const seen: string[] = [];
      await app.sql(`UPDATE users SET last_login_at = now() - interval '1 hour' WHERE id = $1`, [root.id]);
      await app.sql(`UPDATE users SET last_login_at = now() - interval '1 minute' WHERE id = $1`, [ada.id]);
      const order = sort.startsWith('-') ? ['ada', 'root', 'bob', 'carol'] : expected;
      let cursor = '';
      do {
        const { body } = await root.api.get(`/api/users?limit=1&sort=${sort}${cursor}`);
        seen.push(...(body.items as { username: string }[]).map(({ username }) => username));
        cursor = body.next_cursor ? `&cursor=${body.next_cursor}` : '';
      } while (cursor);
      expect(seen).toEqual(order);
    });

    it.each([
      'created_since=2020-01-01T00:00:00Z',
      'last_login_until=2020-01-01T00:00:00Z',
      'never_signed_in=true',
      'locked=true',
      'sort=last_login_at',
    ])('lets only admins use ?%s', async (query) => {
      expect(await ada.api.get(`/api/users?${query}`)).toFailWith(403, 'forbidden');
    });

    it.each(['created_since=yesterday', 'never_signed_in=maybe', 'locked=1', 'last_login_since=2020-02-30T00:00:00Z'])(
      'refuses ?%s',
      async (query) => {
        expect(await root.api.get(`/api/users?${query}`)).toFailWith(422, 'validation_failed');
      },
    );
  });

  describe('who is held back', () => {
    let strict: TestApp;

    beforeAll(async () => {
      strict = await app.replica({ THROTTLE: 'on' });
    });
    afterAll(() => strict.close());

    it('is found by locked=true, with GET …/throttle saying until when, and no longer once they are unblocked', async () => {
      const dora = await person(app, 'dora');
      const api = strict.api.as(root.tokens);
      const locked = async () =>
        ((await api.get('/api/users?locked=true')).body.items as { id: string }[]).map(({ id }) => id);
      expect(await locked()).toEqual([]);
      for (let guess = 0; guess < 6; guess++)
        await strict.api.post('/api/auth/login', { username: 'dora', password: 'x' });
      await new Promise((resolve) => setTimeout(resolve, 1100));
      expect(await locked()).toEqual([dora.id]);
      expect((await api.get(`/api/users/${dora.id}/throttle`)).body).toMatchObject({
        attempts: 5,
        until: expect.any(String),
      });
      const others = (await api.get('/api/users?locked=false&limit=100')).body.items as { username: string }[];
      expect(others.map(({ username }) => username)).not.toContain('dora');

      await api.delete(`/api/users/${dora.id}/throttle`);
      expect(await locked()).toEqual([]);
      expect((await api.get(`/api/users/${dora.id}/throttle`)).body).toEqual({ attempts: 0, until: null });
    });
  });

  describe('a reason', () => {
    it('is kept with the event when somebody is deactivated, for admins alone', async () => {
      const erin = await person(app, 'erin');
      const { status } = await root.api.patch(`/api/users/${erin.id}`, { is_active: false, reason: 'Asked for it' });
      expect(status).toBe(200);
      expect(await latestEvent(`user_id=${erin.id}`)).toMatchObject({
        action: 'user_deactivated',
        actor: { username: 'root' },
        details: { reason: 'Asked for it' },
      });
      await root.api.patch(`/api/users/${erin.id}`, { is_active: true });
      const again = app.api.as(await signIn(app, 'erin'));
      const { body } = await again.get('/api/auth/events?action=user_deactivated');
      expect(body.items).toMatchObject([{ details: {} }]);
    });

    it('comes with nothing else, from nobody else, and is one line', async () => {
      const fred = await person(app, 'fred');
      expect(await root.api.patch(`/api/users/${fred.id}`, { reason: 'x' })).toFailWith(422, 'validation_failed');
      expect(await root.api.patch(`/api/users/${fred.id}`, { is_active: true, reason: 'x' })).toFailWith(422, 'validation_failed'); // prettier-ignore
      for (const reason of ['', ' ', 'two\nlines', 'x'.repeat(201), null, 7]) {
        expect(await root.api.patch(`/api/users/${fred.id}`, { is_active: false, reason })).toFailWith(422, 'validation_failed'); // prettier-ignore
      }
      expect(await fred.api.patch(`/api/users/${fred.id}`, { reason: 'x' })).toFailWith(403, 'field_forbidden');
    });
  });

  describe('POST /api/users/bulk', () => {
    const bulk = (body: object) => root.api.post('/api/users/bulk', body);
    const crew = (...names: string[]) => Promise.all(names.map((name) => person(app, name)));

    it('does one thing to many, and says for each what the request for it alone would have', async () => {
      const [gina, hugo] = (await crew('gina', 'hugo')) as [Person, Person];
      const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
      const { status, body } = await bulk({ ids: [gina.id, nobody, hugo.id], action: 'deactivate', reason: 'Spam' });
      expect([status, body]).toEqual([
        200,
        { results: [{ id: gina.id, status: 200 }, { id: nobody, status: 404, code: 'not_found' }, { id: hugo.id, status: 200 }] }, // prettier-ignore
      ]);
      expect(await gina.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await latestEvent(`user_id=${hugo.id}`)).toMatchObject({
        action: 'user_deactivated',
        details: { reason: 'Spam' },
      });

      expect((await bulk({ ids: [gina.id, hugo.id], action: 'activate' })).body.results).toMatchObject([{ status: 200 }, { status: 200 }]); // prettier-ignore
      expect(await signIn(app, 'gina')).toMatchObject({ token_type: 'bearer' });
    });

    it('ends sessions, deletes and restores', async () => {
      const [ines, jack] = (await crew('ines', 'jack')) as [Person, Person];
      const ids = [ines.id, jack.id];
      expect((await bulk({ ids, action: 'end_sessions' })).body.results).toMatchObject([
        { status: 204 },
        { status: 204 },
      ]);
      expect(await jack.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect((await bulk({ ids, action: 'delete', reason: 'Spam' })).body.results).toMatchObject([{ status: 204 }, { status: 204 }]); // prettier-ignore
      expect(await names('deleted=only')).toEqual(expect.arrayContaining(['ines', 'jack']));
      expect(await latestEvent(`user_id=${ines.id}`)).toMatchObject({
        action: 'user_deleted',
        details: { reason: 'Spam' },
      });
      await person(app, 'jack'); // the name is somebody else's by now
      expect((await bulk({ ids, action: 'restore' })).body.results).toEqual([
        { id: ines.id, status: 200 },
        { id: jack.id, status: 409, code: 'email_taken' },
      ]);
    });

    it('spares the last admin, whatever the others get, also when two of them are removed at once', async () => {
      const [kim] = (await crew('kim')) as [Person];
      expect((await bulk({ ids: [kim.id, root.id], action: 'deactivate' })).body.results).toEqual([
        { id: kim.id, status: 200 },
        { id: root.id, status: 409, code: 'last_admin' },
      ]);
      const second = await admin(app, 'second');
      const answers = await Promise.all([
        root.api.post('/api/users/bulk', { ids: [second.id, root.id], action: 'delete' }),
        second.api.post('/api/users/bulk', { ids: [root.id, second.id], action: 'delete' }),
      ]);
      const [count] = await app.sql<{ count: number }>(
        `SELECT count(*)::int AS count FROM users WHERE role = 'admin' AND is_active AND deleted_at IS NULL`,
      );
      expect([count?.count, answers.length]).toEqual([1, 2]);
      await app.sql(`UPDATE users SET deleted_at = NULL, is_active = true WHERE id = $1`, [root.id]);
      root = { ...root, api: app.api.as(await signIn(app, 'root')) };
    });

    it('takes an id that is repeated once, and up to 100', async () => {
      const lea = await person(app, 'lea');
      const { body } = await bulk({ ids: [lea.id, lea.id.toUpperCase()], action: 'end_sessions' });
      expect(body.results).toEqual([{ id: lea.id, status: 204 }]);
      const many = Array.from({ length: 101 }, (_, n) => `01890a5d-ac96-774b-bcce-${String(n).padStart(12, '0')}`);
      expect((await bulk({ ids: many.slice(1), action: 'activate' })).body.results).toHaveLength(100);
      expect(await bulk({ ids: many, action: 'activate' })).toFailWith(422, 'validation_failed');
    });

    it.each([
      {},
      { ids: [], action: 'delete' },
      { ids: ['1'], action: 'delete' },
      { ids: [null], action: 'delete' },
      { ids: [{}], action: 'delete' },
      { ids: '01890a5d-ac96-774b-bcce-b302099a8057', action: 'delete' },
      { ids: ['01890a5d-ac96-774b-bcce-b302099a8057'], action: 'purge' },
      { ids: ['01890a5d-ac96-774b-bcce-b302099a8057'] },
      { ids: ['01890a5d-ac96-774b-bcce-b302099a8057'], action: 'delete', role: 'admin' },
      { ids: ['01890a5d-ac96-774b-bcce-b302099a8057'], action: 'deactivate', reason: 'two\nlines' },
    ])('refuses %j', async (body) => {
      expect(await bulk(body)).toFailWith(422, 'validation_failed');
    });

    it('is for admins', async () => {
      const mia = await person(app, 'mia');
      expect(await mia.api.post('/api/users/bulk', { ids: [mia.id], action: 'delete' })).toFailWith(403, 'forbidden');
    });
  });

  describe('GET /api/users.csv', () => {
    it('is a table of what the filters find, in which nothing is a formula', async () => {
      const name = `=HYPERLINK("https://evil.example")`;
      const nora = await person(app, 'nora', { display_name: name });
      const { status, headers, text } = await root.api.get('/api/users.csv?q=nora&sort=username');
      expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
      expect(headers.get('content-disposition')).toBe('attachment; filename="users.csv"');
      const [head, ...rows] = text.trimEnd().split('\r\n');
      expect(head).toBe('id,email,username,display_name,role,is_active,created_at,updated_at,deleted_at,last_login_at');
      expect(rows).toEqual([expect.stringContaining(`${nora.id},nora@example.com,nora,"'=HYPERLINK(""https://evil.example"")",user,true,20`)]); // prettier-ignore
      expect(await latestEvent('action=exported')).toMatchObject({ actor_id: root.id, details: { what: 'users' } });
    });

    it.each(['+1', '-1', '@SUM(1)', '\u0009=1'])('makes text of a name that begins as %j does', async (name) => {
      const answer = await root.api.patch(`/api/users/${root.id}`, { display_name: name });
      if (name.startsWith('\t')) {
        expect(answer).toFailWith(422, 'validation_failed'); // so only an older one can begin so
        await app.sql('UPDATE users SET display_name = $2 WHERE id = $1', [root.id, name]);
      } else expect(answer).toMatchObject({ status: 200, body: { display_name: name } });
      const { text } = await root.api.get(`/api/users.csv?q=${root.id}`);
      expect(text).toContain(`,'${name},`);
    });

    it('has every row once, however many there are, with the filters of the list', async () => {
      await app.sql(
        `INSERT INTO users (id, email, username, password_hash, is_active)
         SELECT gen_random_uuid(), 'row' || n || '@example.com', 'row' || n, '', n % 2 = 0 FROM generate_series(1, 1234) n`,
      );
      const { text } = await root.api.get('/api/users.csv?q=row&is_active=false&sort=-username');
      const found = text.split('\r\n').slice(1, -1).map((row) => row.split(',')[2]); // prettier-ignore
      expect([found.length, new Set(found).size, found[0]]).toEqual([617, 617, 'row999']);
    });

    it('is for admins', async () => {
      const { api } = await person(app, 'olaf');
      expect(await api.get('/api/users.csv')).toFailWith(403, 'forbidden');
    });
  });

  describe('DELETE /api/users/{id}/sessions/{session_id}', () => {
    it('ends that one session, and tells who did it', async () => {
      const pia = await person(app, 'pia');
      const other = app.api.as(await signIn(app, 'pia'));
      const { body } = await root.api.get(`/api/users/${pia.id}/sessions`);
      const [newest, oldest] = body.items as { id: string }[];
      const end = (id = '', of = pia.id) => root.api.delete(`/api/users/${of}/sessions/${id}`);
      expect(await end(oldest?.id)).toMatchObject({ status: 204 });
      expect(await pia.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await other.get('/api/auth/me')).toMatchObject({ status: 200 });
      expect(await latestEvent(`user_id=${pia.id}`)).toMatchObject({
        action: 'sessions_ended',
        actor_id: root.id,
        details: { session_id: oldest?.id },
      });
      expect(await end(oldest?.id)).toFailWith(404, 'not_found');
      expect(await end(newest?.id, root.id)).toFailWith(404, 'not_found');
      expect(await end('1')).toFailWith(422, 'validation_failed');
    });
  });
});

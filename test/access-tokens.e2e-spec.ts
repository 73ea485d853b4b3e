import { isToken } from '../src/auth/tokens/token-format.js';
import { type Api } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, type Person, person, signIn } from './support/people.js';
import { routesOf } from './support/routes.js';

describe('personal access tokens', () => {
  let app: TestApp;
  let ada: Person;
  let root: Person;

  beforeAll(async () => {
    app = await startApp();
    [ada, root] = [await person(app, 'ada'), await admin(app)];
  });
  afterAll(() => app.close());

  async function tokenOf(
    owner: Person,
    scopes: string[],
    more: object = {},
  ): Promise<{ id: string; api: Api; token: string }> {
    const { status, body } = await owner.api.post('/api/auth/tokens', { name: 'a script', scopes, ...more });
    expect(status).toBe(201);
    return { id: body.id, token: body.token, api: app.api.as(body.token as string) };
  }

  describe('POST /api/auth/tokens', () => {
    it('answers the token, once', async () => {
      const { status, body, headers } = await ada.api.post('/api/auth/tokens', {
        name: 'backup',
        scopes: ['users:read'],
      });
      expect(status).toBe(201);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body.token).toMatch(/^uhp_[0-9A-Za-z]{36}$/);
      expect(isToken(body.token as string)).toBe(true);
      expect(body).toMatchObject({
        name: 'backup',
        scopes: ['users:read'],
        hint: `uhp_…${(body.token as string).slice(-4)}`,
        last_used_at: null,
      });
      const days = (Date.parse(body.expires_at as string) - Date.parse(body.created_at as string)) / 86_400_000;
      expect(Math.round(days)).toBe(90);
      const list = await ada.api.get('/api/auth/tokens');
      expect(list.body.items[0]).toMatchObject({ id: body.id, hint: body.hint });
      expect(list.text).not.toContain(body.token);
    });

    it.each([
      ['no name', { scopes: ['users:read'] }, '/name'],
      ['no scope', { name: 'x', scopes: [] }, '/scopes'],
      ['an unknown scope', { name: 'x', scopes: ['users:delete'] }, '/scopes'],
      ['scopes that are no list', { name: 'x', scopes: 'users:read' }, '/scopes'],
      ['a scope twice', { name: 'x', scopes: ['users:read', 'users:read'] }, '/scopes'],
      ['a life of no day', { name: 'x', scopes: ['users:read'], expires_in_days: 0 }, '/expires_in_days'],
      ['a life of two years', { name: 'x', scopes: ['users:read'], expires_in_days: 730 }, '/expires_in_days'],
    ])('refuses %s', async (_, body, pointer) => {
      const answer = await ada.api.post('/api/auth/tokens', body);
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors[0].pointer).toBe(pointer);
    });

    it('gives admin powers to admins only', async () => {
      const answer = await ada.api.post('/api/auth/tokens', { name: 'x', scopes: ['users:read', 'admin'] });
      expect(answer).toFailWith(403, 'field_forbidden');
    });
  });

  describe('a token', () => {
    it('says who its owner is, whatever its scopes', async () => {
      const { api } = await tokenOf(root, ['posts:read']);
      expect((await api.get('/api/auth/me')).body).toMatchObject({ id: root.id, role: 'admin' });
    });

    it('does what its scopes say, and write includes read', async () => {
      const reader = await tokenOf(ada, ['posts:read']);
      const writer = await tokenOf(ada, ['posts:write']);
      expect((await reader.api.get('/api/posts')).status).toBe(200);
      expect((await writer.api.get('/api/posts')).status).toBe(200);
      expect((await writer.api.post('/api/posts', { content: 'by a script' })).status).toBe(201);
      const refused = await reader.api.post('/api/posts', { content: 'by a script' });
      expect(refused).toFailWith(403, 'insufficient_scope');
      expect(refused.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope", scope="posts:write"');
      expect(await reader.api.get(`/api/users/${ada.id}/tasks`)).toFailWith(403, 'insufficient_scope');
    });

    it.each([
      ['GET', '/api/auth/tokens'],
      ['POST', '/api/auth/tokens'],
      ['GET', '/api/auth/sessions'],
      ['DELETE', '/api/auth/sessions'],
      ['PUT', '/api/auth/password'],
      ['GET', '/api/auth/events'],
    ])('never gets at %s %s', async (method, path) => {
      const { api } = await tokenOf(root, ['users:write', 'posts:write', 'tasks:write', 'audit:read', 'admin']);
      expect(await api.send(method, path, method === 'GET' || method === 'DELETE' ? undefined : {})).toFailWith(
        403,
        'forbidden',
      );
    });

    it('needs the scope admin for what only admins may do', async () => {
      const plain = await tokenOf(root, ['users:write', 'audit:read']);
      const full = await tokenOf(root, ['users:write', 'audit:read', 'admin']);
      const alone = await tokenOf(root, ['admin']);
      const refused = await plain.api.get('/api/audit-events');
      expect(refused).toFailWith(403, 'insufficient_scope');
      expect(refused.headers.get('www-authenticate')).toContain('scope="admin"');
      expect(await plain.api.get('/api/users?deleted=include')).toFailWith(403, 'forbidden');
      expect((await plain.api.get(`/api/users/${ada.id}`)).body).not.toHaveProperty('email');
      expect((await full.api.get('/api/audit-events')).status).toBe(200);
      expect((await full.api.get(`/api/users/${ada.id}`)).body).toHaveProperty('email');
      expect(await alone.api.get('/api/users')).toFailWith(403, 'insufficient_scope');
    });

    it('is refused at once when it is revoked, and when its owner is deactivated; a demotion holds at once', async () => {
      const eve = await person(app, 'eve');
      await root.api.patch(`/api/users/${eve.id}`, { role: 'admin' });
      const { id, api } = await tokenOf(eve, ['users:read', 'audit:read', 'admin']);
      expect((await api.get('/api/audit-events')).status).toBe(200);
      await root.api.patch(`/api/users/${eve.id}`, { role: 'user' });
      expect(await api.get('/api/audit-events')).toFailWith(403, 'forbidden');
      await root.api.patch(`/api/users/${eve.id}`, { is_active: false });
      expect(await api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      await root.api.patch(`/api/users/${eve.id}`, { is_active: true });
      expect((await api.get('/api/auth/me')).status).toBe(200);
      expect((await root.api.delete(`/api/users/${eve.id}/tokens/${id}`)).status).toBe(204);
      expect(await api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
    });

    it('is known by its checksum, its digest and its end', async () => {
      const { token, id } = await tokenOf(ada, ['users:read']);
      const other = token.endsWith('a') ? 'b' : 'a';
      expect(await app.api.as(token.slice(0, -1) + other).get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await app.api.as(token.toLowerCase()).get('/api/auth/me')).toFailWith(401, 'invalid_token');
      await app.sql('UPDATE access_tokens SET expires_at = now() WHERE id = $1', [id]);
      expect(await app.api.as(token).get('/api/auth/me')).toFailWith(401, 'invalid_token');
    });

    it('is nowhere at rest', async () => {
      const { token, api } = await tokenOf(ada, ['users:read']);
      expect((await api.get('/api/auth/me')).status).toBe(200);
      const secret = token.slice(4, 34);
      const rows = JSON.stringify(await app.sql('SELECT t::text AS row FROM access_tokens t'));
      const logs = JSON.stringify(app.logs);
      expect([rows, logs]).toEqual([expect.stringContaining(ada.id), expect.stringContaining('/api/auth/me')]);
      for (const kept of [rows, logs]) {
        expect(kept).not.toContain(secret);
        expect(kept).not.toContain(Buffer.from(secret).toString('hex')); // as text shows a bytea
      }
    });

    it('remembers its last use, and its id stands in the events of what it did', async () => {
      const { id, api } = await tokenOf(root, ['users:write', 'admin']);
      const { body } = await api.post('/api/users', {
        email: 'made@example.com',
        username: 'made',
        password: 'correct horse battery',
      });
      expect((await root.api.get('/api/auth/tokens')).body.items[0].last_used_at).not.toBeNull();
      expect((await root.api.delete(`/api/users/${body.id}`)).status).toBe(204);
      const { body: events } = await root.api.get(`/api/audit-events?user_id=${body.id}&action=user_created`);
      expect(events.items[0]).toMatchObject({ actor_id: root.id, details: { token_id: id } });
    });
  });

  describe('a script that makes accounts, with a token for that', () => {
    /** Administration of accounts, and who it is: what `users:write` with `admin` is for. */
    const OPEN = [
      'GET /api/auth/me',
      'GET /api/stats',
      'GET /api/stats/daily',
      'GET /api/users',
      'GET /api/users.csv',
      'GET /api/users/:',
      'GET /api/users/:/throttle',
      'GET /api/users/email/:',
      'GET /api/users/export',
      'GET /api/users/username/:',
      'POST /api/users',
      'POST /api/users/:/restore',
      'POST /api/users/bulk',
      'POST /api/users/import',
      'PUT /api/users/:',
      'PATCH /api/users/:',
      'DELETE /api/users/:',
      'DELETE /api/users/:/throttle',
    ];
    const ID = '0199c2f4-5a10-7c3e-9b7d-2f6c1e0a4b11';
    const pathOf = (template: string) => template.replace(/:[^/]+/g, ID);

    it('can do nothing else, on any route that there is', async () => {
      const service = await root.api.post('/api/users', { kind: 'service', username: 'importer', role: 'admin' });
      const made = await root.api.post(`/api/users/${service.body.id}/tokens`, { name: 'accounts', scopes: ['users:write', 'admin'] }); // prettier-ignore
      const api = app.api.as(made.body.token as string);
      const fay = await api.post('/api/users', { email: 'fay@example.com', username: 'fay', password: PASSWORD });
      expect(fay).toMatchObject({ status: 201, body: { username: 'fay' } });
      await signIn(app, 'fay');

      expect(await api.post('/api/auth/logout')).toFailWith(403, 'forbidden'); // it would say yes and go on working
      const refused: string[] = [];
      const open: string[] = [];
      for (const route of routesOf(app)) {
        const [method = '', template = ''] = route.split(' ');
        const anonymous = await app.api.send(method, pathOf(template));
        if (anonymous.status !== 401 || route === 'POST /api/auth/logout') continue; // anybody may call it
        const answer = await api.send(method, pathOf(template));
        if (answer.status === 403) refused.push(route);
        else open.push(route.replace(/:[^/]+/g, ':'));
      }
      expect(open.sort()).toEqual([...OPEN].sort());
      expect(refused.length).toBeGreaterThan(60);
      expect(refused).toEqual(
        expect.arrayContaining([
          'GET /api/audit-events',
          'POST /api/webhooks',
          'POST /api/posts',
          'POST /api/auth/tokens',
        ]),
      );
    });

    it('makes no account without the scope, whatever else it has', async () => {
      const { api } = await tokenOf(root, ['users:read', 'posts:write', 'tasks:write', 'audit:read', 'admin']);
      const refused = await api.post('/api/users', { email: 'gil@example.com', username: 'gil', password: PASSWORD });
      expect(refused).toFailWith(403, 'insufficient_scope');
      expect(await app.sql(`SELECT FROM users WHERE username = 'gil'`)).toEqual([]);
    });
  });

  it('needs a fresh sign-in to be made', async () => {
    const hal = await person(app, 'hal');
    const old = await app.replica({ STEP_UP_MAX_AGE_SECONDS: '1' });
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const answer = await old.api.as(hal.tokens).post('/api/auth/tokens', { name: 'x', scopes: ['users:read'] });
    expect(answer).toFailWith(403, 'step_up_required');
    await old.close();
  });

  it('tells the story: made, revoked', async () => {
    const bob = await person(app, 'bob');
    const { id } = await tokenOf(bob, ['tasks:write']);
    expect((await bob.api.delete(`/api/auth/tokens/${id}`)).status).toBe(204);
    expect(await bob.api.delete(`/api/auth/tokens/${id}`)).toFailWith(404, 'not_found');
    const { body } = await bob.api.get('/api/auth/events');
    expect(body.items.slice(0, 2).map(({ action }: { action: string }) => action)).toEqual([
      'token_revoked',
      'token_created',
    ]);
  });

  it("keeps others' tokens from each other", async () => {
    const { id } = await tokenOf(ada, ['tasks:write']);
    const carol = await person(app, 'carol');
    expect(await carol.api.delete(`/api/auth/tokens/${id}`)).toFailWith(404, 'not_found');
    expect(await carol.api.get(`/api/users/${ada.id}/tokens`)).toFailWith(403, 'forbidden');
    expect(await root.api.post(`/api/users/${ada.id}/tokens`, { name: 'x', scopes: ['users:read'] })).toFailWith(
      403,
      'forbidden',
    );
  });
});

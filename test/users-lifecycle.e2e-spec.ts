import { randomUUID } from 'node:crypto';
import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';

describe('the life of an account', () => {
  let app: TestApp;
  let ada: Person;
  let bob: Person;
  let root: Person;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await app.sql('TRUNCATE users CASCADE');
    [ada, bob, root] = await Promise.all([person(app, 'ada'), person(app, 'bob'), admin(app)]);
  });

  const path = (who: Person) => `/api/users/${who.id}`;
  const row = async (who: Person) => (await app.sql('SELECT * FROM users WHERE id = $1', [who.id]))[0];

  describe('DELETE /api/users/{id}', () => {
    it.each(['oneself', 'an admin'])('by %s ends every session and hides the account', async (by) => {
      const elsewhere = app.api.as(await signIn(app, 'ada'));
      expect(await (by === 'oneself' ? ada : root).api.delete(path(ada))).toMatchObject({ status: 204, text: '' });
      expect(await row(ada)).toMatchObject({ is_active: false, deleted_at: expect.any(Date) as Date });
      for (const session of [ada.api, elsewhere])
        expect(await session.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      for (const refresh_token of [ada.tokens.refresh_token]) {
        expect(await app.api.post('/api/auth/refresh', { refresh_token })).toFailWith(401, 'invalid_refresh_token');
      }
      expect(await app.api.post('/api/auth/login', { username: 'ada', password: PASSWORD })).toFailWith(
        401,
        'invalid_credentials',
      );
    });

    it('leaves nothing to see, save for admins', async () => {
      await ada.api.delete(path(ada));
      expect(await bob.api.get(path(ada))).toFailWith(404, 'not_found');
      expect(await bob.api.get('/api/users/username/ada')).toFailWith(404, 'not_found');
      expect((await bob.api.get('/api/users?q=ada')).body).toMatchObject({ items: [], total: 0 });
      expect(await root.api.get(path(ada))).toMatchObject({
        status: 200,
        body: { is_active: false, deleted_at: expect.stringMatching(/Z$/) as string },
      });
    });

    it('frees the e-mail address and the username', async () => {
      await ada.api.delete(path(ada));
      const again = await person(app, 'ada');
      expect(again.id).not.toBe(ada.id);
      expect(await bob.api.get('/api/users/username/ada')).toMatchObject({ body: { id: again.id } });
      expect(await root.api.get('/api/users/email/ada@example.com')).toMatchObject({ body: { id: again.id } });
      await again.api.delete(path(again)); // and once more
      expect(await person(app, 'ada')).toBeDefined();
    });

    it('is for oneself and admins, whether the other exists or not', async () => {
      expect(await bob.api.delete(path(ada))).toFailWith(403, 'forbidden');
      expect(await bob.api.delete(`/api/users/${randomUUID()}`)).toFailWith(403, 'forbidden');
      expect(await root.api.delete(`/api/users/${randomUUID()}`)).toFailWith(404, 'not_found');
      expect(await row(ada)).toMatchObject({ deleted_at: null });
    });

    it('by an admin is as good the second time', async () => {
      expect(await root.api.delete(path(ada))).toMatchObject({ status: 204 });
      const first = await row(ada);
      expect(await root.api.delete(path(ada))).toMatchObject({ status: 204 });
      expect(await row(ada)).toEqual(first);
    });

    it('honours If-Match', async () => {
      const etag = (await ada.api.get(path(ada))).headers.get('etag') ?? '';
      await ada.api.patch(path(ada), { display_name: 'Ada' });
      expect(await ada.api.delete(path(ada), { headers: { 'if-match': etag } })).toFailWith(412, 'precondition_failed');
      expect(await ada.api.delete(path(ada), { headers: { 'if-match': '*' } })).toMatchObject({ status: 204 });
    });

    it('leaves an account that only an admin’s restoring changes again', async () => {
      await root.api.delete(path(ada));
      expect(await root.api.patch(path(ada), { display_name: 'x' })).toFailWith(409, 'conflict');
      expect(await root.api.patch(path(ada), { is_active: true })).toFailWith(409, 'conflict');
    });
  });

  describe('POST /api/users/{id}/restore', () => {
    it('brings a deleted account back, and none of its sessions', async () => {
      await ada.api.delete(path(ada));
      const answer = await root.api.post(`${path(ada)}/restore`);
      expect(answer).toMatchObject({
        status: 200,
        body: { id: ada.id, is_active: true, deleted_at: null, username: 'ada' },
      });
      expect(answer.headers.get('etag')).toMatch(/^"/);
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      const { refresh_token } = ada.tokens;
      expect(await app.api.post('/api/auth/refresh', { refresh_token })).toFailWith(401, 'invalid_refresh_token');
      expect(await signIn(app, 'ada')).toHaveProperty('access_token');
    });

    it('says no when the e-mail address or the username is somebody else’s by now', async () => {
      await ada.api.delete(path(ada));
      const other = { email: 'ada@example.com', username: 'another', password: PASSWORD };
      const { body } = await app.api.post('/api/auth/register', other);
      expect(await root.api.post(`${path(ada)}/restore`)).toFailWith(409, 'email_taken');
      await root.api.patch(`/api/users/${body.id}`, { email: 'another@example.com', username: 'Ada' });
      expect(await root.api.post(`${path(ada)}/restore`)).toFailWith(409, 'username_taken');
      expect(await row(ada)).toMatchObject({ is_active: false, deleted_at: expect.any(Date) as Date });
      await root.api.delete(`/api/users/${body.id}`);
      expect(await root.api.post(`${path(ada)}/restore`)).toMatchObject({ status: 200 });
    });

    it('is for admins, of somebody who is there', async () => {
      expect(await bob.api.post(`${path(ada)}/restore`)).toFailWith(403, 'forbidden');
      expect(await root.api.post(`/api/users/${randomUUID()}/restore`)).toFailWith(404, 'not_found');
    });

    it('does no harm to an account that needs none', async () => {
      expect(await root.api.post(`${path(bob)}/restore`)).toMatchObject({ status: 200, body: { is_active: true } });
      expect(await bob.api.get('/api/auth/me')).toMatchObject({ status: 200 });
    });
  });

  describe('DELETE /api/users/{id}?purge=true', () => {
    it('removes the row and all that hangs on it', async () => {
      expect(await root.api.delete(`${path(ada)}?purge=true`)).toMatchObject({ status: 204 });
      expect(await row(ada)).toBeUndefined();
      expect(await app.sql('SELECT id FROM sessions WHERE user_id = $1', [ada.id])).toEqual([]);
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await root.api.get(path(ada))).toFailWith(404, 'not_found');
      expect(await root.api.post(`${path(ada)}/restore`)).toFailWith(404, 'not_found');
    });

    it('takes deleted accounts too, and is done once', async () => {
      await root.api.delete(path(ada));
      expect(await root.api.delete(`${path(ada)}?purge=true`)).toMatchObject({ status: 204 });
      expect(await root.api.delete(`${path(ada)}?purge=true`)).toFailWith(404, 'not_found');
    });

    it('purge=false is an ordinary deletion', async () => {
      expect(await ada.api.delete(`${path(ada)}?purge=false`)).toMatchObject({ status: 204 });
      expect(await row(ada)).toBeDefined();
    });

    it('is for admins, not even for oneself', async () => {
      expect(await ada.api.delete(`${path(ada)}?purge=true`)).toFailWith(403, 'forbidden');
      expect(await bob.api.delete(`${path(ada)}?purge=true`)).toFailWith(403, 'forbidden');
      expect(await row(ada)).toMatchObject({ deleted_at: null });
    });

    it('honours If-Match', async () => {
      const headers = { 'if-match': '"1-stale"' };
      await ada.api.patch(path(ada), { display_name: 'Ada' });
      expect(await root.api.delete(`${path(ada)}?purge=true`, { headers })).toFailWith(412, 'precondition_failed');
    });
  });

  describe('who was deactivated', () => {
    beforeEach(() => root.api.patch(path(ada), { is_active: false }));

    it('is out at once', async () => {
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await ada.api.delete(path(ada))).toFailWith(401, 'invalid_token');
      const { refresh_token } = ada.tokens;
      expect(await app.api.post('/api/auth/refresh', { refresh_token })).toFailWith(401, 'invalid_refresh_token');
    });

    it('is not there for others, yet keeps address and username', async () => {
      expect(await bob.api.get(path(ada))).toFailWith(404, 'not_found');
      expect(await bob.api.get('/api/users/username/ada')).toFailWith(404, 'not_found');
      expect(await root.api.get('/api/users/email/ada@example.com')).toMatchObject({
        status: 200,
        body: { is_active: false },
      });
      const again = { email: 'ada@example.com', username: 'other', password: PASSWORD };
      expect(await app.api.post('/api/auth/register', again)).toFailWith(409, 'email_taken');
    });

    it('comes back by being activated or restored, with new sessions only', async () => {
      expect(await root.api.post(`${path(ada)}/restore`)).toMatchObject({ status: 200, body: { is_active: true } });
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await signIn(app, 'ada')).toHaveProperty('access_token');
    });
  });

  describe('the last active admin', () => {
    it.each<[string, (who: Person, by: Person) => Promise<unknown>]>([
      ['demoted', (who, by) => by.api.patch(path(who), { role: 'user' })],
      ['deactivated', (who, by) => by.api.patch(path(who), { is_active: false })],
      ['deleted', (who, by) => by.api.delete(path(who))],
      ['purged', (who, by) => by.api.delete(`${path(who)}?purge=true`)],
    ])('can’t be %s', async (_, take) => {
      expect(await take(root, root)).toFailWith(409, 'last_admin');
      expect(await row(root)).toMatchObject({ role: 'admin', is_active: true, deleted_at: null });

      await root.api.post('/api/users', { email: 'idle@example.com', username: 'idle', password: PASSWORD, role: 'admin', is_active: false }); // prettier-ignore
      expect(await take(root, root)).toFailWith(409, 'last_admin'); // an inactive admin is no help

      const other = await admin(app, 'grace');
      expect(await take(root, other)).toMatchObject({ status: expect.any(Number) as number });
      expect(await take(other, other)).toFailWith(409, 'last_admin');
    });

    it.each<[string, (who: Person, by: Person) => Promise<{ status: number }>]>([
      ['demoted', (who, by) => by.api.patch(path(who), { role: 'user' })],
      ['deactivated', (who, by) => by.api.put(path(who), { is_active: false })],
      ['deleted', (who, by) => by.api.delete(path(who))],
      ['purged', (who, by) => by.api.delete(`${path(who)}?purge=true`)],
    ])('is still there when two admins have each other %s at once', async (_, take) => {
      for (let round = 0; round < 5; round++) {
        const [grace, alan] = await Promise.all([admin(app, `grace${round}`), admin(app, `alan${round}`)]);
        await app.sql(`UPDATE users SET role = 'user' WHERE id NOT IN ($1, $2)`, [grace.id, alan.id]);
        const answers = await Promise.all([take(grace, alan), take(alan, grace)]);
        const left = await app.sql(`SELECT id FROM users WHERE role = 'admin' AND is_active AND deleted_at IS NULL`);
        expect(left).toHaveLength(1);
        // the loser finds the last admin in the way, or is none any more
        expect(answers.map(({ status }) => status).sort()[0]).toBeLessThan(300);
        expect([401, 403, 409]).toContain(Math.max(...answers.map(({ status }) => status)));
      }
    });

    it('is still there when each resigns at once, on two replicas', async () => {
      const replica = await app.replica();
      const [grace, alan] = await Promise.all([admin(app, 'grace'), admin(app, 'alan')]);
      await app.sql(`UPDATE users SET role = 'user' WHERE id = $1`, [root.id]);
      const answers = await Promise.all([
        grace.api.patch(path(grace), { role: 'user' }),
        replica.api.as(alan.tokens).patch(path(alan), { role: 'user' }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      await replica.close();
    });
  });
});

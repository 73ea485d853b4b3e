import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { admin, person, type Person, signIn } from './support/people.js';
import { routesOf } from './support/routes.js';

/** Versions of things: what keeps one, what makes a new one, and what is told of it. */
describe('ETags', () => {
  let app: TestApp;
  let ada: Person;
  let bob: Person;
  let root: Person;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await app.sql('TRUNCATE users, audit_events CASCADE');
    [ada, bob, root] = [await person(app, 'ada'), await person(app, 'bob'), await admin(app)];
    await app.sql('TRUNCATE audit_events');
  });

  const tagOf = ({ headers }: Answer) => headers.get('etag') ?? '';
  const events = async () => (await app.sql<{ action: string }>('SELECT action FROM audit_events ORDER BY at, id')).map(({ action }) => action); // prettier-ignore

  /** Something, who may change it, its members as they are, and others. */
  const things = async () => {
    const { body: post } = await ada.api.post('/api/posts', { title: 'Notes', content: 'It weaves.' });
    const { body: task } = await ada.api.post(`/api/users/${ada.id}/tasks`, { title: 'Water', description: 'Plants' });
    return [
      { path: `/api/users/${ada.id}`, by: ada, same: { username: 'ada', email: ' ADA@example.com', display_name: null }, other: { display_name: 'Ada' } }, // prettier-ignore
      { path: `/api/users/${ada.id}`, by: root, same: { username: 'ada', email: 'ada@example.com', role: 'user', is_active: true }, other: { username: 'Ada' } }, // prettier-ignore
      {
        path: `/api/posts/${post.id}`,
        by: ada,
        same: { title: 'Notes', content: 'It weaves.' },
        other: { title: null },
      },
      { path: `/api/users/${ada.id}/tasks/${task.id}`, by: ada, same: { title: 'Water', description: 'Plants', is_completed: false }, other: { is_completed: true } }, // prettier-ignore
    ] as const;
  };

  describe.each(['PUT', 'PATCH'])('a %s that changes nothing', (method) => {
    it('keeps ETag and updated_at, and records nothing', async () => {
      for (const { path, by, same } of await things()) {
        const before = await by.api.get(path);
        await sleep(5);
        for (const body of [{}, same, Object.fromEntries(Object.entries(same).slice(0, 1))]) {
          const answer = await by.api.send(method, path, body);
          expect(answer).toMatchObject({ status: 200, body: before.body });
          expect(tagOf(answer)).toBe(tagOf(before));
        }
        expect(tagOf(await by.api.get(path))).toBe(tagOf(before));
      }
      expect(await events()).toEqual([]);
    });

    it('is still refused with a stale If-Match, and taken with any other', async () => {
      for (const { path, by, same } of await things()) {
        const etag = tagOf(await by.api.get(path));
        expect(await by.api.send(method, path, same, { headers: { 'if-match': '"99-x"' } })).toFailWith(412, 'precondition_failed'); // prettier-ignore
        expect(await by.api.send(method, path, same, { headers: { 'if-match': etag } })).toMatchObject({ status: 200 });
      }
    });

    it('and one that changes something makes one new version, though it comes twice at once', async () => {
      for (const { path, by, other } of await things()) {
        const before = tagOf(await by.api.get(path));
        const answers = await Promise.all([1, 2, 3, 4].map(() => by.api.send(method, path, other)));
        expect(new Set(answers.map(tagOf)).size).toBe(1);
        expect(tagOf(answers[0] as Answer)).not.toBe(before);
        const [version, next] = [before, tagOf(await by.api.get(path))].map((tag) => Number(/\d+/.exec(tag)?.[0]));
        expect(next).toBe((version ?? 0) + 1);
      }
    });
  });

  describe('events', () => {
    const change = (body: object) => root.api.patch(`/api/users/${ada.id}`, body);

    it('tell what differs, whoever changed it', async () => {
      const { body: whole } = await root.api.get(`/api/users/${ada.id}`);
      const { username, email, display_name, role, is_active } = whole as Record<string, unknown>;
      await root.api.put(`/api/users/${ada.id}`, { username, email, display_name, role, is_active });
      expect(await events()).toEqual([]);
      await change({ email: root.email.replace('root', 'ada2'), role: 'user', is_active: true });
      await change({ email: 'ada2@example.com', role: 'admin', is_active: true });
      await change({ role: 'user', is_active: false });
      await change({ role: 'user', is_active: false });
      await change({ is_active: true });
      expect(await events()).toEqual(['email_changed', 'role_changed', 'role_changed', 'user_deactivated', 'user_activated']); // prettier-ignore
    });

    it('tell once of what many do at once', async () => {
      await Promise.all(Array.from({ length: 8 }, () => change({ role: 'admin' })));
      await Promise.all(Array.from({ length: 8 }, () => change({ is_active: false })));
      expect(await events()).toEqual(['role_changed', 'user_deactivated']);
    });

    it('tell of no restoring of somebody who was never away', async () => {
      const before = await root.api.get(`/api/users/${ada.id}`);
      const answer = await root.api.post(`/api/users/${ada.id}/restore`);
      expect(answer).toMatchObject({ status: 200, body: before.body });
      expect(tagOf(answer)).toBe(tagOf(before));
      expect(await events()).toEqual([]);
      await root.api.delete(`/api/users/${ada.id}`);
      await Promise.all([1, 2, 3].map(() => root.api.post(`/api/users/${ada.id}/restore`)));
      expect(await events()).toEqual(['user_deleted', 'user_restored']);
    });

    it('and sessions end by what differs as well', async () => {
      await change({ is_active: false });
      const { status } = await change({ is_active: false });
      expect(status).toBe(200);
      const [row] = await app.sql('SELECT session_generation AS n FROM users WHERE id = $1', [ada.id]);
      expect(row).toEqual({ n: 1 });
    });
  });

  describe('412', () => {
    it('comes with the ETag that would have done', async () => {
      for (const { path, by, other } of await things()) {
        for (const method of ['PUT', 'PATCH', 'DELETE']) {
          const body = method === 'DELETE' ? undefined : other;
          const stale = await by.api.send(method, path, body, { headers: { 'if-match': '"99-stale"' } });
          expect(stale).toFailWith(412, 'precondition_failed');
          expect(stale.headers.get('cache-control')).toBe('private, no-cache');
          expect(tagOf(stale)).toBe(tagOf(await by.api.get(path)));
        }
        const etag = tagOf(await by.api.get(path));
        const weak = await by.api.put(path, other, { headers: { 'if-match': `W/${etag}` } });
        expect(weak).toFailWith(412, 'precondition_failed');
        expect(tagOf(weak)).toBe(etag);
        expect(await by.api.put(path, other, { headers: { 'if-match': etag } })).toMatchObject({ status: 200 });
      }
    });
  });

  it('If-Match means nothing to a route that answers with no such thing', async () => {
    const headers = { 'if-match': '"99-x"' };
    const body = { current_password: bob.password };
    expect(await bob.api.post('/api/auth/delete-account', body, { headers })).toMatchObject({ status: 202 });
  });

  describe('purging', () => {
    const purge = (headers: Record<string, string> = {}) =>
      root.api.delete(`/api/users/${bob.id}?purge=true`, { headers });

    it('honours If-Match', async () => {
      const before = tagOf(await root.api.get(`/api/users/${bob.id}`));
      await bob.api.patch(`/api/users/${bob.id}`, { display_name: 'Bob' });
      const stale = await purge({ 'if-match': before });
      expect(stale).toFailWith(412, 'precondition_failed');
      expect(tagOf(stale)).toBe(tagOf(await root.api.get(`/api/users/${bob.id}`)));
      expect(await purge({ 'if-match': tagOf(stale) })).toMatchObject({ status: 204 });
      expect(await purge({ 'if-match': tagOf(stale) })).toFailWith(404, 'not_found');
      expect(await events()).toEqual(['user_updated', 'user_purged']);
    });

    it('and a change at the same moment: the one that comes second is refused', async () => {
      for (let round = 0; round < 10; round++) {
        const somebody = await person(app, `carol${round}`);
        const path = `/api/users/${somebody.id}`;
        const headers = { 'if-match': tagOf(await root.api.get(path)) };
        const [changed, purged] = await Promise.all([
          root.api.patch(path, { display_name: 'Carol' }, { headers }),
          root.api.delete(`${path}?purge=true`, { headers }),
        ]);
        expect([`${changed.status} ${purged.status}`]).toEqual([
          expect.stringMatching(/^(?:200 412|4(?:04|09|12) 204)$/),
        ]);
      }
    });
  });

  it('personal answers are kept by nobody, or asked about each time', async () => {
    const succeeded = new Set<string>();
    const [post, tasks, task] = [{ content: 'Hello' }, `/api/users/${ada.id}/tasks`, { title: 'Water', description: 'Plants' }]; // prettier-ignore
    for (const route of routesOf(app).filter((one) => one.includes(' /api/'))) {
      const [method = '', shape = ''] = route.split(' ');
      for (const who of [undefined, ada, bob, root]) {
        const api = who ? await again(who) : app.api;
        const path = shape
          .replace(/(?<=\/posts\/):[^/]+/, shape.includes('/posts/:') ? await made('/api/posts', post) : '')
          .replace(/(?<=\/tasks\/):[^/]+/, shape.includes('/tasks/:') ? await made(tasks, task) : '')
          .replace(':username', 'ada')
          .replace(':email', ada.email)
          .replace(/:[^/]+/g, ada.id);
        const answer = await api.send(method, path);
        const expected = answer.headers.has('etag') ? 'private, no-cache' : 'no-store';
        const asked = `${who?.username ?? 'anybody'} ${route}`;
        expect([asked, answer.status, answer.headers.get('cache-control')]).toEqual([asked, answer.status, expected]);
        if (answer.status < 300) succeeded.add(asked.replace(/:[^/]+/g, ':'));
      }
    }
    expect([...succeeded]).toEqual(
      expect.arrayContaining([
        'anybody GET /api/auth/providers',
        'bob GET /api/auth/me',
        'bob GET /api/auth/sessions',
        'bob GET /api/users',
        'ada GET /api/users/:',
        'bob GET /api/users/:',
        'root GET /api/users/:',
        'ada PATCH /api/users/:',
        'ada DELETE /api/users/:',
        'ada GET /api/users/:/tasks',
        'ada GET /api/users/:/tasks/:',
        'ada GET /api/posts/:',
        'bob GET /api/posts/:',
        'ada DELETE /api/posts/:',
        'bob GET /api/posts/:/likes',
        'root GET /api/users.csv',
        'root GET /api/users/export',
        'root GET /api/users/:/export',
        'root GET /api/users/:/sessions',
        'root GET /api/audit-events',
        'root GET /api/audit-events.csv',
        'root GET /api/mails',
        'root GET /api/stats',
      ]),
    );
  });

  /** The id of something new of ada's. */
  async function made(path: string, body: object): Promise<string> {
    const answer = await (await again(ada)).post(path, body);
    expect(answer.status).toBe(201);
    return answer.body.id as string;
  }

  /** Calls as somebody signed in anew, after whatever a route has done. */
  async function again({ id, email }: Person) {
    await app.sql('UPDATE users SET is_active = true, deleted_at = NULL WHERE id = $1', [id]);
    return app.api.as(await signIn(app, email));
  }
});

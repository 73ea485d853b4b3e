import { startApp, type TestApp } from './support/app.js';
import { admin, person, type Person } from './support/people.js';

describe('tasks', () => {
  let app: TestApp;
  let ada: Person, bob: Person, root: Person;

  beforeAll(async () => {
    app = await startApp();
    [ada, bob, root] = await Promise.all([person(app, 'ada'), person(app, 'bob'), admin(app)]);
  });
  afterAll(() => app.close());
  beforeEach(() => app.sql('DELETE FROM tasks'));

  const add = async (owner: Person, task: object) => (await owner.api.post(`/api/users/${owner.id}/tasks`, task)).body;

  // older clients know the second form: both are the same controller
  describe.each(['/api/users/{id}/tasks', '/api/{id}/tasks'])('%s', (form) => {
    const path = (owner: Person, rest = '') => form.replace('{id}', owner.id) + rest;

    it('adds, finds, changes and deletes a task', async () => {
      const created = await ada.api.post(path(ada), { title: 'Water the plants' });
      expect(created.status).toBe(201);
      expect(created.body).toEqual({
        id: expect.any(String),
        user_id: ada.id,
        title: 'Water the plants',
        description: null,
        is_completed: false,
        created_at: expect.stringMatching(/Z$/),
        updated_at: created.body.created_at,
      });
      const { id } = created.body;
      expect(created.headers.get('location')).toBe(`/api/users/${ada.id}/tasks/${id}`);

      const found = await ada.api.get(path(ada, `/${id}`));
      expect(found.body).toEqual(created.body);
      expect(found.headers.get('etag')).toBe(created.headers.get('etag'));

      const changed = await ada.api.put(path(ada, `/${id}`), { is_completed: true, description: 'Not the cactus.' });
      expect(changed.body).toMatchObject({ title: 'Water the plants', is_completed: true });
      expect((await ada.api.patch(path(ada, `/${id}`), { description: null })).body).toMatchObject({
        description: null,
      });

      expect(await ada.api.delete(path(ada, `/${id}`))).toMatchObject({ status: 204 });
      expect(await ada.api.delete(path(ada, `/${id}`))).toFailWith(404, 'not_found');
    });

    it('is out of reach for everybody else, admins too', async () => {
      const { id } = await add(ada, { title: 'secret' });
      for (const other of [bob, root]) {
        expect(await other.api.get(path(ada))).toFailWith(403, 'forbidden');
        expect(await other.api.post(path(ada), { title: 'x' })).toFailWith(403, 'forbidden');
        for (const method of ['get', 'delete'] as const) {
          expect(await other.api[method](path(ada, `/${id}`))).toFailWith(403, 'forbidden');
          expect(await other.api[method](path(other, `/${id}`))).toFailWith(404, 'not_found');
        }
        for (const method of ['put', 'patch'] as const) {
          expect(await other.api[method](path(ada, `/${id}`), { title: 'x' })).toFailWith(403, 'forbidden');
          expect(await other.api[method](path(other, `/${id}`), { title: 'x' })).toFailWith(404, 'not_found');
        }
      }
      expect((await ada.api.get(path(ada))).body.items).toMatchObject([{ id, title: 'secret' }]);
    });

    it('answers 403 for a user that does not exist, and 422 for what is no id', async () => {
      const nobody = '01920000-0000-7000-8000-000000000000';
      expect(await ada.api.get(path({ ...ada, id: nobody }))).toFailWith(403, 'forbidden');
      expect(await ada.api.get(path({ ...ada, id: 'me' }))).toFailWith(422, 'validation_failed');
    });

    it('takes one’s own id in any case', async () => {
      expect(await ada.api.get(path({ ...ada, id: ada.id.toUpperCase() }))).toMatchObject({ status: 200 });
    });
  });

  it.each([
    ['no title', {}],
    ['an empty title', { title: '' }],
    ['a title of blanks', { title: ' \u2003\t' }],
    ['a title of 201 characters', { title: 'x'.repeat(201) }],
    ['a description of 5,001 characters', { title: 'x', description: 'x'.repeat(5001) }],
    ['an owner', { title: 'x', user_id: '01920000-0000-7000-8000-000000000000' }],
    ['is_completed that is text', { title: 'x', is_completed: 'yes' }],
    ['is_completed that is null', { title: 'x', is_completed: null }],
    ['a title that is null', { title: null }],
  ])('refuses %s', async (_, task) => {
    expect(await ada.api.post(`/api/users/${ada.id}/tasks`, task)).toFailWith(422, 'validation_failed');
  });

  it('takes a description of blanks for none', async () => {
    const { body: task } = await ada.api.post(`/api/users/${ada.id}/tasks`, { title: 'x', description: ' \n ' });
    expect(task.description).toBeNull();
    await ada.api.patch(`/api/users/${ada.id}/tasks/${task.id}`, { description: 'Not the cactus.' });
    expect(
      (await ada.api.patch(`/api/users/${ada.id}/tasks/${task.id}`, { description: '' })).body.description,
    ).toBeNull();
  });

  it('lists the newest first, filters and searches', async () => {
    await add(ada, { title: 'Buy milk', is_completed: true });
    await add(ada, { title: 'Call mum', description: 'about the MILK' });
    await add(bob, { title: 'milk, but bob’s' });
    const titles = async (query: string) =>
      (await ada.api.get(`/api/users/${ada.id}/tasks?${query}`)).body.items.map(
        (task: { title: string }) => task.title,
      );
    expect(await titles('')).toEqual(['Call mum', 'Buy milk']);
    expect(await titles('is_completed=true')).toEqual(['Buy milk']);
    expect(await titles('is_completed=false')).toEqual(['Call mum']);
    expect(await titles('q=milk')).toEqual(['Call mum', 'Buy milk']);
    expect(await titles('q=milk&is_completed=true')).toEqual(['Buy milk']);
    expect(await ada.api.get(`/api/users/${ada.id}/tasks?is_completed=1`)).toFailWith(422, 'validation_failed');
  });

  it('pages by skip, with a total, and by cursor', async () => {
    for (let n = 1; n <= 3; n++) await add(ada, { title: `task ${n}` });
    const first = await ada.api.get(`/api/users/${ada.id}/tasks?limit=2`);
    expect(first.body).toMatchObject({
      total: 3,
      skip: 0,
      limit: 2,
      items: [{ title: 'task 3' }, { title: 'task 2' }],
    });
    expect(first.headers.get('link')).toContain('rel="next"');
    const second = await ada.api.get(`/api/users/${ada.id}/tasks?cursor=${first.body.next_cursor}`);
    expect(second.body).toMatchObject({ total: null, next_cursor: null, items: [{ title: 'task 1' }] });
  });

  it('makes cursors that are of no use to anybody else', async () => {
    for (let n = 1; n <= 2; n++) await add(ada, { title: `task ${n}` });
    const { body } = await ada.api.get(`/api/users/${ada.id}/tasks?limit=1`);
    expect(await bob.api.get(`/api/users/${bob.id}/tasks?cursor=${body.next_cursor}`)).toFailWith(
      422,
      'validation_failed',
    );
  });

  it('honours If-Match when changing and when deleting', async () => {
    const { body, headers } = await ada.api.post(`/api/users/${ada.id}/tasks`, { title: 'first' });
    const path = `/api/users/${ada.id}/tasks/${body.id}`;
    const match = { headers: { 'if-match': headers.get('etag') ?? '' } };
    expect(await ada.api.patch(path, { title: 'second' }, match)).toMatchObject({ status: 200 });
    expect(await ada.api.patch(path, { title: 'third' }, match)).toFailWith(412, 'precondition_failed');
    expect(await ada.api.delete(path, match)).toFailWith(412, 'precondition_failed');
    expect((await ada.api.get(path)).body).toMatchObject({ title: 'second' });
  });

  it('are gone with their owner', async () => {
    const cyd = await person(app, 'cyd');
    await add(cyd, { title: 'unfinished business' });
    await root.api.delete(`/api/users/${cyd.id}?purge=true`);
    expect(await app.sql('SELECT FROM tasks WHERE user_id = $1', [cyd.id])).toHaveLength(0);
  });

  it('do not stand in the way of other routes', async () => {
    expect(await ada.api.get('/api/users/username/tasks')).toFailWith(404, 'not_found');
    expect(await ada.api.get('/api/auth/me')).toMatchObject({ status: 200, body: { id: ada.id } });
    expect(await ada.api.get('/api/users')).toMatchObject({ status: 200, body: { total: 3 } });
  });
});

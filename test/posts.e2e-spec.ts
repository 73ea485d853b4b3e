import { startApp, type TestApp } from './support/app.js';
import { admin, crowd, person, type Person } from './support/people.js';
import { loggedStatements, stopBackground } from './support/statements.js';

const NOTE = { title: 'Notes on the engine', content: 'It weaves algebraic patterns.' };

describe('posts', () => {
  let app: TestApp;
  let ada: Person, bob: Person, root: Person;

  beforeAll(async () => {
    app = await startApp();

    [ada, bob, root] = await Promise.all([person(app, 'ada'), person(app, 'bob'), admin(app)]);
  });
  afterAll(() => app.close());
  beforeEach(() => app.sql('DELETE FROM posts'));

  const publish = async (author: Person, post: object = NOTE) => (await author.api.post('/api/posts', post)).body;

  describe('POST /api/posts', () => {
    it('publishes a post', async () => {
      const { status, body, headers } = await ada.api.post('/api/posts', NOTE);
      expect(status).toBe(201);
      expect(body).toEqual({
        id: expect.any(String),
        author: {
          id: ada.id,
          username: 'ada',
          display_name: null,
          profile_picture_url: null,
          created_at: expect.any(String),
        },
        ...NOTE,
        like_count: 0,
        liked_by_me: false,
        created_at: expect.stringMatching(/Z$/),
        updated_at: body.created_at,
      });
      expect(headers.get('location')).toBe(`/api/posts/${body.id}`);
      expect(headers.get('etag')).toMatch(/^"/);
    });

    it('needs no title', async () => {
      expect(await ada.api.post('/api/posts', { content: 'x' })).toMatchObject({ status: 201, body: { title: null } });
    });

    it.each([
      ['no content', { title: 'x' }],
      ['empty content', { content: '' }],
      ['5,001 characters', { content: 'x'.repeat(5001) }],
      ['a title of 201 characters', { title: 'x'.repeat(201), content: 'x' }],
      ['an author', { ...NOTE, author_id: 'x' }],
      ['a like count', { ...NOTE, like_count: 7 }],
      ['content that is a list', { content: ['x'] }],
      ['content that is null', { content: null }],
    ])('refuses %s', async (_, post) => {
      expect(await ada.api.post('/api/posts', post)).toFailWith(422, 'validation_failed');
    });

    it('takes a title of blanks for none, and no content of blanks', async () => {
      expect(await ada.api.post('/api/posts', { title: ' \u00a0', content: 'x' })).toMatchObject({
        body: { title: null },
      });
      expect(await ada.api.post('/api/posts', { content: ' \n\u200b' })).toFailWith(422, 'validation_failed');
    });

    it('counts characters, not bytes', async () => {
      expect(await ada.api.post('/api/posts', { title: '🦉'.repeat(200), content: '🦉'.repeat(5000) })).toMatchObject({
        status: 201,
      });
    });
  });

  describe('GET /api/posts/{id}', () => {
    it('shows it to everybody who is signed in', async () => {
      const post = await publish(ada);
      expect((await bob.api.get(`/api/posts/${post.id}`)).body).toEqual(post);
    });

    it('answers 404 for none', async () => {
      expect(await bob.api.get(`/api/posts/${ada.id}`)).toFailWith(404, 'not_found');
    });
  });

  describe.each(['put', 'patch'] as const)('%s /api/posts/{id}', (method) => {
    it('changes what it names, and nothing else', async () => {
      const post = await publish(ada);
      const { status, body } = await ada.api[method](`/api/posts/${post.id}`, { title: null });
      expect(status).toBe(200);
      expect(body).toEqual({ ...post, title: null, updated_at: expect.any(String) });
    });

    it('is for the author alone', async () => {
      const post = await publish(ada);
      for (const other of [bob, root]) {
        expect(await other.api[method](`/api/posts/${post.id}`, { content: 'mine' })).toFailWith(403, 'forbidden');
      }
      expect((await ada.api.get(`/api/posts/${post.id}`)).body).toEqual(post);
    });

    it('honours If-Match, whatever others think of the post meanwhile', async () => {
      const { headers, body: post } = await ada.api.post('/api/posts', NOTE);
      const match = { headers: { 'if-match': headers.get('etag') ?? '' } };
      await bob.api.put(`/api/posts/${post.id}/like`);
      expect(await ada.api[method](`/api/posts/${post.id}`, { content: 'second' }, match)).toMatchObject({
        status: 200,
      });
      expect(await ada.api[method](`/api/posts/${post.id}`, { content: 'third' }, match)).toFailWith(
        412,
        'precondition_failed',
      );
    });

    it('answers 404 for none', async () => {
      expect(await ada.api[method](`/api/posts/${ada.id}`, { content: 'x' })).toFailWith(404, 'not_found');
    });
  });

  describe('DELETE /api/posts/{id}', () => {
    it.each([
      ['the author', () => ada],
      ['an admin', () => root],
    ])('is for %s', async (_, who) => {
      const post = await publish(ada);
      await bob.api.put(`/api/posts/${post.id}/like`);
      expect(await who().api.delete(`/api/posts/${post.id}`)).toMatchObject({ status: 204 });
      expect(await ada.api.get(`/api/posts/${post.id}`)).toFailWith(404, 'not_found');
      expect(await app.sql('SELECT FROM likes')).toHaveLength(0);
    });

    it('is not for others', async () => {
      const post = await publish(ada);
      expect(await bob.api.delete(`/api/posts/${post.id}`)).toFailWith(403, 'forbidden');
    });

    it('answers 404 the second time', async () => {
      const post = await publish(ada);
      await ada.api.delete(`/api/posts/${post.id}`);
      expect(await ada.api.delete(`/api/posts/${post.id}`)).toFailWith(404, 'not_found');
    });
  });

  describe('PUT and DELETE /api/posts/{id}/like', () => {
    it('like once, however often they are called', async () => {
      const { id } = await publish(ada);
      for (let i = 0; i < 2; i++) expect(await bob.api.put(`/api/posts/${id}/like`)).toMatchObject({ status: 204 });
      expect((await bob.api.get(`/api/posts/${id}`)).body).toMatchObject({ like_count: 1, liked_by_me: true });
      expect((await ada.api.get(`/api/posts/${id}`)).body).toMatchObject({ like_count: 1, liked_by_me: false });
      for (let i = 0; i < 2; i++) expect(await bob.api.delete(`/api/posts/${id}/like`)).toMatchObject({ status: 204 });
      expect((await bob.api.get(`/api/posts/${id}`)).body).toMatchObject({ like_count: 0, liked_by_me: false });
    });

    it('count exactly, with fifty people at once and with one person fifty times', async () => {
      const { id } = await publish(ada);
      const fans = await crowd(app, 50);
      const answers = await Promise.all(fans.map((fan) => fan.put(`/api/posts/${id}/like`)));
      expect(answers.map(({ status }) => status)).toEqual(fans.map(() => 204));
      expect((await ada.api.get(`/api/posts/${id}`)).body).toMatchObject({ like_count: 50 });
      await Promise.all(fans.map(() => ada.api.put(`/api/posts/${id}/like`)));
      expect((await ada.api.get(`/api/posts/${id}`)).body).toMatchObject({ like_count: 51 });
    });

    it('answer 404 for no post', async () => {
      expect(await bob.api.put(`/api/posts/${ada.id}/like`)).toFailWith(404, 'not_found');
      expect(await bob.api.delete(`/api/posts/${ada.id}/like`)).toFailWith(404, 'not_found');
    });
  });

  describe('GET /api/posts/{id}/likes', () => {
    it('lists who likes it, the latest first, by skip and by cursor', async () => {
      const { id } = await publish(ada);
      await bob.api.put(`/api/posts/${id}/like`);
      await root.api.put(`/api/posts/${id}/like`);
      const { body } = await ada.api.get(`/api/posts/${id}/likes?limit=1`);
      expect(body).toMatchObject({ total: 2, items: [{ user: { username: 'root' }, liked_at: expect.any(String) }] });
      expect(body.items[0].user).not.toHaveProperty('email');
      const next = await ada.api.get(`/api/posts/${id}/likes?limit=1&cursor=${body.next_cursor}`);
      expect(next.body).toMatchObject({ total: null, next_cursor: null, items: [{ user: { username: 'bob' } }] });
    });
  });

  describe('GET /api/posts', () => {
    it('lists the newest first, with what the viewer thinks of each', async () => {
      const first = await publish(ada, { content: 'first' });
      const second = await publish(bob, { content: 'second' });
      await ada.api.put(`/api/posts/${second.id}/like`);
      const { body } = await ada.api.get('/api/posts');
      expect(body).toMatchObject({ total: 2, skip: 0, limit: 10, next_cursor: null });
      expect(body.items).toEqual([{ ...second, like_count: 1, liked_by_me: true }, first]);
    });

    it('walks by cursor without a gap, whatever is published meanwhile', async () => {
      for (let n = 1; n <= 5; n++) await publish(ada, { content: `post ${n}` });
      const seen: string[] = [];
      let cursor = '';
      do {
        const { body } = await ada.api.get(`/api/posts?limit=2${cursor && `&cursor=${cursor}`}`);
        seen.push(...body.items.map((post: { content: string }) => post.content));
        cursor = body.next_cursor;
        await publish(bob, { content: 'meanwhile' });
      } while (cursor);
      expect(seen).toEqual(['post 5', 'post 4', 'post 3', 'post 2', 'post 1']);
    });

    it('finds by author, by a part of title or content, and by one or two characters that a title begins with', async () => {
      await publish(ada, { title: '100%', content: 'a' });
      await publish(bob, { title: 'ÉCLAIR', content: 'b' });
      const contents = async (query: string) =>
        (await ada.api.get(`/api/posts?${query}`)).body.items.map((post: { content: string }) => post.content);
      expect(await contents(`author_id=${ada.id}`)).toEqual(['a']);
      expect(await contents('q=00%25')).toEqual(['a']);
      expect(await contents('q=10')).toEqual(['a']);
      expect(await contents('q=00')).toEqual([]);
      expect(await contents(`q=${encodeURIComponent('é')}`)).toEqual(['b']);
      expect(await contents(`q=${encodeURIComponent('éclair')}`)).toEqual(['b']);
      expect(await contents('q=nothing')).toEqual([]);
    });

    it('asks the database as often for twenty posts as for one', async () => {
      const loud = await app.replica({ DEBUG: 'true' });
      await stopBackground(loud);
      const queries = async () => {
        const before = loggedStatements(loud).length;
        await loud.api.as(ada.tokens).get('/api/posts?limit=20');
        return loggedStatements(loud).length - before;
      };
      await publish(ada);
      const forOne = await queries();
      for (let n = 0; n < 19; n++) await publish(ada);
      expect(await queries()).toBe(forOne);
      expect(forOne).toBeLessThanOrEqual(3);
      await loud.close();
    });
  });

  it('are hidden while their author is inactive, shown when restored, and gone when purged', async () => {
    const cyd = await person(app, 'cyd');
    const { id } = await publish(cyd);
    const other = await publish(ada, { content: 'still here' });
    await cyd.api.put(`/api/posts/${other.id}/like`);

    await root.api.delete(`/api/users/${cyd.id}`);
    expect(await ada.api.get(`/api/posts/${id}`)).toFailWith(404, 'not_found');
    expect(await ada.api.put(`/api/posts/${id}/like`)).toFailWith(404, 'not_found');
    expect((await ada.api.get('/api/posts')).body).toMatchObject({ total: 1, items: [{ content: 'still here' }] });

    await root.api.post(`/api/users/${cyd.id}/restore`);
    expect(await ada.api.get(`/api/posts/${id}`)).toMatchObject({ status: 200 });

    await root.api.delete(`/api/users/${cyd.id}?purge=true`);
    expect(await app.sql('SELECT FROM posts WHERE id = $1', [id])).toHaveLength(0);
    expect((await ada.api.get(`/api/posts/${other.id}`)).body).toMatchObject({ like_count: 0 });
  });
});

/** How many statements have been sent so far. */

import { startApp, type TestApp } from './support/app.js';
import { admin, crowd, person, type Person } from './support/people.js';

const MANY = 100_000;

describe('like_count and the list of likes say the same', () => {
  let app: TestApp;
  let ada: Person, bob: Person, eve: Person, root: Person;
  let post: string, other: string;

  beforeAll(async () => {
    app = await startApp({ DB_POOL_MAX: '20' });
    [ada, bob, eve, root] = await Promise.all([person(app, 'ada'), person(app, 'bob'), person(app, 'eve'), admin(app)]);
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await app.sql('DELETE FROM posts');
    [post, other] = [await publish(ada), await publish(ada)];
    for (const one of [bob, eve, root]) await one.api.put(`/api/posts/${post}/like`);
    await bob.api.put(`/api/posts/${other}/like`);
  });

  const publish = async ({ api }: Person) => String((await api.post('/api/posts', { content: 'x' })).body.id);
  const change = (who: Person, body: object) => root.api.patch(`/api/users/${who.id}`, body);

  /** What both say, which must be the same, of the first post and of the second. */
  async function counts(): Promise<number[]> {
    const both: number[] = [];
    for (const id of [post, other]) {
      const { like_count } = (await ada.api.get(`/api/posts/${id}`)).body;
      const { total, items } = (await ada.api.get(`/api/posts/${id}/likes`)).body;
      expect([total, items.length]).toEqual([like_count, like_count]);
      both.push(like_count);
    }
    return both;
  }

  it('counts those who are visible', async () => {
    expect(await counts()).toEqual([3, 1]);
  });

  it('leaves out who is deactivated, deleted or purged, and counts who comes back', async () => {
    await change(bob, { is_active: false });
    expect(await counts()).toEqual([2, 0]);
    await change(bob, { is_active: true });
    expect(await counts()).toEqual([3, 1]);
    await root.api.delete(`/api/users/${bob.id}`);
    expect(await counts()).toEqual([2, 0]);
    await root.api.post(`/api/users/${bob.id}/restore`);
    expect(await counts()).toEqual([3, 1]);
    const mallory = await person(app, 'mallory');
    await mallory.api.put(`/api/posts/${other}/like`);
    expect(await counts()).toEqual([3, 2]);
    await root.api.delete(`/api/users/${mallory.id}?purge=true`);
    expect(await counts()).toEqual([3, 1]);
  });

  it('however a row goes: also those of somebody removed by hand, and likes of the inactive', async () => {
    const mallory = await person(app, 'mallory');
    await mallory.api.put(`/api/posts/${post}/like`);
    await change(bob, { is_active: false });
    await app.sql('DELETE FROM users WHERE id = $1', [mallory.id]);
    expect(await counts()).toEqual([2, 0]);
    await app.sql('DELETE FROM likes WHERE user_id = $1', [bob.id]);
    expect(await counts()).toEqual([2, 0]);
    await change(bob, { is_active: true });
    expect(await counts()).toEqual([2, 0]);
  });

  it('also when somebody likes and is deactivated at the same moment', async () => {
    for (let round = 0; round < 20; round++) {
      const likes = [post, other].flatMap((id) =>
        round % 2 ? bob.api.delete(`/api/posts/${id}/like`) : bob.api.put(`/api/posts/${id}/like`),
      );
      const answers = await Promise.all([...likes, change(bob, { is_active: false })]);
      expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
      await counts();
      await change(bob, { is_active: true });
      await app.sql('UPDATE sessions SET generation = (SELECT session_generation FROM users WHERE id = user_id)');
      await counts();
    }
  });

  it('a post that is deleted while people like it is gone for them: 404, and nobody waits for another', async () => {
    const fans = await crowd(app, 20);
    for (let round = 0; round < 10; round++) {
      const id = await publish(ada);
      const start = performance.now();
      const likes = fans.map((fan) => fan.put(`/api/posts/${id}/like`));
      const unlikes = [bob, eve].map(({ api }) => api.delete(`/api/posts/${id}/like`));
      const answers = await Promise.all([ada.api.delete(`/api/posts/${id}`), ...likes, ...unlikes]);
      const statuses = new Set(answers.map(({ status }) => status));
      expect([...statuses].filter((status) => status !== 204 && status !== 404)).toEqual([]);
      expect(performance.now() - start).toBeLessThan(1_000); // PostgreSQL takes as long to find a deadlock
    }
  });

  it('likes, posts and tasks of somebody who is being purged: done, 404 or 401, never a failure', async () => {
    for (let round = 0; round < 8; round++) {
      const mallory = await person(app, `mallory${round}`);
      await mallory.api.put(`/api/posts/${other}/like`);
      const work = () => [
        mallory.api.put(`/api/posts/${post}/like`),
        mallory.api.post('/api/posts', { content: 'last words' }),
        mallory.api.post(`/api/users/${mallory.id}/tasks`, { title: 'last things' }),
        bob.api.put(`/api/posts/${post}/like`),
      ];
      const before = work();
      for (let turn = 0; turn < round; turn++) await new Promise(setImmediate);
      const [purge, ...others] = await Promise.all([
        root.api.delete(`/api/users/${mallory.id}?purge=true`),
        ...before,
        ...work(),
      ]);
      expect(purge.status).toBe(204);
      expect(others.map(({ status }) => status).filter((status) => ![201, 204, 401, 404].includes(status))).toEqual([]);
      expect(await app.sql('SELECT FROM posts WHERE author_id = $1', [mallory.id])).toEqual([]);
      await counts();
    }
  });

  describe(`of ${MANY} people`, () => {
    beforeAll(async () => {
      await app.sql(
        `INSERT INTO users (id, email, username, password_hash)
         SELECT gen_random_uuid(), 'fan-' || n || '@example.com', 'fan-' || n, '' FROM generate_series(1, $1::int) n`,
        [MANY],
      );
    });
    const likeAll = (id: string) => app.sql(`INSERT INTO likes (post_id, user_id) SELECT $1, id FROM users WHERE username LIKE 'fan-%'`, [id]); // prettier-ignore

    it('a post is counted exactly, and deleted like any other', async () => {
      await likeAll(other);
      expect((await ada.api.get(`/api/posts/${other}`)).body.like_count).toBe(MANY + 1);
      const { body } = await ada.api.get(`/api/posts/${other}/likes`);
      expect([body.total, body.total_is_exact]).toEqual([10_000, false]);
      expect(await ada.api.delete(`/api/posts/${other}`)).toMatchObject({ status: 204 });
      expect(await app.sql('SELECT FROM likes WHERE post_id = $1 LIMIT 1', [other])).toEqual([]);
    });
  });
});

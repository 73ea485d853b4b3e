import { Scheduler } from '../src/outbox/scheduler.js';
import type { Answer } from './support/api.js';
import { expectWithin, timed } from './support/noise.js';
import { startApp, type TestApp } from './support/app.js';
import { eventually } from './support/insist.js';
import { admin, crowd, person, type Person, signIn } from './support/people.js';

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
    bob = { ...bob, api: app.api.as(await signIn(app, 'bob')) }; // a test that deactivates him ends his session
    for (const one of [bob, eve, root]) await like(one, post);
    await like(bob, other);
  });

  const publish = async ({ api }: Person) => String((await api.post('/api/posts', { content: 'x' })).body.id);
  const like = async ({ api }: Person, id: string) =>
    expect(await api.put(`/api/posts/${id}/like`)).toMatchObject({ status: 204 });
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
    await like(mallory, other);
    expect(await counts()).toEqual([3, 2]);
    await root.api.delete(`/api/users/${mallory.id}?purge=true`);
    expect(await counts()).toEqual([3, 1]);
  });

  it('however a row goes: also those of somebody removed by hand, and likes of the inactive', async () => {
    expect(await counts()).toEqual([3, 1]);
    const mallory = await person(app, 'mallory');
    await like(mallory, post);
    await change(bob, { is_active: false });
    expect(await counts()).toEqual([3, 0]);
    await app.sql('DELETE FROM users WHERE id = $1', [mallory.id]);
    expect(await counts()).toEqual([2, 0]);
    await app.sql('DELETE FROM likes WHERE user_id = $1', [bob.id]);
    expect(await counts()).toEqual([2, 0]);
    await change(bob, { is_active: true });
    expect(await counts()).toEqual([2, 0]);
  });

  it('also when somebody likes and is deactivated at the same moment', async () => {
    for (let round = 0; round < 20; round++) {
      expect(await bob.api.get('/api/auth/me')).toMatchObject({ status: 200 });
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
      const likes = fans.map((fan) => fan.put(`/api/posts/${id}/like`));
      const unlikes = [bob, eve].map(({ api }) => api.delete(`/api/posts/${id}/like`));
      const gone = await timed(Promise.all([ada.api.delete(`/api/posts/${id}`), ...likes, ...unlikes]));
      const statuses = new Set(gone.answer.map(({ status }) => status));
      expect([...statuses].filter((status) => status !== 204 && status !== 404)).toEqual([]);
      expectWithin(1_000, gone); // PostgreSQL takes as long to find a deadlock
    }
  });

  it('likes, posts and tasks of somebody who is being purged: done, 404 or 401, never a failure', async () => {
    for (let round = 0; round < 8; round++) {
      const mallory = await person(app, `mallory${round}`);
      await like(mallory, other);
      const statuses: number[] = [];
      let isPurged = false;
      /** Again and again, and once more when the purge has answered. */
      const keepOn = async (ask: () => Promise<Answer>) => {
        for (let isLast = false; !isLast;) {
          isLast = isPurged;
          statuses.push((await ask()).status);
        }
      };
      const working = [
        () => mallory.api.put(`/api/posts/${post}/like`),
        () => mallory.api.post('/api/posts', { content: 'last words' }),
        () => mallory.api.post(`/api/users/${mallory.id}/tasks`, { title: 'last things' }),
        () => bob.api.put(`/api/posts/${post}/like`),
      ].map(keepOn);
      await eventually(() => statuses.includes(201));
      expect(await root.api.delete(`/api/users/${mallory.id}?purge=true`)).toMatchObject({ status: 204 });
      isPurged = true;
      await Promise.all(working);
      expect(statuses.filter((status) => ![201, 204, 401, 404].includes(status))).toEqual([]);
      expect(statuses.filter((status) => status === 401 || status === 404)).not.toEqual([]); // afterwards
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

    it('somebody who likes as many posts is deactivated at once, and counted by a job', async () => {
      const liked = 1_500;
      await app.sql(`INSERT INTO posts (id, author_id, content) SELECT gen_random_uuid(), $1, n FROM generate_series(1, $2::int) n`, [ada.id, liked]); // prettier-ignore
      await app.sql(`INSERT INTO likes (post_id, user_id) SELECT id, $1 FROM posts ON CONFLICT DO NOTHING`, [bob.id]);
      const sum = async () => (await app.sql<{ sum: number }>('SELECT sum(like_count)::int AS sum FROM posts'))[0]?.sum;
      const [all, others] = [await sum(), 2];
      expect(all).toBe(liked + 2 + others);
      const scheduler = app.nest.get(Scheduler);

      await change(bob, { is_active: false });
      expect(await sum()).toBe(all); // not yet
      await app.sql('DELETE FROM likes WHERE user_id = $1 AND post_id = $2', [bob.id, other]);
      expect(await scheduler.runNow('like_counts')).toBe(true);
      expect(await sum()).toBe(others);
      expect(await app.sql('SELECT FROM like_recounts')).toEqual([]);

      await change(bob, { is_active: true });
      await scheduler.runNow('like_counts');
      expect(await sum()).toBe(liked + 1 + others);
      await counts();
    });

    it('somebody with as many likes, posts, liked posts, tasks, sessions and events is purged', async () => {
      const mallory = await person(app, 'mallory');
      const rows = `generate_series(1, 3000) n`;
      await app.sql(`INSERT INTO posts (id, author_id, content) SELECT gen_random_uuid(), $1, n FROM ${rows}`, [
        mallory.id,
      ]);
      await app.sql(`INSERT INTO posts (id, author_id, content) SELECT gen_random_uuid(), $1, n FROM ${rows}`, [
        ada.id,
      ]);
      await app.sql(`INSERT INTO likes (post_id, user_id) SELECT id, $1 FROM posts ON CONFLICT DO NOTHING`, [
        mallory.id,
      ]);
      await app.sql(`INSERT INTO likes (post_id, user_id) SELECT id, $1 FROM posts WHERE author_id = $2`, [eve.id, mallory.id]); // prettier-ignore
      await app.sql(`INSERT INTO tasks (id, user_id, title) SELECT gen_random_uuid(), $1, n FROM ${rows}`, [
        mallory.id,
      ]);
      await app.sql(`INSERT INTO sessions (id, user_id, generation, expires_at) SELECT gen_random_uuid(), $1, 0, now() FROM ${rows}`, [mallory.id]); // prettier-ignore
      const [one] = await app.sql<{ id: string }>('SELECT id FROM posts WHERE author_id = $1 LIMIT 1', [mallory.id]);
      await likeAll(one?.id ?? '');
      expect(await root.api.delete(`/api/users/${mallory.id}?purge=true`)).toMatchObject({ status: 204 });
      for (const [table, column] of [
        ['posts', 'author_id'],
        ['likes', 'user_id'],
        ['tasks', 'user_id'],
        ['sessions', 'user_id'],
        ['users', 'id'],
      ]) {
        // prettier-ignore
        expect(await app.sql(`SELECT FROM ${table} WHERE ${column} = $1 LIMIT 1`, [mallory.id])).toEqual([]);
      }
      const wrong = `SELECT FROM posts p WHERE like_count <> (SELECT count(*) FROM likes l JOIN users u ON u.id = l.user_id WHERE l.post_id = p.id AND u.is_active)`;
      expect(await app.sql(wrong)).toEqual([]);
    });
  });
});

import { Lists } from '../src/lists/lists.js';
import type { Api } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';
import { loggedStatements, stopBackground } from './support/statements.js';

interface Listed {
  id: string;
  username: string;
  email?: string;
}

const NAMES = Array.from({ length: 25 }, (_, i) => `crew${String(i).padStart(2, '0')}`);

describe('GET /api/users', () => {
  let app: TestApp;
  let ada: Person;
  let root: Person;

  beforeAll(async () => {
    app = await startApp();
    ada = await person(app, 'ada');
    root = await admin(app);
    await insert(NAMES);
  });
  afterAll(() => app.close());
  afterEach(() => app.sql(`DELETE FROM users WHERE username !~ '^(ada|root|crew..)$'`));

  /** Makes people without hashing: at the same moment, so that only their ids tell them apart. */
  const insert = (usernames: string[], columns: { created_at?: string; display_name?: string } = {}) =>
    app.sql(
      `INSERT INTO users (id, username, email, password_hash, created_at, display_name)
       SELECT gen_random_uuid(), name, lower(name) || '@example.com', '', coalesce($2::timestamptz, now()), $3
       FROM unnest($1::text[]) AS name`,
      [usernames, columns.created_at ?? null, columns.display_name ?? null],
    );
  const list = async (query: string, api: Api = ada.api) => (await api.get(`/api/users?${query}`)).body;
  const names = (page: { items: Listed[] }) => page.items.map(({ username }) => username);

  /** Every page from here to the end, by whatever `next` says; no longer than 100 pages. */
  async function walk(
    query: string,
    { api = ada.api, between = (): Promise<unknown> => Promise.resolve() } = {},
  ): Promise<Listed[]> {
    const found: Listed[] = [];
    let cursor: string | null = null;
    for (let pages = 0; pages < 100; pages++) {
      const page = await list(cursor ? `${query}&cursor=${cursor}` : query, api);
      found.push(...page.items);
      cursor = page.next_cursor as string | null;
      if (!cursor) return found;
      await between();
    }
    throw new Error('The list has no end');
  }

  describe('skip and limit', () => {
    it('lists ten, newest first, unless told otherwise', async () => {
      const page = (await ada.api.get('/api/users')).body;
      expect(page).toEqual({
        items: expect.any(Array) as unknown[],
        total: 27,
        total_is_exact: true,
        skip: 0,
        limit: 10,
        next_cursor: expect.any(String) as string,
      });
      expect(page.items).toHaveLength(10);
      const times = page.items.map((item: { created_at: string }) => item.created_at);
      expect(times).toEqual([...times].sort().reverse());
    });

    it('walks the whole list without gap or repetition', async () => {
      const pages = await Promise.all([0, 10, 20, 30].map((skip) => list(`skip=${skip}&limit=10`)));
      expect(pages.map(({ items }) => items.length)).toEqual([10, 10, 7, 0]);
      expect(pages.map(({ total }) => total)).toEqual([27, 27, 27, 27]);
      expect(new Set(pages.flatMap(names)).size).toBe(27);
    });

    it('takes 1 to 100 at a time', async () => {
      expect((await list('limit=1')).items).toHaveLength(1);
      expect((await list('limit=100')).items).toHaveLength(27);
      expect(await ada.api.get('/api/users?limit=101')).toFailWith(422, 'validation_failed');
    });

    it('has nothing beyond its end', async () => {
      expect(await list('skip=10000&limit=100')).toMatchObject({ items: [], next_cursor: null, total: 27 });
    });

    it('ends skipping at 10,000, and names what goes further', async () => {
      const answer = await ada.api.get('/api/users?skip=10001');
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors).toEqual([
        { parameter: 'skip', code: 'max', detail: expect.stringContaining('cursor') as string },
      ]);
    });

    it('counts at once who was just made', async () => {
      expect((await list('limit=1')).total).toBe(27);
      await root.api.post('/api/users', { email: 'new@example.com', username: 'newcomer', password: PASSWORD });
      expect((await list('limit=1')).total).toBe(28);
    });

    it('takes a slash behind the path', async () => {
      expect(await ada.api.get('/api/users/?limit=1')).toMatchObject({ status: 200 });
    });
  });

  describe('cursor', () => {
    it.each(['created_at', '-created_at', 'username', '-username'])(
      'walks by %s without gap or repetition',
      async (sort) => {
        const found = (await walk(`sort=${sort}&limit=4`)).map(({ username }) => username);
        expect(found).toHaveLength(27);
        expect(new Set(found).size).toBe(27);
        if (sort.endsWith('username')) {
          const sorted = [...found].sort();
          expect(found).toEqual(sort.startsWith('-') ? sorted.reverse() : sorted);
        }
      },
    );

    it('by e-mail address, for admins', async () => {
      const found = (await walk('sort=email&limit=7', { api: root.api })).map(({ email }) => email);
      expect(found).toEqual([...found].sort());
      expect(found).toHaveLength(27);
    });

    it.each(['created_at', '-created_at', 'username', '-username'])(
      'misses nobody while others come, by %s',
      async (sort) => {
        let count = 0;
        const between = async () => {
          await insert([`aaa${count}`, `crew10x${count}`, `zzz${count}`]);
          await insert([`old${count}`], { created_at: '2001-01-01T00:00:00Z' });
          count++;
        };
        const found = (await walk(`sort=${sort}&limit=5`, { between })).map(({ username }) => username);
        expect(new Set(found).size).toBe(found.length);
        expect(found).toEqual(expect.arrayContaining(['ada', 'root', ...NAMES]));
      },
    );

    it('says no total, and nothing of skip', async () => {
      const first = await list('limit=5');
      expect(await list(`limit=5&cursor=${first.next_cursor}`)).toMatchObject({ total: null, skip: 0, limit: 5 });
    });

    it('takes another limit on the way', async () => {
      const first = await list('limit=5');
      const rest = await list(`limit=100&cursor=${first.next_cursor}`);
      expect(rest.items).toHaveLength(22);
      expect(rest.next_cursor).toBeNull();
    });

    it('is refused together with skip', async () => {
      const { next_cursor } = await list('limit=5');
      const answer = await ada.api.get(`/api/users?skip=0&cursor=${next_cursor}`);
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ parameter: 'cursor' }]);
    });

    it('is refused on any other list', async () => {
      const { next_cursor } = await list('limit=5');
      for (const query of ['sort=username', 'q=crew', 'sort=created_at']) {
        expect(await ada.api.get(`/api/users?${query}&cursor=${next_cursor}`)).toFailWith(422, 'validation_failed');
      }
      expect(await root.api.get(`/api/users?cursor=${next_cursor}`)).toFailWith(422, 'validation_failed');
      expect(await root.api.get(`/api/audit-events?cursor=${next_cursor}`)).toFailWith(422, 'validation_failed');
    });

    it.each([
      ['-created_at', (parts: string[]) => [parts[0], parts[1], '0000-01-01T00:00:00.000Z']],
      ['-created_at', (parts: string[]) => [parts[0], parts[1], '2026-02-30T00:00:00.000Z']],
      ['-created_at', (parts: string[]) => [parts[0], parts[1], 'now()']],
      ['-created_at', (parts: string[]) => [parts[0], parts[1], '2026-01-01']],
      ['-created_at', (parts: string[]) => [parts[0], 'x', parts[2]]],
      ['-created_at', (parts: string[]) => [parts[0], parts[1]]],
      ['username', (parts: string[]) => [parts[0], parts[1], 'a\0b']],
    ])('is refused when somebody has made it up (%s, %s)', async (sort, forge) => {
      const { next_cursor } = await list(`sort=${sort}&limit=5`);
      const parts = Buffer.from(next_cursor as string, 'base64url')
        .toString()
        .split('|');
      const forged = Buffer.from(forge(parts).join('|')).toString('base64url');
      expect(await ada.api.get(`/api/users?sort=${sort}&cursor=${forged}`)).toFailWith(422, 'validation_failed');
    });
  });

  describe('Link', () => {
    const next = async (path: string) =>
      /^<([^>]+)>; rel="next"$/.exec((await ada.api.get(path)).headers.get('link') ?? '')?.[1];

    it.each(['/api/users?limit=10&q=crew', '/api/users?limit=10&q=crew&sort=username&skip=0'])(
      'leads from %s to the end',
      async (start) => {
        const found: string[] = [];
        for (let path: string | undefined = start; path; path = await next(path))
          found.push(...names((await ada.api.get(path)).body));
        expect(found.sort()).toEqual(NAMES);
      },
    );

    it('goes on by cursor where one came by cursor', async () => {
      const { next_cursor } = await list('limit=10');
      expect(await next(`/api/users?limit=10&cursor=${next_cursor}`)).toMatch(/^\/api\/users\?limit=10&cursor=[\w-]+$/);
    });
  });

  describe('sort', () => {
    it('by username pays no heed to case', async () => {
      await insert(['Bea', 'abe', 'ABC']);
      expect(names(await list('sort=username&limit=4'))).toEqual(['ABC', 'abe', 'ada', 'Bea']);
    });

    it('by id is by when they came, which is what react-admin asks for first', async () => {
      for (const [sort, same] of [
        ['id', 'created_at'],
        ['-id', '-created_at'],
      ] as const) {
        // prettier-ignore
        const ids = (await walk(`sort=${sort}&limit=4`)).map(({ id }) => id);
        expect(ids).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1) * (sort === 'id' ? 1 : -1)));
        expect(new Set(ids).size).toBe(27);
        expect((await walk(`sort=${same}&limit=100`)).length).toBe(27);
      }
      const of = async (sort: string) => (await list(`sort=${sort}&limit=1`)).next_cursor as string;
      const forged = Buffer.from((await of('id')).replace(/.$/, ''), 'base64url')
        .toString()
        .replace(/\|[^|]*$/, '|x');
      const answer = await ada.api.get(`/api/users?sort=id&cursor=${Buffer.from(forged).toString('base64url')}`);
      expect(answer).toFailWith(422, 'validation_failed');
    });

    it('by updated_at, for admins, who see it', async () => {
      await root.api.patch(`/api/users/${ada.id}`, { display_name: 'Ada' });
      expect(names(await list('sort=-updated_at&limit=1', root.api))).toEqual(['ada']);
      expect((await walk('sort=updated_at&limit=4', { api: root.api })).map(({ username }) => username).at(-1)).toBe(
        'ada',
      );
      await root.api.patch(`/api/users/${ada.id}`, { display_name: null });
    });

    it.each(['updated_at', '-updated_at'])('by %s is for nobody else', async (sort) => {
      expect(await ada.api.get(`/api/users?sort=${sort}`)).toFailWith(403, 'forbidden');
    });

    it.each(['email', '-email'])('by %s is for admins', async (sort) => {
      expect(await ada.api.get(`/api/users?sort=${sort}`)).toFailWith(403, 'forbidden');
      expect(await root.api.get(`/api/users?sort=${sort}`)).toMatchObject({ status: 200 });
    });
  });

  describe('q', () => {
    it('finds a part of the username or of the display name, in any case', async () => {
      await insert(['grace'], { display_name: 'Grace Brewster Hopper' });
      expect(names(await list('q=RAC'))).toEqual(['grace']);
      expect(names(await list('q=brewster%20hop'))).toEqual(['grace']);
      expect((await list('q=crew&limit=1')).total).toBe(25);
      expect(await list('q=nothing-like-it')).toMatchObject({ items: [], total: 0, next_cursor: null });
    });

    it('takes % _ and \\ as they are', async () => {
      await insert(['cent'], { display_name: '100% sure' });
      await insert(['under_score', 'underXscore']);
      await insert(['back'], { display_name: 'a\\b' });
      expect(names(await list('q=100%25'))).toEqual(['cent']);
      expect(names(await list('q=%25%20s'))).toEqual(['cent']);
      expect(names(await list('q=er_'))).toEqual(['under_score']);
      expect(names(await list('q=%25'))).toEqual([]);
      expect(names(await list('q=c_'))).toEqual([]);
      expect(names(await list('q=a%5Cb'))).toEqual(['back']);
      expect(names(await list('q=r_s'))).toEqual(['under_score']);
    });

    it('finds who has an id, in any case', async () => {
      expect(names(await list(`q=${ada.id}`))).toEqual(['ada']);
      expect(names(await list(`q=${ada.id.toUpperCase()}`, root.api))).toEqual(['ada']);
      expect(await list('q=00000000-0000-0000-0000-000000000000')).toMatchObject({ items: [], total: 0 });
    });

    it('finds other scripts', async () => {
      await insert(['sofia'], { display_name: 'Со́фья ÅNGSTRÖM 😀' });
      expect(names(await list(`q=${encodeURIComponent('ångström')}`))).toEqual(['sofia']);
      expect(names(await list(`q=${encodeURIComponent('RÖM 😀')}`))).toEqual(['sofia']);
    });

    it('of one or two characters finds whose username or display name begins with them, in any case', async () => {
      await insert(['grace'], { display_name: 'Émile Hopper' });
      for (const q of ['g', 'GR', 'é', 'Ém'])
        expect(names(await list(`q=${encodeURIComponent(q)}`))).toEqual(['grace']);
      for (const q of ['ra', 'ho', 'mi', '😀']) expect(names(await list(`q=${encodeURIComponent(q)}`))).toEqual([]);
      expect(names(await list('q=gr', root.api))).toEqual(['grace']);
    });

    it('that is a UUID finds the user with that id', async () => {
      expect(names(await list(`q=${ada.id}`))).toEqual(['ada']);
      expect(names(await list(`q=${ada.id.toUpperCase()}`, root.api))).toEqual(['ada']);
      expect(await list('q=0190a1b2-0000-7000-8000-000000000000')).toMatchObject({ items: [], total: 0 });
    });

    it('looks at e-mail addresses for admins only', async () => {
      expect(names(await list('q=ada@example'))).toEqual([]);
      expect(names(await list('q=ADA@example', root.api))).toEqual(['ada']);
    });

    it('matches nothing across two columns', async () => {
      await insert(['endsin'], { display_name: 'start' });
      expect(names(await list('q=endsinstart'))).toEqual([]);
      expect(names(await list('q=startendsin@', root.api))).toEqual([]);
    });
  });

  describe('what is shown', () => {
    it('is the public part, save of oneself', async () => {
      const { items } = await list('limit=100');
      for (const item of items as Listed[]) expect('email' in item).toBe(item.id === ada.id);
    });

    it('is everything, for admins', async () => {
      const { items } = await list('limit=100', root.api);
      for (const item of items as object[]) expect(item).toHaveProperty('last_login_at');
    });

    it('leaves out who is inactive or deleted, save for admins', async () => {
      await insert(['sleeper', 'gone']);
      await app.sql(`UPDATE users SET is_active = false WHERE username IN ('sleeper', 'gone')`);
      await app.sql(`UPDATE users SET deleted_at = now() WHERE username = 'gone'`);
      app.nest.get(Lists).changed('users'); // this was done behind its back
      const asked = async (query: string) => names(await list(`limit=100&sort=username&${query}`, root.api));
      expect((await list('limit=1')).total).toBe(27);
      expect((await list('limit=1', root.api)).total).toBe(28);
      expect(await asked('is_active=false')).toEqual(['sleeper']);
      expect(await asked('is_active=true&role=admin')).toEqual(['root']);
      expect(await asked('deleted=only')).toEqual(['gone']);
      expect(await asked('deleted=exclude')).not.toContain('gone');
      expect(await asked('deleted=include')).toEqual(expect.arrayContaining(['gone', 'sleeper', 'ada']));
      expect(await asked('role=user')).not.toContain('root');
    });

    it.each(['role=user', 'is_active=true', 'deleted=exclude', 'deleted=only'])(
      'takes %s from admins only',
      async (filter) => {
        expect(await ada.api.get(`/api/users?${filter}`)).toFailWith(403, 'forbidden');
      },
    );

    it.each(['role=boss', 'is_active=1', 'deleted=yes', 'role=', 'deleted=only&deleted=only'])(
      'knows no %s',
      async (filter) => {
        expect(await root.api.get(`/api/users?${filter}`)).toFailWith(422, 'validation_failed');
      },
    );
  });

  describe('what it costs', () => {
    it('two statements at most beside the guard’s, however long the page, and one for oneself where one is on it', async () => {
      const debugging = await app.replica({ DEBUG: 'true' });
      await stopBackground(debugging);
      const before = loggedStatements(debugging).length;
      await debugging.api.as(ada.tokens).get('/api/users?limit=100');
      const cost = loggedStatements(debugging).length - before;
      expect(cost).toBeGreaterThan(0);
      expect(cost).toBeLessThanOrEqual(4);
      await debugging.close();
    });
  });
});

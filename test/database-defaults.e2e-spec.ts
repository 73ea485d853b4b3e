import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { startApp, type TestApp } from './support/app.js';
import type { TestDatabase } from './support/database.js';
import { admin, person } from './support/people.js';

const TEMPLATE = new URL(process.env['TEST_DATABASE_URL'] ?? '');
const owner = async (statement: string, url = Object.assign(new URL(TEMPLATE), { pathname: '/postgres' }).href) => {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(statement).finally(() => client.end());
};

/** An empty database that somebody else made, in their way, and a role of its own for us. */
async function foreignDatabase(options: string, ...statements: string[]): Promise<TestDatabase & { role: string }> {
  const name = `foreign_${randomBytes(4).toString('hex')}`;
  const role = `${name}_role`;
  await owner(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  await owner(`CREATE DATABASE ${name} OWNER ${role} TEMPLATE template0 ${options}`);
  const inside = Object.assign(new URL(TEMPLATE), { pathname: `/${name}` }).href;
  for (const statement of statements) await owner(statement.replaceAll('$db', name).replaceAll('$role', role), inside);
  const url = Object.assign(new URL(inside), { username: role, password: 'secret' }).href;
  return {
    url,
    role,
    sql: async <Row extends object>(text: string, values?: unknown[]) => {
      const client = new pg.Client(url);
      await client.connect();
      return (await client.query<Row>(text, values).finally(() => client.end())).rows;
    },
    drop: async () => {
      await owner(`DROP DATABASE ${name} WITH (FORCE)`);
      await owner(`DROP ROLE ${role}`);
    },
  };
}

describe('what a database brings along does not matter', () => {
  it.each<[string, string, ...string[]]>([
    ['the locale C', `LOCALE_PROVIDER libc LOCALE 'C' ENCODING UTF8`],
    ['the Turkish idea of the letter I', `LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C' ENCODING UTF8`],
    ['serializable transactions', '', `ALTER DATABASE $db SET default_transaction_isolation = 'serializable'`],
    [
      'a German date style',
      '',
      `ALTER ROLE $role SET DateStyle = 'SQL, DMY'`,
      `ALTER ROLE $role SET TimeZone = 'Asia/Kolkata'`,
    ],
    ['extensions in a schema of their own', '', 'CREATE SCHEMA extensions', 'CREATE EXTENSION pg_trgm SCHEMA extensions', 'GRANT USAGE ON SCHEMA extensions TO $role'], // prettier-ignore
    ['a schema of our own', '', 'CREATE SCHEMA userhub AUTHORIZATION $role', 'ALTER ROLE $role SET search_path = userhub', 'REVOKE ALL ON SCHEMA public FROM PUBLIC'], // prettier-ignore
    ['hasty time-outs', '', `ALTER ROLE $role SET statement_timeout = '200ms'`, `ALTER ROLE $role SET transaction_timeout = '250ms'`], // prettier-ignore
  ])('such as %s', async (_, options, ...statements) => {
    const database = await foreignDatabase(options, ...statements);
    const app = await startApp({}, database);
    const [limits] = await app.nest.get(DataSource).query<object[]>(
      `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
         current_setting('default_transaction_isolation') AS isolation`,
    );
    expect(limits).toEqual({ statement: '5s', lock: '1100ms', isolation: 'read committed' });
    await stories(app);
    await app.close();
    await database.drop();
  });

  /** A tour of what could go wrong. */
  async function stories(app: TestApp): Promise<void> {
    const root = await admin(app);
    const emile = await person(app, 'IRINA', { display_name: 'ÉMILE Işık' });
    const { body } = await emile.api.get('/api/auth/me');
    expect(new Date(body.created_at).getTime()).toBeGreaterThan(Date.now() - 60_000);
    const found = async (q: string) =>
      (await root.api.get(`/api/users?q=${encodeURIComponent(q)}`)).body.items.map(({ id }: { id: string }) => id);
    for (const q of ['émile', 'ÉMILE', 'Émi', 'é', 'ÉM', 'irina', 'IRINA', 'Irina', 'i', 'I']) {
      expect([q, await found(q)]).toEqual([q, [emile.id]]);
    }
    expect(await app.api.post('/api/auth/login', { username: 'irina', password: emile.password })).toMatchObject({ status: 200 }); // prettier-ignore
    expect(await app.api.post('/api/auth/register', { email: 'i@example.com', username: 'irina', password: emile.password })).toFailWith(409, 'username_taken'); // prettier-ignore
    const { body: post } = await emile.api.post('/api/posts', { title: 'Ölçü', content: 'ЁЖИК' });
    for (const q of ['ö', 'ölç', 'ёжик']) {
      expect((await emile.api.get(`/api/posts?q=${encodeURIComponent(q)}`)).body.items).toHaveLength(1);
    }
    const likes = await Promise.all([emile, root].flatMap(({ api }) => Array.from({ length: 5 }, () => api.put(`/api/posts/${post.id}/like`)))); // prettier-ignore
    expect(new Set(likes.map(({ status }) => status))).toEqual(new Set([204]));
    expect((await root.api.get('/api/users?sort=username&limit=1')).body.items).toHaveLength(1);
    expect(await root.api.delete(`/api/users/${emile.id}?purge=true`)).toMatchObject({ status: 204 });
  }
});

describe('what does matter stops the start with a line that says what to do', () => {
  it.each<[string, RegExp, string, ...string[]]>([
    ['another encoding', /encoding .* is LATIN1.*ENCODING 'UTF8'/, `ENCODING LATIN1 LOCALE 'C' LOCALE_PROVIDER libc`],
    ['a search_path that leads nowhere', /No schema of the search_path exists.*ALTER ROLE .* SET search_path/, '', `ALTER ROLE $role SET search_path = nowhere`], // prettier-ignore
    ['a table of another tool in the way', /table "migrations" of another tool.*a database of its own/, '', 'CREATE TABLE migrations (id serial, migration text, batch int)'], // prettier-ignore
    ['a role that may not create tables', /permission denied for schema public.*GRANT CREATE ON SCHEMA public TO/, '', 'ALTER SCHEMA public OWNER TO CURRENT_USER', 'REVOKE CREATE ON SCHEMA public FROM PUBLIC, $role'], // prettier-ignore
  ])('such as %s', async (_, line, options, ...statements) => {
    const database = await foreignDatabase(options, ...statements);
    await expect(startApp({}, database)).rejects.toThrow(line);
    await database.drop();
  });

  it('a wrong password is waited out with a line that names doctor, and ends the start in development', async () => {
    const database = await foreignDatabase('');
    const wrong = { ...database, url: database.url.replace(':secret@', ':wrong@') };
    await expect(startApp({ NODE_ENV: 'development', BCRYPT_ROUNDS: '10', HOST: '127.0.0.1' }, wrong)).rejects.toThrow(/password authentication failed.*doctor/); // prettier-ignore
    await database.drop();
  });
});

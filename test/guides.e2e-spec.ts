import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { transformSync } from '@swc/core';
import bcrypt from 'bcrypt';
import { projectFile } from '../src/config/project.js';
import { loadSettings } from '../src/config/settings.js';
import { migrate } from '../src/database/migrate.js';
import { Api } from './support/api.js';
import { SECRET, startApp, type TestApp } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { copyProject, follow, runIn } from './support/guide.js';
import { PASSWORD, person, type Tokens } from './support/people.js';
import { freePort } from './support/ports.js';
import { launch } from './support/process.js';

/** The code blocks of a page in docs/, in one language. */
function blocks(page: string, language: string): string[] {
  const source = readFileSync(projectFile(`docs/${page}`), 'utf8');
  return [...source.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);
}

const settingsOf = (env: Record<string, string | undefined>) =>
  loadSettings({ NODE_ENV: 'production', JWT_SECRET_KEY: SECRET, ...env });

describe('docs/supabase.md', () => {
  it('goes through the transaction pooler, and past it for migrations', () => {
    const { connection, directConnection } = settingsOf(parseEnv(blocks('supabase.md', 'sh')[0] ?? '')).database;
    expect(connection).toMatchObject({ pooler: 'transaction', servers: [{ port: 6543 }], user: 'postgres.abcdefgh' });
    expect(connection.ssl).toMatchObject({ rejectUnauthorized: false });
    expect(directConnection).toMatchObject({ pooler: 'none', servers: [{ port: 5432 }] });
  });

  describe('on a database with the roles and grants of Supabase', () => {
    const [before = '', after = ''] = blocks('supabase.md', 'sql');
    let database: TestDatabase;

    beforeEach(async () => {
      database = await createDatabase({ empty: true });
      await database.sql(`DO $$ BEGIN CREATE ROLE anon; CREATE ROLE authenticated; EXCEPTION WHEN duplicate_object THEN END $$`); // prettier-ignore
      await database.sql(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated`);
    });
    afterEach(() => database.drop());

    const start = async () => {
      const settings = loadSettings({ NODE_ENV: 'test', DATABASE_URL: database.url, JWT_SECRET_KEY: SECRET });
      await migrate(settings);
    };
    const open = () =>
      database.sql<{ name: string }>(
        `SELECT tablename AS name FROM pg_tables, unnest(ARRAY['anon', 'authenticated']) AS role
         WHERE schemaname = 'public'
           AND has_table_privilege(role, format('public.%I', tablename), 'SELECT, INSERT, UPDATE, DELETE')`,
      );

    it('closes the side door before the first start', async () => {
      await database.sql(before);
      await start();
      await expect(open()).resolves.toEqual([]);
    });

    it('closes it afterwards, for every table', async () => {
      await start();
      await expect(open()).resolves.not.toEqual([]);
      await database.sql(after);
      await expect(open()).resolves.toEqual([]);
    });
  });
});

describe('docs/neon.md', () => {
  it('goes through the pooler, and past it for migrations', () => {
    const { connection, directConnection } = settingsOf(parseEnv(blocks('neon.md', 'sh')[0] ?? '')).database;
    expect(connection).toMatchObject({ pooler: 'transaction', servers: [{ port: 5432 }], name: 'hub' });
    expect(connection.ssl).not.toBe(false);
    expect(directConnection).toMatchObject({ pooler: 'none' });
  });
});

describe('docs/high-availability.md', () => {
  const urls = blocks('high-availability.md', 'sh').flatMap((block) => parseEnv(block)['DATABASE_URL'] ?? []);

  it('leads to every node, or to HAProxy', () => {
    const servers = urls.map((url) => settingsOf({ DATABASE_URL: url }).database.connection.servers);
    expect(servers).toEqual([
      ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((host) => ({ host, port: 5432 })),
      [{ host: 'haproxy.example.com', port: 5000 }],
    ]);
  });

  it('gives Patroni and HAProxy every variable that their files ask for', () => {
    const page = readFileSync(projectFile('docs/high-availability.md'), 'utf8');
    for (const file of ['patroni.yml', 'haproxy.cfg']) {
      const text = readFileSync(projectFile(`deploy/patroni/${file}`), 'utf8');
      const names = text.match(/PATRONI_\w+(?<!_)|(?<=\$\{)\w+/g) ?? [];
      expect(names.filter((name) => !page.includes(name))).toEqual([]);
    }
  });
});

describe('docs/moving-from-fastapi.md', () => {
  const [moveAway = '', bringOver = '', findTwins = ''] = blocks('moving-from-fastapi.md', 'sql');
  let app: TestApp;

  beforeAll(async () => {
    const database = await createDatabase({ empty: true });
    await database.sql(`
      CREATE TABLE users (
        id serial PRIMARY KEY, email varchar UNIQUE, username varchar UNIQUE, hashed_password varchar, full_name varchar,
        is_active boolean, is_superuser boolean, created_at timestamp DEFAULT now())`);
    const hash = await bcrypt.hash(PASSWORD, 4);
    const old = (name: string, hashed: string, more = '') =>
      database.sql(
        `INSERT INTO users (email, username, hashed_password, full_name, is_active, is_superuser)
         VALUES ($1, $2, $3, 'Somebody', $4, $5)`,
        [`${name}@Example.com`, name, hashed, more !== 'inactive', more === 'superuser'],
      );
    await old('ada', hash, 'superuser');
    await old('bob', hash.replace('$2b$', '$2a$'));
    await old('carl', hash.replace('$2b$', '$2y$'));
    await old('dora', hash, 'inactive');
    await old('emil', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA');
    await database.sql(moveAway);
    app = await startApp({}, database);
    await database.sql(bringOver);
  });
  afterAll(async () => {
    await app.close();
    await app.database.drop();
  });

  it.each(['ada', 'bob', 'carl'])('lets %s sign in with the form and the password of old', async (username) => {
    const answer = await app.api.form('/api/auth/token', { username, password: PASSWORD });
    expect(answer.status).toBe(200);
    const { body: me } = await app.api.as(answer.body).get('/api/auth/me');
    expect(me).toMatchObject({ email: `${username}@example.com`, display_name: 'Somebody' });
    expect(me.role).toBe(username === 'ada' ? 'admin' : 'user');
  });

  it('keeps out those who were kept out before, and leaves out hashes of other kinds', async () => {
    const form = { username: 'dora', password: PASSWORD };
    await expect(app.api.form('/api/auth/login', form)).resolves.toFailWith(401, 'invalid_credentials');
    const left = await app.sql(`SELECT username FROM users WHERE username IN ('dora', 'emil')`);
    expect(left).toEqual([{ username: 'dora' }]);
  });

  it('finds addresses that differ only in case', async () => {
    await app.sql(`INSERT INTO old.users (email) VALUES ('twin@example.com'), ('Twin@example.com ')`);
    await expect(app.sql(findTwins)).resolves.toEqual([{ email: 'twin@example.com', ids: [6, 7] }]);
  });

  it('reads the settings of old', () => {
    const old = { SECRET_KEY: 'x'.repeat(32), ALGORITHM: 'HS256', ACCESS_TOKEN_EXPIRE_MINUTES: '11' };
    const url = 'postgresql+asyncpg://hub:pw@db:5432/hub?ssl=require';
    const settings = loadSettings({ NODE_ENV: 'production', DATABASE_URL: url, ...old });
    expect(settings.tokens).toMatchObject({
      accessTokenLifetime: 660_000,
      jwt: { algorithm: 'HS256', keys: [old.SECRET_KEY] },
    });
    expect(settings.database.connection).toMatchObject({
      servers: [{ host: 'db' }],
      ssl: { rejectUnauthorized: false },
    });
  });
});

const has = (program: string) => spawnSync(program, ['-v']).error === undefined;

/** A proxy from the guide: how it is told to listen on a loopback port, and to pass on to ours. */
const PROXIES = {
  nginx: async (folder: string, listen: number, target: number) => {
    const server = (blocks('reverse-proxies.md', 'nginx')[0] ?? '')
      .replace('listen 443 ssl;', `listen 127.0.0.1:${listen};`)
      .replace(/^ *ssl_certificate.*\n/gm, '')
      .replace('127.0.0.1:8000', `127.0.0.1:${target}`);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`); // prettier-ignore
    const main = `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}`;
    await writeFile(
      path.join(folder, 'nginx.conf'),
      `${main} http { access_log off; ${temporary.join(' ')}\n${server}}`,
    );
    return ['-c', path.join(folder, 'nginx.conf'), '-e', 'stderr'];
  },
  caddy: async (folder: string, listen: number, target: number) => {
    const site = (blocks('reverse-proxies.md', 'caddyfile')[0] ?? '')
      .replace('api.example.com', `http://api.example.com:${listen}`)
      .replace('127.0.0.1:8000', `127.0.0.1:${target}`);
    await writeFile(path.join(folder, 'Caddyfile'), `{\n  admin off\n  auto_https off\n}\n${site}`);
    return ['run', '--config', path.join(folder, 'Caddyfile'), '--adapter', 'caddyfile'];
  },
};

describe.each(Object.keys(PROXIES) as (keyof typeof PROXIES)[])('docs/reverse-proxies.md, %s', (name) => {
  const here = has(name) ? it : it.skip;
  let app: TestApp;
  let folder: string;
  let port: number;
  let proxy: ChildProcess | undefined;

  beforeAll(async () => {
    app = await startApp({ TRUST_PROXY: '127.0.0.1' });
    folder = await mkdtemp(path.join(tmpdir(), 'userhub-proxy-'));
    port = await freePort();
    if (!has(name)) return;
    const args = await PROXIES[name](folder, port, Number(new URL(app.url).port));
    proxy = spawn(name, args, { env: { ...process.env, HOME: folder }, stdio: 'ignore' });
    for (const deadline = Date.now() + 10_000; !(await isUp()); await delay(20)) {
      if (proxy.exitCode !== null || Date.now() > deadline) throw new Error(`${name} doesn't start`);
    }
  });
  afterAll(async () => {
    if (proxy?.exitCode === null && proxy.kill('SIGTERM')) await once(proxy, 'exit');
    await rm(folder, { recursive: true });
    await app.close();
  });

  const isUp = () => call('GET', '/health/live').then(({ status }) => status === 200, () => false); // prettier-ignore

  /** Calls through the proxy, from an address that isn't the proxy's. */
  async function call(method: string, where: string, { headers = {}, body = '' } = {}) {
    const sent = request({ host: '127.0.0.1', port, path: where, method, localAddress: '127.0.0.2' });
    for (const [header, value] of Object.entries({ host: 'api.example.com', ...headers }))
      sent.setHeader(header, value);
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
  }

  here('passes on who called, and not who they say they are', async () => {
    await call('GET', '/api/users', { headers: { 'x-forwarded-for': '6.6.6.6', 'x-request-id': `by-${name}` } });
    expect(app.logs.find((line) => line['request_id'] === `by-${name}`)).toMatchObject({ ip: '127.0.0.2' });
  });

  here('leaves answers as they are', async () => {
    const ada = await person(app, 'ada');
    const authorization = `Bearer ${ada.tokens.access_token}`;
    const user = await call('GET', `/api/users/${ada.id}`, { headers: { authorization } });
    expect(user.status).toBe(200);
    const etag = (await ada.api.get(`/api/users/${ada.id}`)).headers.get('etag');
    expect(user.headers.etag).toBe(etag);
    const anonymous = await call('GET', '/api/users');
    expect(anonymous.headers).toMatchObject({
      'www-authenticate': 'Bearer',
      'content-type': 'application/problem+json; charset=utf-8',
    });
    const page = await call('GET', '/api/users?limit=1', { headers: { authorization } });
    expect(page.status).toBe(200);
  });

  here('lets the server refuse what is too large', async () => {
    const headers = { 'content-type': 'application/json', 'content-length': '100000' };
    const answer = await call('POST', '/api/auth/register', { headers, body: JSON.stringify('x'.repeat(99_998)) });
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'body_too_large' });
  });
});

describe('docs/add-a-feature.md', () => {
  it('leads from nothing to notes, which their owner alone can reach, by changing five files', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'userhub-feature-'));
    const database = await createDatabase();
    const env = { NODE_ENV: 'test', DATABASE_URL: database.url, JWT_SECRET_KEY: SECRET, PORT: '0' };
    await copyProject(folder);
    const changed = await follow('docs/add-a-feature.md', folder);
    await runIn(folder, ['migrations/make.mjs', 'generate', 'notes'], env);
    expect([...changed, 'migrations/index.ts'].sort()).toEqual([
      'examples/web/src/pages.ts',
      'migrations/index.ts',
      'src/app/app.module.ts',
      'src/users/personal-data/personal-data.dto.ts',
      'test/access.e2e-spec.ts',
    ]);
    await runIn(folder, ['node_modules/typescript/bin/tsc', '--noEmit', '--incremental', 'false', '-p', '.']);
    await runIn(folder, ['scripts/openapi.ts']);
    const { tags, paths } = JSON.parse(await readFile(path.join(folder, 'openapi.json'), 'utf8')) as { tags: { name: string }[]; paths: object }; // prettier-ignore
    expect(tags).toContainEqual(expect.objectContaining({ name: 'Notes' }));
    expect(paths).toHaveProperty(['/api/users/{user_id}/notes', 'post', 'operationId'], 'createNote');

    const server = launch('src/main.ts', { cwd: folder, env: { ...env, NODE_OPTIONS: '--import @swc-node/register/esm-register' } }); // prettier-ignore
    const [, url = ''] = await server.seen(/API +(\S+)\/api/);
    const app = { api: new Api(url) };
    const [ada, bob] = [await person(app, 'ada'), await person(app, 'bob')];
    const notes = `/api/users/${ada.id}/notes`;
    const made = await ada.api.post(notes, { text: 'The engine weaves.' });
    expect(made).toMatchObject({ status: 201, body: { text: 'The engine weaves.', user_id: ada.id } });
    const note = `${notes}/${String(made.body.id)}`;
    expect(await ada.api.patch(note, { text: 'It weaves.' })).toMatchObject({
      status: 200,
      body: { text: 'It weaves.' },
    });
    expect(await ada.api.get(notes)).toMatchObject({ body: { items: [{ text: 'It weaves.' }], total: 1 } });
    expect(await bob.api.get(note)).toFailWith(403, 'forbidden');
    expect(await ada.api.delete(note)).toMatchObject({ status: 204 });
    server.child.kill('SIGTERM');
    await server.exitCode;
    await database.drop();
    await rm(folder, { recursive: true });
  }, 300_000);
});

describe('docs/front-end.md', () => {
  it('signs in, refreshes and signs out as its lines say, and fits on a page', async () => {
    const app = await startApp();
    await person(app, 'ada');
    const [, code = ''] = blocks('front-end.md', 'ts');
    const script = transformSync(`${code}\nglobalThis.seen = { tokens, next };`, {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    }).code;
    const calls: [string, number][] = [];
    const seen: { tokens?: Tokens; next?: Tokens } = {};
    const context = createContext({
      email: 'ada@example.com',
      password: PASSWORD,
      fetch: async (route: string, init?: RequestInit) => {
        const response = await fetch(`${app.url}${route}`, init);
        calls.push([route, response.status]);
        return response;
      },
    });
    await runInContext(`(async () => { ${script} })()`, context);
    Object.assign(seen, (context as { seen: object }).seen);
    expect(calls).toEqual([
      ['/api/auth/login', 200],
      ['/api/auth/me', 200],
      ['/api/auth/refresh', 200],
      ['/api/auth/logout', 204],
    ]);
    expect(seen.next?.refresh_token).not.toBe(seen.tokens?.refresh_token);
    expect(await app.api.as(seen.next as Tokens).get('/api/auth/me')).toFailWith(401, 'invalid_token');
    expect(readFileSync(projectFile('docs/front-end.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(45);
    await app.close();
  });
});

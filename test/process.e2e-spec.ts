import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Api } from './support/api.js';
import { SECRET } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { PASSWORD } from './support/people.js';
import { freePort } from './support/ports.js';
import { build, launch, type ServerProcess } from './support/process.js';

/** For what compiles, and starts a PostgreSQL: slow where everything runs at once. */
const PATIENCE = 120_000;

describe('the process', () => {
  let main: string;
  let folder: string;
  let database: TestDatabase;
  const running: ServerProcess[] = [];

  beforeAll(async () => {
    [main, folder, database] = await Promise.all([
      build(),
      mkdtemp(path.join(tmpdir(), 'userhub-process-')),
      createDatabase(),
    ]);
  }, PATIENCE);
  afterEach(async () => {
    for (const { child, exitCode } of running.splice(0)) {
      child.kill('SIGKILL'); // what a failed test left behind
      await exitCode;
    }
  });
  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  function start(env: Record<string, string> = {}): ServerProcess {
    const server = launch(main, { cwd: folder, env: { PORT: '0', ...env } });
    running.push(server);
    return server;
  }
  const urlOf = async (server: ServerProcess) => (await server.seen(/API +(http:\S+)\/api/))[1] ?? '';

  async function stop(server: ServerProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    server.child.kill(signal);
    return server.exitCode;
  }

  describe('with settings that won’t do', () => {
    const production = () => ({ NODE_ENV: 'production', JWT_SECRET_KEY: SECRET, DATABASE_URL: database.url });

    it.each<[string, Record<string, string>, RegExp]>([
      ['no secret', { JWT_SECRET_KEY: '' }, /JWT_SECRET_KEY must be set in production/],
      [
        'a placeholder for a secret',
        { JWT_SECRET_KEY: 'your-secret-key-change-in-production' },
        /JWT_SECRET_KEY is a placeholder/,
      ],
      ['a short secret', { JWT_SECRET_KEY: 'secret' }, /JWT_SECRET_KEY must be 32 bytes or more/],
      ['no database', { DATABASE_URL: '' }, /DATABASE_URL .* must be set in production/],
      [
        'a database that may be a standby',
        { DATABASE_URL: 'postgresql://one,two/hub?target_session_attrs=any' },
        /DATABASE_URL: target_session_attrs must be read-write, or left out/,
      ],
      [
        'an admin whose password won’t do',
        { FIRST_ADMIN_EMAIL: 'ada@example.com', FIRST_ADMIN_PASSWORD: 'password' },
        /password/i,
      ],
    ])(
      'such as %s, it says so in one clear line and exits with 1',
      async (_, env, line) => {
        const server = start({ ...production(), ...env });
        expect(await server.exitCode).toBe(1);
        expect(server.stderr()).toMatch(line);
        expect(server.stderr().trimEnd().split('\n')).toHaveLength(1);
        expect(server.stderr()).toMatch(/^UserHub can't start: /);
        expect(server.stderr() + server.stdout()).not.toMatch(/postgres(ql)?:\/\/|change-in-production|\bat .*\.js:\d/);
      },
      PATIENCE,
    );

    it(
      'or on a port that is taken',
      async () => {
        const other = createServer().listen(0, '127.0.0.1').unref();
        await once(other, 'listening');
        const { port } = other.address() as AddressInfo;
        const server = start({
          NODE_ENV: 'test',
          JWT_SECRET_KEY: SECRET,
          DATABASE_URL: database.url,
          PORT: String(port),
        });
        expect(await server.exitCode).toBe(1);
        expect(server.stderr()).toBe(
          `UserHub can't start: port ${port} is in use already. Stop what uses it, or take another: PORT=${port + 1} npm start\n`,
        );
        expect(server.stdout()).not.toContain('EADDRINUSE');
        other.close();
      },
      PATIENCE,
    );

    it(
      'or on an address that is not its own, or a port of another kind',
      async () => {
        const env = { NODE_ENV: 'test', JWT_SECRET_KEY: SECRET, DATABASE_URL: database.url };
        const elsewhere = start({ ...env, HOST: '192.0.2.1' });
        expect(await elsewhere.exitCode).toBe(1);
        expect(elsewhere.stderr()).toMatch(
          /^UserHub can't start: 192\.0\.2\.1 is no address of this machine\. Set HOST .*\n$/,
        );

        const other = createServer().listen(0, '127.0.0.1').unref();
        await once(other, 'listening');
        const { port } = other.address() as AddressInfo;
        const metrics = start({ ...env, METRICS_PORT: String(port), HOST: '127.0.0.1' });
        expect(await metrics.exitCode).toBe(1);
        expect(metrics.stderr()).toContain(`METRICS_PORT=${port + 1} npm start`);
        other.close();
      },
      PATIENCE,
    );

    it(
      'or with damaged secrets, of which the line says where they are and what to do',
      async () => {
        const dataDir = path.join(folder, 'damaged');
        await mkdir(dataDir);
        for (const text of ['', '{"jwtSecret": "cu', 'null']) {
          await writeFile(path.join(dataDir, 'secrets.json'), text);
          const server = start({ DATA_DIR: dataDir });
          expect(await server.exitCode).toBe(1);
          expect(server.stderr()).toMatch(
            /^UserHub can't start: \S+damaged\/secrets\.json is damaged\..* remove \S+damaged, .*\n$/,
          );
        }
      },
      PATIENCE,
    );
  });

  describe('with no settings at all', () => {
    it(
      'makes its own database and an admin, ends in order, and finds everything again',
      async () => {
        const first = start();
        const api = new Api(await urlOf(first));
        expect(first.stdout()).toContain('UserHub is ready');
        expect(await api.get('/health/ready')).toMatchObject({ status: 200 });
        expect(await api.get('/docs')).toMatchObject({ status: 200 });

        const [, email = '', password = ''] = await first.seen(/Admin +(\S+) \/ (\S+)/);
        const login = await api.post('/api/auth/login', { email, password });
        expect(login).toMatchObject({ status: 200 });
        expect(await api.as(login.body).get('/api/audit-events')).toMatchObject({ status: 200 });
        const ada = { email: 'ada@example.com', username: 'ada', password: PASSWORD };
        expect(await api.post('/api/auth/register', ada)).toMatchObject({ status: 201 });

        const intruder = start();
        expect(await intruder.exitCode).toBe(1);
        expect(intruder.stderr()).toMatch(/^UserHub can't start: .*in use by another process.*\n$/);
        expect(await api.get('/health')).toMatchObject({ status: 200 });

        expect(await stop(first)).toBe(0);
        expect(first.stderr()).toBe('');
        const lines = first
          .stdout()
          .split('\n')
          .filter((text) => text.startsWith('{'));
        expect(lines).not.toEqual([]);
        for (const line of lines) {
          expect(JSON.parse(line)).toMatchObject({
            level: expect.any(String) as string,
            time: expect.stringMatching(/Z$/) as string,
          });
          expect(line).not.toContain(password);
        }

        const second = start();
        const again = new Api(await urlOf(second));
        expect(second.stdout()).toMatch(new RegExp(`Admin +${email} / ${password}\n`)); // shown until it is changed
        expect((await again.get('/')).text).toContain('UserHub is running');
        expect(await again.post('/api/auth/login', { username: 'ada', password: PASSWORD })).toMatchObject({
          status: 200,
        });
        expect(await again.as(login.body).get('/api/auth/me')).toMatchObject({ status: 200, body: { email } }); // the secret was kept, too
        const changed = { current_password: password, new_password: 'correct horse battery' };
        expect(await again.as(login.body).put('/api/auth/password', changed)).toMatchObject({ status: 204 });
        expect(await stop(second, 'SIGINT')).toBe(0);
        expect(second.stderr()).toBe('');
        expect(second.stdout()).not.toMatch(/"level":"(?:warn|error|fatal)"/);

        const third = start();
        await urlOf(third);
        expect(third.stdout()).toMatch(
          /Admin +admin@example\.com .*to reset it: npm run cli -- reset-password admin@example\.com/,
        );
        expect(third.stdout()).not.toContain(password);
        await stop(third);
      },
      PATIENCE,
    );

    it(
      'leads from / to all that there is; the page works under its own policy',
      async () => {
        const server = start({ DATA_DIR: path.join(folder, 'home') });
        const api = new Api(await urlOf(server));
        const { status, headers, text } = await api.get('/');
        expect(status).toBe(200);
        expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
        expect(headers.get('content-security-policy')).toContain("default-src 'none'");
        expect(text).not.toMatch(/<script|https?:\/\/|href="\//); // relative: it may be below a path prefix
        const places = [...text.matchAll(/href="([^"]+)"/g)].map(([, place]) => `/${place}`);
        expect(places).toEqual(expect.arrayContaining(['/docs', '/health', '/admin/', '/dev/mail']));
        for (const place of places) expect(await api.get(place)).toMatchObject({ status: 200 });
        expect(text).toContain('npm run cli -- seed');
        expect(await api.post('/')).toFailWith(405, 'method_not_allowed');
        expect(await stop(server)).toBe(0);
      },
      PATIENCE,
    );

    it(
      'serves on when nobody reads its output any more',
      async () => {
        const port = await freePort();
        const server = start({ DATA_DIR: path.join(folder, 'unread'), PORT: String(port) });
        server.child.stdout?.destroy();
        server.child.stderr?.destroy();
        const api = new Api(`http://127.0.0.1:${port}`);
        const status = () => api.get('/health/ready').then((answer) => answer.status, () => 0); // prettier-ignore
        while ((await status()) !== 200 && server.child.exitCode === null) await delay(100);
        for (let n = 0; n < 20; n++) expect(await api.get('/api/auth/me')).toMatchObject({ status: 401 });
        expect(await stop(server)).toBe(0);
      },
      PATIENCE,
    );

    it(
      'ends in order when it is told to before it is ready',
      async () => {
        const port = await freePort();
        const server = start({ DATA_DIR: path.join(folder, 'early'), PORT: String(port) });
        const isUp = () => fetch(`http://127.0.0.1:${port}/health/live`).then(() => true, () => false); // prettier-ignore
        while (!(await isUp())) await delay(10);
        expect(await stop(server, 'SIGINT')).toBe(0);
        expect(server.stderr()).toBe('');
      },
      PATIENCE,
    );
  });
});

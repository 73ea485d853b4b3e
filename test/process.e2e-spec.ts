import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Api } from './support/api.js';
import { SECRET } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { PASSWORD } from './support/people.js';
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
        expect(server.stderr()).toContain(`${port}`);
        other.close();
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
        for (const line of first
          .stdout()
          .split('\n')
          .filter((text) => text.startsWith('{'))) {
          expect(JSON.parse(line)).toMatchObject({
            level: expect.any(String) as string,
            time: expect.stringMatching(/Z$/) as string,
          });
          expect(line).not.toContain(password);
        }

        const second = start();
        const again = new Api(await urlOf(second));
        expect(second.stdout()).not.toMatch(/Admin/);
        expect(await again.post('/api/auth/login', { username: 'ada', password: PASSWORD })).toMatchObject({
          status: 200,
        });
        expect(await again.as(login.body).get('/api/auth/me')).toMatchObject({ status: 200, body: { email } }); // the secret was kept, too
        expect(await stop(second, 'SIGINT')).toBe(0);
      },
      PATIENCE,
    );
  });
});

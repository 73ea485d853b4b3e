import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-postgres.js';

const isRoot = process.getuid?.() === 0;
const itAsRoot = isRoot ? it : it.skip;
const NOBODY = 65_534;

let home: string; // 0700, and root's when we are root
let dataDir: string;
let lockFile: string;
const started: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'userhub-'));
  dataDir = path.join(home, '.data', 'postgres');
  lockFile = path.join(dataDir, 'postmaster.pid');
});

afterEach(async () => {
  children.splice(0).forEach((child) => child.kill('SIGKILL'));
  await Promise.all(started.splice(0).map((database) => database.stop()));
});

afterAll(() => rm(home, { recursive: true, force: true }));

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const database = await startEmbeddedPostgres({ dataDir, password: 'p w/1', durable: false, ...options });
  started.push(database);
  return database;
}

async function query(url: string, sql: string): Promise<unknown> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ answer: unknown }>(sql);
    return rows[0]?.answer;
  } finally {
    await client.end();
  }
}

const serverPid = async (): Promise<number> => Number((await readFile(lockFile, 'utf8')).split('\n')[0]);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 50 && isAlive(pid); tries++) await sleep(100);
  return !isAlive(pid);
}

/** Another process that starts the server; `then` is what it does next. Resolves when that server is up. */
async function startElsewhere(then: string): Promise<ChildProcess> {
  const script = `
    const { startEmbeddedPostgres } = await import('./src/process/development/embedded-postgres.ts');
    await startEmbeddedPostgres({ dataDir: process.argv[1], password: 'p w/1', durable: false });
    console.log('up');
    ${then}`;
  const loader = ['--import', '@swc-node/register/esm-register', '--input-type=module', '--eval', script, dataDir];
  const child = spawn(process.execPath, loader, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

describe('startEmbeddedPostgres', () => {
  it('creates the data on first use, and clears what an interrupted attempt left', async () => {
    await mkdir(path.join(home, '.data', 'postgres.new.99999999'), { recursive: true });
    const { url, port } = await start();
    expect(url).toBe(`postgres://userhub:p%20w%2F1@127.0.0.1:${port}/userhub`);
    expect(await query(url, `SELECT current_user || ' ' || lower('É') || current_setting('timezone') answer`)).toBe(
      'userhub éUTC',
    );
    expect(await readdir(path.dirname(dataDir))).toEqual(['postgres']);
  });

  it('keeps the data over a restart', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 answer');
    await first.stop();
    await first.stop(); // once more does no harm
    const second = await start();
    expect(await query(second.url, 'SELECT answer FROM kept')).toBe(42);
  });

  it('creates the database it is asked for', async () => {
    const { url } = await start({ database: 'other' });
    expect(await query(url, 'SELECT current_database() answer')).toBe('other');
  });

  it('refuses data that a running server holds', async () => {
    const { url } = await start();
    const pid = await serverPid();
    await expect(start()).rejects.toThrow(
      new Error(`The database in ${dataDir} is in use by another process (pid ${pid}). Stop it, or set DATABASE_URL.`),
    );
    expect(await query(url, 'SELECT 1 answer')).toBe(1);
  });

  it('lets one of two win that create the same data at once', async () => {
    const fresh = { dataDir: path.join(home, 'race') };
    const results = await Promise.allSettled([start(fresh), start(fresh)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { message: expect.stringContaining('is in use by another process') as string },
    });
  });

  it('says why it did not start, in the words of PostgreSQL', async () => {
    await expect(start({ flags: ['-c', 'nonsense=1'] })).rejects.toThrow('unrecognized configuration parameter');
    await expect(start({ password: 'another' })).rejects.toThrow('password authentication failed');
    await expect(readFile(lockFile)).rejects.toThrow('ENOENT'); // nothing was left running
  });

  it('leaves no server behind when its process is killed', async () => {
    const parent = await startElsewhere('setInterval(() => {}, 1000)');
    const pid = await serverPid();
    parent.kill('SIGKILL');
    const { url } = await start(); // at once, while the other one is still on its way out
    expect(await gone(pid)).toBe(true);
    expect(await query(url, 'SELECT 1 answer')).toBe(1);
  });

  it('does not keep its process from ending', async () => {
    const parent = await startElsewhere('');
    const pid = await serverPid();
    if (parent.exitCode === null) await once(parent, 'exit');
    expect(parent.exitCode).toBe(0);
    expect(await gone(pid)).toBe(true);
  });

  it('outlives the death of its server, and starts again', async () => {
    const database = await start();
    process.kill(await serverPid(), 'SIGKILL');
    await database.stop();
    const { url } = await start();
    expect(await query(url, 'SELECT 1 answer')).toBe(1);
  });

  it('is not held up by a lock file whose process id belongs to another program by now', async () => {
    const other = spawn('sleep', ['60'], isRoot ? { uid: NOBODY } : {});
    children.push(other);
    await writeFile(lockFile, [other.pid, dataDir, 0, 1, '', '', '', 'ready', ''].join('\n'));
    const { url } = await start();
    expect(await query(url, 'SELECT 1 answer')).toBe(1);
  });

  itAsRoot('runs as nobody in a folder that only root may enter, and creates no account', async () => {
    const before = await readFile('/etc/passwd', 'utf8');
    await start();
    expect(await stat(home)).toMatchObject({ uid: 0, mode: 0o40700 });
    expect(await stat(dataDir)).toMatchObject({ uid: NOBODY, mode: 0o40700 });
    expect(await stat(`/proc/${await serverPid()}`)).toMatchObject({ uid: NOBODY });
    expect(await readFile('/etc/passwd', 'utf8')).toBe(before);
  });

  itAsRoot('says what to do when it can not give up being root', async () => {
    const PATH = process.env['PATH'];
    process.env['PATH'] = '';
    await expect(start()).rejects.toThrow(/setpriv.* is missing. Run as an ordinary user, or set DATABASE_URL./);
    process.env['PATH'] = PATH;
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { createUserHub, type UserHub } from '../../../client/src/index.ts';
import { startEmbeddedPostgres } from '../../../src/process/development/embedded-postgres.ts';
import { seed } from './seed.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const LONGEST_START = 90_000;
export const PASSWORD = 'correct horse battery';
export const ADMIN = { username: 'root', email: 'root@example.com', password: PASSWORD };

/** A built server on a database of its own, with 300 people who have been there for months. */
export interface World {
  /** `http://127.0.0.1:…` */
  url: string;
  sql: <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;
  /** The API as the first admin. */
  root: UserHub;
  /** A device of somebody's: the client in Node. */
  device: (username: string) => Promise<UserHub>;
  /** Makes somebody who can sign in; returns their id. */
  person: (username: string, more?: object) => Promise<string>;
  /** What the server has logged. */
  log: () => string;
  stop: () => Promise<void>;
  /** Stops the server alone, and starts it again at the same address. */
  pause: () => Promise<() => Promise<void>>;
}

export async function startWorld(env: Record<string, string> = {}): Promise<World> {
  const folder = await mkdtemp(path.join(tmpdir(), 'userhub-console-'));
  const postgres = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    password: 'test',
    database: 'userhub',
    durable: false,
  });
  let output = '';
  const start = async (port: string): Promise<{ child: ChildProcess; url: string }> => {
    const child = spawn(process.execPath, [path.join(ROOT, 'dist/src/main.js')], {
      cwd: folder, // where there is no .env
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'test',
        DATABASE_URL: postgres.url,
        JWT_SECRET_KEY: 'a secret that only these tests know 48 bytes.',
        DATA_ENCRYPTION_KEY: 'another secret that only these tests know',
        PORT: port,
        LOG_LEVEL: 'debug',
        FIRST_ADMIN_EMAIL: ADMIN.email,
        FIRST_ADMIN_PASSWORD: ADMIN.password,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`The server took too long to start.\n${output}`)), LONGEST_START);
      const begin = output.length;
      const read = (chunk: Buffer) => {
        output += chunk.toString();
        const found = /API\s+(http:\S+)\/api/.exec(output.slice(begin))?.[1];
        if (!found) return;
        clearTimeout(timer);
        resolve(found);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', () => reject(new Error(`The server ended. Has it been built?\n${output}`)));
    });
    return { child, url };
  };
  const end = async ({ child }: { child: ChildProcess }) => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
  };

  const endPostgres = async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  let server = await start('0').catch(async (error: unknown) => {
    await endPostgres();
    throw error;
  });
  const { url } = server;
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  const device = async (username: string) => {
    const hub = createUserHub({ baseUrl: url });
    await hub.signIn({ username, password: PASSWORD });
    return hub;
  };
  const sql: World['sql'] = async <Row extends object>(text: string, values?: unknown[]) =>
    (await pool.query<Row>(text, values)).rows;
  await seed(sql);
  const root = await device('root');
  const world: World = {
    url,
    sql,
    root,
    device,
    person: async (username, more = {}) => {
      const body = { username, email: `${username}@example.com`, password: PASSWORD, ...more };
      return (await world.root.api.POST('/api/users', { body })).data.id;
    },
    log: () => output,
    pause: async () => {
      await end(server);
      return async () => {
        server = await start(new URL(url).port);
      };
    },
    stop: async () => {
      await pool.end();
      await end(server);
      await endPostgres();
    },
  };
  return world;
}

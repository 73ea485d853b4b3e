import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { loadSettings } from '../../src/config/settings.js';
import { migrate } from '../../src/database/migrate.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/process/development/embedded-postgres.js';
import { SECRET } from './app.js';
import { freePort } from './ports.js';

/** Where a server is. */
export type Server = Pick<EmbeddedPostgres, 'url' | 'port'>;

/** A primary whose database is migrated, and a standby that began as a copy of it. */
export interface Pair {
  primary: EmbeddedPostgres;
  standby: Server;
  /** Runs a statement on one of them, as a superuser. */
  sql: <Row extends object>(server: Server, text: string, values?: unknown[]) => Promise<Row[]>;
  /** How many of UserHub's connections a server has. */
  connectionsOf: (server: Server) => Promise<number>;
  stop: () => Promise<void>;
}

/** Starts both. @param isStreaming whether the standby follows the primary, or stays as it was copied */
export async function startPair({ isStreaming }: { isStreaming: boolean }): Promise<Pair> {
  const folder = mkdtempSync(path.join(tmpdir(), 'userhub-standby-'));
  chmodSync(folder, 0o755); // PostgreSQL is another user when this is root
  const options = { password: 'test', database: 'userhub', durable: false };
  const places = [path.join(folder, 'primary'), path.join(folder, 'standby')] as const;
  const first = await startEmbeddedPostgres({ dataDir: places[0], ...options });
  await migrate(loadSettings({ NODE_ENV: 'test', DATABASE_URL: first.url, JWT_SECRET_KEY: SECRET }));
  await first.stop();
  execFileSync('cp', ['-a', ...places]);
  await writeFile(path.join(places[1], 'standby.signal'), '');
  const primary = await startEmbeddedPostgres({ dataDir: places[0], ...options });
  const source = `host=127.0.0.1 port=${primary.port} user=userhub password=${options.password}`;
  const [standby, child] = await startStandby(places[1], primary.url, isStreaming ? source : '');
  const sql: Pair['sql'] = async (server, text, values) => {
    const client = new pg.Client(server.url);
    await client.connect();
    return (await client.query(text, values).finally(() => client.end())).rows as never[];
  };
  return {
    primary,
    standby,
    sql,
    connectionsOf: async (server) => {
      const text = `SELECT count(*)::int FROM pg_stat_activity WHERE application_name LIKE 'userhub%'`;
      return (await sql<{ count: number }>(server, text))[0]?.count ?? 0;
    },
    stop: async () => {
      child.kill('SIGQUIT');
      await Promise.all([primary.stop(), once(child, 'exit')]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Starts PostgreSQL on these data, which say that it is a standby, and waits until it answers. */
async function startStandby(dataDir: string, like: string, source: string): Promise<[Server, ChildProcess]> {
  const port = await freePort();
  const url = Object.assign(new URL(like), { port: String(port) }).href;
  const launcher = createRequire(import.meta.url).resolve('embedded-postgres');
  const platform = createRequire(launcher).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const { uid, gid } = statSync(dataDir);
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', `primary_conninfo=${source}`]; // prettier-ignore
  const flags = settings.flatMap((setting) => ['-c', setting]);
  const isRoot = process.getuid?.() === 0;
  const child = spawn(path.resolve(platform, '../../native/bin/postgres'), ['-D', dataDir, ...flags], {
    stdio: 'ignore',
    ...(isRoot && { uid, gid }),
  });
  for (let isThere = false; !isThere; await delay(50)) {
    if (child.exitCode !== null) throw new Error('The standby has ended');
    const client = new pg.Client(url);
    client.on('error', () => undefined);
    isThere = await client.connect().then(
      () => client.end().then(() => true),
      () => false,
    );
  }
  return [{ url, port }, child];
}

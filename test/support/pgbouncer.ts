import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './ports.js';

/** Whether PgBouncer is installed. */
export const HAS_PGBOUNCER = (() => {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** The text of a `pgbouncer.ini`: transaction mode, on loopback, and else as it comes. */
export const configuration = (server: string, listenPort: number, users: string): string => `[databases]
* = ${server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
`;

/** A PgBouncer before a database, in transaction mode. */
export interface PgBouncer {
  url: string;
  stop: () => Promise<void>;
}

/** Starts a PgBouncer that has so many connections to give. */
export async function startPgBouncer(database: string, { poolSize }: { poolSize: number }): Promise<PgBouncer> {
  const { hostname, port: databasePort, username, password, pathname } = new URL(database);
  const port = await freePort();
  const folder = await mkdtemp(path.join(tmpdir(), 'pgbouncer-'));
  const [users, ini] = [path.join(folder, 'users.txt'), path.join(folder, 'pgbouncer.ini')];
  await writeFile(users, `"${username}" "${password}"\n`);
  const server = `host=${hostname} port=${databasePort}`;
  await writeFile(ini, `${configuration(server, port, users)}default_pool_size = ${poolSize}\n`);
  await Promise.all([chmod(folder, 0o755), chmod(users, 0o644), chmod(ini, 0o644)]);
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}; // it refuses to run as root
  const child = spawn('pgbouncer', ['-q', ini], { stdio: 'ignore', ...nobody });
  const url = `postgres://${username}:${password}@127.0.0.1:${port}${pathname}`;
  await untilAccepted(url);
  return {
    url,
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until somebody can connect. */
export async function untilAccepted(url: string): Promise<void> {
  while (!(await accepts(url))) await delay(50);
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  return client
    .connect()
    .then(() => client.end())
    .then(
      () => true,
      () => false,
    );
}

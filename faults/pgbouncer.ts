import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Postgres, ROLE } from './postgres.js';
import { freePort } from '../test/support/ports.js';
import { launch } from './processes.js';

/** Whether Debian's package is installed. */
export function hasPgBouncer(): boolean {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Starts PgBouncer before a PostgreSQL, in transaction mode and else as it comes. Returns its port. */
export async function startPgBouncer(postgres: Postgres, folder: string): Promise<number> {
  const port = await freePort();
  const home = path.join(folder, 'pgbouncer');
  mkdirSync(home, { recursive: true });
  const users = path.join(home, 'users.txt');
  const ini = path.join(home, 'pgbouncer.ini');
  writeFileSync(users, `"${ROLE}" "${postgres.password}"\n`);
  writeFileSync(
    ini,
    `[databases]
* = host=127.0.0.1 port=${postgres.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
`,
  );
  const { uid, gid } = statSync(path.join(folder, 'postgres')); // neither does it run as root
  for (const file of [home, users, ini]) chownSync(file, uid, gid);
  const isRoot = process.getuid?.() === 0;
  launch(['pgbouncer', ini], { log: path.join(folder, 'pgbouncer.log'), ...(isRoot && { uid, gid }) });
  while (!(await accepts(postgres.url('postgres', port)))) await delay(50);
  return port;
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

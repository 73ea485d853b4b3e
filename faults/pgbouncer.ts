import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Postgres, ROLE } from './postgres.js';
import { configuration, untilAccepted } from '../test/support/pgbouncer.js';
import { freePort } from '../test/support/ports.js';
import { launch } from './processes.js';

/** Starts PgBouncer before a PostgreSQL, in transaction mode and else as it comes. Returns its port. */
export async function startPgBouncer(postgres: Postgres, folder: string): Promise<number> {
  const port = await freePort();
  const home = path.join(folder, 'pgbouncer');
  mkdirSync(home, { recursive: true });
  const users = path.join(home, 'users.txt');
  const ini = path.join(home, 'pgbouncer.ini');
  writeFileSync(users, `"${ROLE}" "${postgres.password}"\n`);
  writeFileSync(ini, configuration(`host=127.0.0.1 port=${postgres.port}`, port, users));
  const { uid, gid } = statSync(path.join(folder, 'postgres')); // neither does it run as root
  for (const file of [home, users, ini]) chownSync(file, uid, gid);
  const isRoot = process.getuid?.() === 0;
  launch(['pgbouncer', ini], { log: path.join(folder, 'pgbouncer.log'), ...(isRoot && { uid, gid }) });
  await untilAccepted(postgres.url('postgres', port));
  return port;
}

import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The first lines of postmaster.pid. */
interface Lock {
  pid: number;
  port: number;
  status: string;
}

/** How long to wait for a server that uses the data: its owner may just have been killed, and it be shutting down. */
const GRACE_MS = 2_000;
const STOPPING_GRACE_MS = 15_000;

async function readLock(dataDir: string): Promise<Lock | undefined> {
  const text = await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n').map((line) => line.trim());
  return text ? { pid: Number(lines[0]), port: Number(lines[3]), status: lines[7] ?? '' } : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/**
 * Waits for a server that is shutting down, and refuses when one keeps running. Removes a lock file whose process id belongs
 * to another program, which PostgreSQL would not do.
 */
export async function claim(dataDir: string): Promise<void> {
  for (const start = Date.now(); ; await sleep(100)) {
    const lock = await readLock(dataDir);
    if (!lock || !isAlive(lock.pid)) return; // PostgreSQL itself handles the lock file of a dead process
    if (Date.now() - start < (lock.status === 'stopping' ? STOPPING_GRACE_MS : GRACE_MS)) continue;
    if (await answers(lock.port)) throw inUse(dataDir, lock.pid);
    await rm(path.join(dataDir, 'postmaster.pid'), { force: true });
  }
}

/** The port of a running server on these data; undefined when there is none, or it shuts down. */
export async function runningPort(dataDir: string): Promise<number | undefined> {
  const lock = await readLock(dataDir);
  const isThere = lock && lock.status !== 'stopping' && isAlive(lock.pid) && (await answers(lock.port));
  return isThere ? lock.port : undefined;
}

const inUse = (dataDir: string, pid: number): Error =>
  new Error(`The database in ${dataDir} is in use by another process (pid ${pid}). Stop it, or set DATABASE_URL.`);

/** Creates the data folder, and deletes what an interrupted initdb left in it: `<dataDir>.new.<pid>`. */
export async function prepare(dataDir: string): Promise<void> {
  const { dir, base } = path.parse(dataDir);
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) {
    const pid = name.startsWith(`${base}.new.`) && Number(path.extname(name).slice(1));
    if (pid && !isAlive(pid)) await rm(path.join(dir, name), { recursive: true, force: true });
  }
}

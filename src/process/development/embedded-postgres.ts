import { type ChildProcess, spawn } from 'node:child_process';
import { chown, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFile } from '../../config/project.js';
import { claim, prepare } from './data-folder.js';
import type { ServerOptions, ServerReport } from './embedded-server.js';

/** A running embedded PostgreSQL. */
export interface EmbeddedPostgres {
  /** postgres://userhub:password@127.0.0.1:port/database */
  readonly url: string;
  readonly port: number;
  /** Stops the server and waits for its end, by SIGKILL after 10 s. Never throws, and may be called again. */
  stop(): Promise<void>;
}

/** Where the data are stored, and how durably. */
export interface EmbeddedPostgresOptions {
  /** Created on first use, with its parents. */
  dataDir: string;
  /** The password of the superuser `userhub`, with which the data were created. */
  password: string;
  /** Created if missing; `userhub` by default. */
  database?: string;
  /** `false` trades crash safety for speed, for tests. */
  durable?: boolean;
  /** Further arguments for `postgres`, such as `['-c', 'log_statement=all']`. */
  flags?: string[];
}

interface Account {
  uid: number;
  gid: number;
}

const USER = 'userhub';
const NOT_AS_ROOT = 'PostgreSQL refuses to run as root';
const REMEDY = 'Run as an ordinary user, or set DATABASE_URL.';
const STOP_MS = 10_000;
const FILE = fileURLToPath(import.meta.url);

const INITDB_FLAGS = '--locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 --lc-messages=C --encoding=UTF8';
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '64MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
};
const UNSAFE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

const settingFlags = (settings: Record<string, string>): string[] =>
  Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

function serverOptions(options: EmbeddedPostgresOptions): ServerOptions {
  const { dataDir, password, database = USER, durable = true, flags = [] } = options;
  return {
    dataDir: path.resolve(dataDir),
    user: USER,
    password,
    database,
    initdbFlags: [...INITDB_FLAGS.split(' '), ...(durable ? [] : ['--no-sync'])],
    postgresFlags: [...settingFlags({ ...SETTINGS, ...(durable ? {} : UNSAFE) }), ...flags],
  };
}

/** The user that runs PostgreSQL when this process is root, as PostgreSQL refuses that. @throws when there is none */
export async function nobody(): Promise<Account> {
  const users = await readFile('/etc/passwd', 'utf8');
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(users) ?? [];
  if (!uid || !gid) throw new Error(`${NOT_AS_ROOT}, and there is no user nobody to run it as. ${REMEDY}`);
  return { uid: Number(uid), gid: Number(gid) };
}

/** The user that runs the server when this process is root: the owner of the data, unless that is root. */
async function accountFor(dataDir: string): Promise<Account> {
  const owner = await stat(dataDir).catch(() => undefined);
  if (owner?.uid) return owner;
  const account = await nobody();
  if (owner) await chown(dataDir, account.uid, account.gid);
  return account;
}

/** Node 20 can't run TypeScript: under Jest and swc-node the entry is compiled on the fly; a build contains it as a file. */
async function nodeArguments(): Promise<string[]> {
  const entry = path.join(path.dirname(FILE), `embedded-server${path.extname(FILE)}`);
  if (!entry.endsWith('.ts')) return [entry];
  const { transformFile } = await import('@swc/core');
  const { code } = await transformFile(entry, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } });
  return ['--input-type=module', '--eval', code];
}

/**
 * The command to run the program as another user who needs no account, but with two of root's capabilities, so that folders
 * which others can't enter (a clone in root's home) are accessible. no_setuid_fixup: otherwise access() denies them.
 */
function lowered({ uid, gid }: Account): string[] {
  const rights = '+dac_override,+fowner';
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const kept = [`--inh-caps=${rights}`, `--ambient-caps=${rights}`, '--securebits=+no_setuid_fixup'];
  return ['setpriv', ...identity, ...kept, '--'];
}

async function command(dataDir: string): Promise<string[]> {
  const node = [process.execPath, ...(await nodeArguments())];
  const isRoot = process.getuid?.() === 0;
  return isRoot ? [...lowered(await accountFor(dataDir)), ...node] : node;
}

/** A minimal environment: no secrets, and no PG* variables or NODE_OPTIONS of the shell. */
function environment(): NodeJS.ProcessEnv {
  const names = ['PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot'];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid) process.kill(-pid, signal);
  } catch {
    // it has ended
  }
}

/** A process group of its own, so that Ctrl-C in the terminal is sent to the application only. */
async function launch(dataDir: string): Promise<ChildProcess> {
  const [program = '', ...args] = await command(dataDir);
  const child = spawn(program, args, {
    cwd: projectFile(''),
    detached: true,
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    windowsHide: true,
  });
  child.on('error', () => undefined); // handled below as a failed start; later ones must not end the application
  child.once('exit', () => signalGroup(child, 'SIGINT')); // a server without its supervisor must be stopped
  return child;
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT' || error.path !== 'setpriv') return error.message;
  return `${NOT_AS_ROOT}, and setpriv (util-linux), which would run it as another user, is missing. ${REMEDY}`;
}

/** The child's report, or its output when it dies without one. */
function awaitReport(child: ChildProcess, options: ServerOptions): Promise<ServerReport> {
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-2_048);
  });
  return new Promise((resolve) => {
    child.once('message', (report) => resolve(report as ServerReport));
    child.once('error', (error) => resolve({ error: explain(error) }));
    child.once('close', (code, signal) => resolve({ error: output.trim() || `its process ended (${signal ?? code})` }));
    child.send(options, () => undefined);
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (!child.pid || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_MS);
  child.ref();
  if (child.connected) child.disconnect(); // the child shuts down on disconnect, as when this process dies
  await exited;
  clearTimeout(timer);
}

/** Doesn't keep the application alive; the child detects its end. */
function detach(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  child.stderr?.destroy();
}

async function failure(child: ChildProcess, options: EmbeddedPostgresOptions, reason: string): Promise<Error> {
  await stopChild(child);
  await claim(options.dataDir); // two may have been started at once: then that is the reason
  return new Error(`The embedded PostgreSQL in ${options.dataDir} did not start: ${reason}`);
}

/**
 * Starts PostgreSQL on a free port of 127.0.0.1, in a process that stops it when this one ends, and creates data and
 * database on first use; throws an Error with the reason when that fails.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const settings = serverOptions(options);
  await prepare(settings.dataDir);
  await claim(options.dataDir);
  const child = await launch(settings.dataDir);
  const report = await awaitReport(child, settings);
  if ('error' in report) throw await failure(child, options, report.error);
  detach(child);
  const { port } = report;
  const secret = encodeURIComponent(options.password);
  const url = `postgres://${USER}:${secret}@127.0.0.1:${port}/${encodeURIComponent(settings.database)}`;
  return { url, port, stop: () => stopChild(child) };
}

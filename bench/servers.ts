/** The processes under test, and what the kernel knows of them. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import * as processes from '../faults/processes.js';
import { freePort } from '../test/support/ports.js';

/** Which processors the server under test has for itself, and which ones everybody else shares. */
export interface Pinning {
  server: string;
  others: string;
}

/** A server that runs as a process of its own. */
export interface Server {
  url: string;
  /** Milliseconds from its start to its first answer that it is ready. */
  readyMs: number;
  /** Milliseconds of processor time that its threads have used so far; undefined where there is no /proc. */
  cpuMs(): number | undefined;
  /** MiB of memory that are its own, and its share of what it has in common with others; undefined where there is no /proc. */
  pssMiB(): number | undefined;
  /** Tells it to end and waits until it has: killed after 20 s if need be. */
  stop(): Promise<void>;
}

/** What to start, where, and the path that answers 200 when it is ready. */
export interface Program {
  name: string;
  /** Of node. */
  args: string[];
  cwd: string;
  env: Record<string, string>;
  ready: string;
}

const PATIENCE = 60_000;
const END_PATIENCE = 20_000;
const POLL = 5;

process.on('exit', processes.killAll); // leaves nothing behind

/**
 * Keeps this process, and the children it will have, off the first processor that it may use: that one is for the server
 * under test. Undefined where there is no `taskset`, or only one processor.
 */
export function pinProcessors(): Pinning | undefined {
  const [server, ...others] = allowedProcessors();
  if (server === undefined || others.length === 0) return undefined;
  const list = others.join(',');
  const { status } = spawnSync('taskset', ['-a', '-c', '-p', list, String(process.pid)]);
  return status === 0 ? { server: String(server), others: list } : undefined;
}

/** Starts a program on a free port, alone on its processor, and waits until it is ready. @throws when it ends instead */
export async function startServer(program: Program, pinning: Pinning | undefined): Promise<Server> {
  const port = await freePort();
  const start = performance.now();
  const child = launch(program, { ...program.env, PORT: String(port) }, pinning);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-2000)));
  child.stderr?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-2000)));
  const url = `http://127.0.0.1:${port}`;
  while (!(await isReady(url + program.ready))) {
    if (processes.hasEnded(child)) throw new Error(`${program.name} ended before it was ready: ${output.trim()}`);
    if (performance.now() - start > PATIENCE) throw new Error(`${program.name} is not ready after ${PATIENCE} ms.`);
    await delay(POLL);
  }
  const readyMs = performance.now() - start;
  const pid = child.pid ?? 0;
  return {
    url,
    readyMs,
    cpuMs: () => processes.cpuMs(pid),
    pssMiB: () => processes.pssMiB(pid),
    stop: () => processes.stop(child, END_PATIENCE),
  };
}

/** Runs a program on the server's processor and returns what it prints. @throws when it fails */
export async function runAlone(args: string[], pinning: Pinning | undefined): Promise<string> {
  const child = launch({ args, cwd: process.cwd() }, {}, pinning);
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr?.pipe(process.stderr);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${args.join(' ')} failed.`);
  return printed;
}

/** Nothing of the shell's environment, and no `.env` of the working directory, has a say in what is measured. */
function launch(
  { args, cwd }: Pick<Program, 'args' | 'cwd'>,
  env: Record<string, string>,
  pinning: Pinning | undefined,
): ChildProcess {
  const command = [...(pinning ? ['taskset', '-c', pinning.server] : []), process.execPath, ...args];
  return processes.launch(command, { cwd, env: { PATH: process.env['PATH'], ...env } });
}

async function isReady(url: string): Promise<boolean> {
  try {
    const { ok, body } = await fetch(url);
    await body?.cancel();
    return ok;
  } catch {
    return false;
  }
}

/** As the kernel says it, such as `0-3,6`. */
function allowedProcessors(): number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(processes.procFile('self', 'status')) ?? [];
  return list.split(',').flatMap((part) => {
    const [first = NaN, last = first] = part.split('-').map(Number);
    return Number.isNaN(first) ? [] : Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** The processes under test, of the faults and of the bench: how they are started, watched and ended. */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';

const TICK_MS = 10; // of /proc: USER_HZ is 100 on every Linux that Node runs on
const started = new Set<ChildProcess>();

/** Starts a program whose output goes to a file, or else comes here; it is killed when this process ends before it. */
export function launch(command: string[], { log, ...options }: SpawnOptions & { log?: string }): ChildProcess {
  const [program = '', ...args] = command;
  const output = log === undefined ? 'pipe' : openSync(log, 'a');
  const child = spawn(program, args, { ...options, stdio: ['ignore', output, output] });
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
}

/** Kills what is still running, its children too. */
export function killAll(): void {
  for (const { pid } of started) if (pid) signalTree(pid, 'SIGKILL');
}

/** Signals a process and then its children, so that none is made in between. Those that are gone are no failure. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  const tree = [pid, ...childrenOf(pid)];
  for (const one of tree) {
    try {
      process.kill(one, signal);
      if (one === pid) tree.push(...childrenOf(pid).filter((child) => !tree.includes(child)));
    } catch {
      // gone already
    }
  }
}

/** The processes that a process has started and that still run. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text ? text.split(' ').map(Number) : [];
  } catch {
    return [];
  }
}

/** Resolves when the process has ended, with what it ended with. */
export async function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  if (!hasEnded(child)) await once(child, 'exit');
  return { code: child.exitCode, signal: child.signalCode };
}

/** Whether the process is gone. */
export const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

/** Tells a process to end and waits until it has; after so many milliseconds it is killed. */
export async function stop(child: ChildProcess, patience: number): Promise<void> {
  if (hasEnded(child)) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), patience);
  await ended(child);
  clearTimeout(timer);
}

/** Milliseconds of processor time that its threads have used so far; undefined where there is no /proc. */
export function cpuMs(pid: number): number | undefined {
  const fields = procFile(pid, 'stat').split(') ')[1]?.split(' '); // what stands before the bracket may hold anything
  return fields && (Number(fields[11]) + Number(fields[12])) * TICK_MS; // utime and stime
}

/** MiB of memory that are its own, and its share of what it has in common with others; undefined where there is no /proc. */
export function pssMiB(pid: number): number | undefined {
  const [, kib] = /^Pss:\s*(\d+) kB$/m.exec(procFile(pid, 'smaps_rollup')) ?? [];
  return kib === undefined ? undefined : Number(kib) / 1024;
}

/** What the kernel says of a process; empty where it doesn't. */
export function procFile(pid: number | 'self', name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

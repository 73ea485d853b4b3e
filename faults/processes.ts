import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';

const started = new Set<ChildProcess>();

/** Starts a program whose output goes to a file; it is killed when this process ends before it. */
export function launch(command: string[], { log, ...options }: SpawnOptions & { log: string }): ChildProcess {
  const [program = '', ...args] = command;
  const output = openSync(log, 'a');
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
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return { code: child.exitCode, signal: child.signalCode };
}

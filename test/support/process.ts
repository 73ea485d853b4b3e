import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import { projectFile } from '../../src/config/project.js';

// beside the modules, so that the build finds them; kept, so that the compiler has little to do the next time
const BUILD = projectFile('node_modules/.cache/userhub-build');

/** Builds the server as `npm run build` does, types unchecked, in a place of the tests' own. Returns its main file's path. */
export async function build(): Promise<string> {
  const compiled = path.join(BUILD, 'dist/compiled');
  const places = ['--outDir', compiled, '--tsBuildInfoFile', path.join(BUILD, 'tsc.tsbuildinfo')];
  const compiler = projectFile('node_modules/typescript/bin/tsc');
  await node(compiler, '-p', projectFile('tsconfig.build.json'), '--noCheck', ...places);
  await node(projectFile('scripts/bundle.mjs'), '--from', compiled, '--to', path.join(BUILD, 'dist'));
  return path.join(BUILD, 'dist/src/main.js');
}

/** Runs a program in JavaScript. @throws when it fails */
export const node = (...args: string[]) => promisify(execFile)(process.execPath, args);

/** A server in a process of its own. */
export interface ServerProcess {
  child: ChildProcess;
  /** All that it has written so far. */
  stdout: () => string;
  stderr: () => string;
  /** The first match in what it writes, as soon as it is there. Rejects when the process ends without one. */
  seen: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Its exit code, once it has ended. */
  exitCode: Promise<number | null>;
}

/** Runs a main file in this folder, with these variables and none of ours. */
export function launch(main: string, { cwd, env }: { cwd: string; env: Record<string, string> }): ServerProcess {
  const child = spawn(process.execPath, [main], {
    cwd,
    env: { PATH: process.env['PATH'], BREACHED_PASSWORDS: 'off', ...env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exitCode = once(child, 'close').then(([code]) => code as number | null);
  const seen = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout);
        if (match) resolve(match);
      };
      child.stdout.on('data', look);
      void exitCode.then((code) => reject(new Error(`It ended with ${code} and no ${pattern}: ${stdout}${stderr}`)));
      look();
    });
  return { child, stdout: () => stdout, stderr: () => stderr, seen, exitCode };
}

import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { projectFile } from '../../src/config/project.js';

const COPIED = ['src', 'migrations', 'scripts', 'test', 'examples/web/src', 'docs', 'ormconfig.ts', 'package.json', 'tsconfig.json', 'tsconfig.build.json', '.prettierrc.json']; // prettier-ignore

/** A copy of the project without what is made, in which a guide can be followed. */
export async function copyProject(folder: string): Promise<void> {
  for (const name of COPIED) await cp(projectFile(name), path.join(folder, name), { recursive: true });
  await symlink(projectFile('node_modules'), path.join(folder, 'node_modules'));
}

/** Runs a program of Node's in a folder, TypeScript included. @throws Error with all that it said when it fails */
export async function runIn(folder: string, args: string[], env: Record<string, string> = {}): Promise<void> {
  const loaded = ['--import', '@swc-node/register/esm-register', ...args];
  const options = { cwd: folder, env: { ...process.env, ...env } };
  await promisify(execFile)(process.execPath, loaded, options).catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
  });
}

/** Does what the blocks of a page say that name a file: writes new ones, changes existing ones; and runs its `sed`. Returns the files that it changed. */
export async function follow(page: string, folder: string): Promise<string[]> {
  const source = await readFile(path.join(folder, page), 'utf8');
  const changed = new Set<string>();
  const made = new Set<string>();
  for (const [, kind, file = '', body = ''] of source.matchAll(/^```(ts|diff|sh)(?: (\S+))?\n(.*?)^```/gms)) {
    const target = path.join(folder, file);
    await mkdir(path.dirname(target), { recursive: true });
    if (kind === 'sh' && body.startsWith('sed')) {
      await promisify(execFile)('sh', ['-c', body], { cwd: folder });
      for (const [, name = ''] of body.matchAll(/> (\S+)$/gm)) made.add(name);
    } else if (kind === 'ts' && file) {
      await writeFile(target, body);
      made.add(file);
    } else if (kind === 'diff') {
      await writeFile(target, applied(await readFile(target, 'utf8'), body, file));
      if (!made.has(file)) changed.add(file);
    }
  }
  return [...changed];
}

/** @throws Error when the lines that a change starts from aren't there */
function applied(text: string, diff: string, file: string): string {
  return diff.split(/^@@.*\n/m).reduce((now, hunk) => {
    const lines = hunk.split('\n').slice(0, -1);
    const side = (other: string) => lines.filter((line) => !line.startsWith(other)).map((line) => `${line.slice(1)}\n`).join(''); // prettier-ignore
    if (!now.includes(side('+'))) throw new Error(`${file} has no\n${side('+')}`);
    return now.replace(side('+'), () => side('-'));
  }, text);
}

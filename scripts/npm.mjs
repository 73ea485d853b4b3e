import { spawnSync } from 'node:child_process';

/** Runs npm and returns its exit code. By its own script where npm has started us: as a batch file, as on Windows, it needs a shell. */
export function npm(args, options = {}) {
  const script = process.env.npm_execpath;
  const run = { stdio: 'inherit', ...options };
  const { status } = script
    ? spawnSync(process.execPath, [script, ...args], run)
    : spawnSync('npm', args, { ...run, shell: process.platform === 'win32' });
  return status ?? 1;
}

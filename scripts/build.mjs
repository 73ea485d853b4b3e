// node scripts/build.mjs [--if-stale] [server|console|client]…, by default the server and its console
// With --if-stale, as `npm start` and `npm run cli` call it: only when there is no build, or one older than its sources.
// A build leaves a stamp with the time at which it began, so that what is changed while it runs counts as newer.
// Plain JavaScript without dependencies: it also runs where development dependencies have been pruned.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { npm } from './npm.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const PROJECTS = {
  server: {
    folder: ROOT,
    // what packages bring is part of it, so it's old when other ones are installed
    sources: ['src', 'migrations', 'ormconfig.ts', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts/bundle.mjs', 'scripts/bundle'], // prettier-ignore
    main: 'dist/src/main.js',
    compiler: 'node_modules/@nestjs/cli/bin/nest.js',
    compile: (cwd) => node(['node_modules/@nestjs/cli/bin/nest.js', 'build'], { cwd }) || node(['scripts/bundle.mjs'], { cwd }), // prettier-ignore
  },
  console: {
    folder: ROOT,
    sources: ['console/src', 'console/index.html', 'console/vite.config.ts', 'client/src'],
    output: 'dist/console',
    main: 'dist/console/index.html',
    isOptional: true, // the server answers 404 at /admin without it
    compiler: 'node_modules/vite/bin/vite.js',
    compile: (cwd) => node(['node_modules/vite/bin/vite.js', 'build', 'console', '--logLevel', 'warn'], { cwd, env: { ...process.env, NODE_ENV: 'production' } }), // prettier-ignore
  },
  client: {
    folder: path.join(ROOT, 'client'),
    sources: ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json'],
    main: 'dist/index.js',
    compiler: 'node_modules/typescript/bin/tsc',
    compile: (cwd) => npm(['run', '--silent', 'build'], { cwd }),
  },
};

const args = process.argv.slice(2);
const isForced = !args.includes('--if-stale');
const names = args.filter((arg) => !arg.startsWith('-'));

for (const name of names.length ? names : ['server', 'console']) {
  const project = { name, ...PROJECTS[name] };
  if (isForced || !isUpToDate(project)) build(project);
}

/** The exit code of a program in JavaScript. */
function node(args, options) {
  return spawnSync(process.execPath, args, { stdio: 'inherit', ...options }).status ?? 1;
}

function isUpToDate({ folder, output = 'dist', main, sources }) {
  const stamp = path.join(folder, output, '.built');
  if (!existsSync(path.join(folder, main)) || !existsSync(stamp)) return false;
  const built = statSync(stamp).mtimeMs;
  return sources.every((source) => newestIn(path.join(folder, source)) <= built);
}

/** The newest time in a file or folder. A folder's own tells of what was removed from it; tests aren't built. */
function newestIn(place) {
  const stats = statSync(place, { throwIfNoEntry: false });
  if (!stats || place.endsWith('.spec.ts')) return 0;
  const inside = stats.isDirectory() ? readdirSync(place).map((entry) => newestIn(path.join(place, entry))) : [];
  return Math.max(stats.mtimeMs, ...inside);
}

function build(project) {
  const { folder, output = 'dist', main, compiler, compile } = project;
  if (!existsSync(path.join(folder, compiler))) return withoutCompiler(project);
  const begin = new Date();
  // the compiler's own notes stand there too, and would tell it that nothing is left to do
  if (!existsSync(path.join(folder, main))) rmSync(path.join(folder, output), { recursive: true, force: true });
  const status = compile(folder);
  if (status !== 0) process.exit(status);
  const stamp = path.join(folder, output, '.built');
  writeFileSync(stamp, '');
  utimesSync(stamp, begin, begin);
}

/** After `npm prune --omit=dev` what was built is all there is; after a copy its times may be anything, so that is fine. */
function withoutCompiler({ name, folder, main, isOptional }) {
  if (isOptional || (existsSync(path.join(folder, main)) && !isForced)) return;
  process.stderr.write(`There is no build of the ${name}, and no compiler to make one: npm ci && npm run build\n`);
  process.exit(1);
}

// Makes a migration with TypeORM's own tool, in the manner of the ones that are here, and lists it in index.ts.
//   npm run migration:generate -- add-posts    with what the entities have and the migrated database lacks
//   npm run migration:create -- add-posts      empty
//   npm run migration:check                    fails when there is something to generate
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';

const HERE = import.meta.dirname;
const ROOT = path.dirname(HERE);
const INDEX = path.join(HERE, 'index.ts');
const TYPEORM = ['--import', '@swc-node/register/esm-register', path.join(ROOT, 'node_modules/typeorm/cli.js')];
const CONNECTION = ['-d', path.join(ROOT, 'ormconfig.ts')];

const [what, name = ''] = process.argv.slice(2);
switch (what) {
  case 'check':
    assertNothingPending();
    process.exit(typeorm('migration:generate', '--check', path.join(HERE, 'check'), ...CONNECTION));
    break;
  case 'generate':
  case 'create':
    await make();
    break;
  default:
    fail('Usage: make.mjs generate|create <name>, make.mjs check');
}

async function make() {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) fail(`Usage: npm run migration:${what} -- <name>, such as add-posts`);
  const before = new Set(migrationFiles());
  if (what === 'generate') assertNothingPending();
  const options = what === 'generate' ? CONNECTION : [];
  const code = typeorm(`migration:${what}`, path.join(HERE, name), ...options);
  const made = migrationFiles().filter((file) => !before.has(file));
  if (code !== 0 || made.length === 0) process.exit(code || 1);
  for (const file of made) await rewrite(path.join(HERE, file), inHouseStyle);
  await rewrite(INDEX, withAll);
  console.log(`Listed in migrations/index.ts. Read it, name its constraints, then: npm run migration:run`);
}

/** What is generated is the difference to the database, so that must be up to date. */
function assertNothingPending() {
  const shown = execFileSync(process.execPath, [...TYPEORM, 'migration:show', ...CONNECTION], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pending = shown.match(/(?<=\[ \]).*/g);
  if (pending) fail(`Pending:\n${pending.join('\n')}\nFirst: npm run migration:run`);
}

function typeorm(...args) {
  return spawnSync(process.execPath, [...TYPEORM, ...args], { cwd: ROOT, stdio: 'inherit' }).status ?? 1;
}

function migrationFiles() {
  return readdirSync(HERE)
    .filter((file) => /^\d+-.*\.ts$/.test(file))
    .sort();
}

async function rewrite(file, change) {
  const options = { ...(await resolveConfig(file)), filepath: file };
  writeFileSync(file, await format(change(readFileSync(file, 'utf8')), options));
}

/** Types are imported as types, and the class has one name, its own. */
function inHouseStyle(source) {
  return source
    .replace('import {', 'import type {')
    .replace(/^\s*name = .*\n\n?/m, '')
    .replaceAll('public async', 'async')
    .replaceAll('queryRunner', 'db');
}

/** The list, made anew from the files that are there. */
function withAll(index) {
  const [comment] = index.split('\n', 1);
  const classes = migrationFiles().map((file) => {
    const [, className] = /export class (\w+)/.exec(readFileSync(path.join(HERE, file), 'utf8')) ?? [];
    return { file, className: className ?? fail(`${file} exports no class`) };
  });
  const imports = classes.map(
    ({ file, className }) => `import { ${className} } from './${file.replace(/ts$/, 'js')}';`,
  );
  const names = classes.map(({ className }) => className);
  return `${comment}\n${imports.join('\n')}\n\nexport const migrations = [${names.join(', ')}];\n`;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

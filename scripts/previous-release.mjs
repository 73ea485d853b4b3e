// node scripts/previous-release.mjs [--slow] [arguments of jest], or `npm run test:previous`
// Runs the end-to-end tests of the release before this one, with its code, on the schema of today: while a new version is
// rolled out, replicas of the old one go on with a database that is migrated already. test/previous-release.json says which
// release, as long as none has a tag, which of its tests can tell nothing here, and which ones only --slow waits for.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import setUp from '../test/support/global-setup.mjs';
import tearDown from '../test/support/global-teardown.mjs';
import { npm } from './npm.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const { commit: recorded, leftOut, leftOutTests, slow } = readJson(path.join(ROOT, 'test/previous-release.json'));
const wantsSlow = process.argv.includes('--slow');
const jestArguments = process.argv.slice(2).filter((argument) => argument !== '--slow');

const release = git('describe', '--tags', '--abbrev=0', 'HEAD^') ?? recorded;
const commit = git('rev-parse', '--verify', '--quiet', `${release}^{commit}`);
if (!commit) skip(`${release} isn't in this copy of the history: git fetch --unshallow --tags`);

const folder = mkdtempSync(path.join(tmpdir(), 'userhub-previous-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
checkOut(commit);
provideModules();
dropSetUp();
await setUp(); // a database with today's migrations, at TEST_DATABASE_URL
console.log(`The tests of ${release} on the schema of today, without`);
for (const [reason, names] of Object.entries(leftOut)) console.log(`- what ${reason}: ${names.join(', ')}`);
for (const [name, reason] of Object.entries(leftOutTests)) console.log(`- "${name}", which ${reason}`);
if (!wantsSlow) console.log(`- what is slow: ${slow.join(', ')}`);
const status = await runTests();
await tearDown();
process.exit(status);

/** What git says, or undefined where it fails or there is none. */
function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** The last line is one of jest's, for those who count. */
function skip(reason) {
  console.log(`Skipped: the tests of the previous release. ${reason}\nTests:       1 skipped, 1 total`);
  process.exit(0);
}

function checkOut(commit) {
  const archive = path.join(folder, 'archive.tar');
  run('git', ['archive', '--output', archive, commit], ROOT);
  run('tar', ['-xf', archive, '-C', folder], ROOT);
  rmSync(archive);
}

/** Ours, where they have every package that it was locked to; in a folder of its own, as caches are kept there. */
function provideModules() {
  const [before, now] = [folder, ROOT].map((place) => readJson(path.join(place, 'package-lock.json')).packages);
  const isSame = Object.entries(before).every(([name, { version }]) => !name || now[name]?.version === version);
  if (!isSame) return check(npm(['ci', '--prefix', folder, '--no-audit', '--no-fund']), 'npm ci');
  const [modules, ours] = [folder, ROOT].map((place) => path.join(place, 'node_modules'));
  mkdirSync(modules);
  for (const name of readdirSync(ours)) {
    if (name !== '.cache') symlinkSync(path.join(ours, name), path.join(modules, name));
  }
}

/** Its own set-up would make a database with the migrations of then. */
function dropSetUp() {
  for (const name of ['setup', 'teardown']) {
    writeFileSync(path.join(folder, `test/support/global-${name}.mjs`), 'export default () => undefined;\n');
  }
}

async function runTests() {
  const jest = ['--disable-warning=ExperimentalWarning', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
  const ignored = [...Object.values(leftOut).flat(), ...(wantsSlow ? [] : slow)];
  const files = ['--testPathIgnorePatterns', `/test/(${ignored.join('|')})\\.e2e-spec`];
  const names = ['--testNamePattern', `^${Object.keys(leftOutTests).map((name) => `(?!.*${name})`).join('')}`]; // prettier-ignore
  const args = [...jest, '--selectProjects', 'e2e', ...files, ...names, ...jestArguments];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

function run(program, args, cwd) {
  check(spawnSync(program, args, { cwd, stdio: 'inherit' }).status, program);
}

function check(status, what) {
  if (status !== 0) throw new Error(`${what} failed (${status}).`);
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

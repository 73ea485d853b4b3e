import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const FOLDER = path.resolve(import.meta.dirname, '..');
const LIMIT = 7.5 * 1024;

test('the runtime with all that it needs is smaller than 7.5 kB', async () => {
  const { outputFiles } = await build({
    entryPoints: [path.join(FOLDER, 'dist/index.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  const size = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
  console.log(`${size} bytes gzipped`);
  assert.ok(size > 1024 && size < LIMIT, `${size} bytes gzipped`);
});

test('the types are those of openapi.json', () => {
  const { status, stderr } = spawnSync('npm', ['run', 'schema', '--', '--check'], { cwd: FOLDER, encoding: 'utf8' });
  assert.equal(status, 0, `run "npm run schema" and commit src/schema.d.ts\n${stderr}`);
});

describe('the package', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'userhub-package-'));
  const unpacked = path.join(folder, 'package');
  before(() => {
    rmSync(path.join(FOLDER, 'dist/index.js'), { force: true }); // it builds itself
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: FOLDER });
    execFileSync('tar', ['-xzf', 'userhub-client-0.1.0.tgz'], { cwd: folder });
    symlinkSync(path.join(FOLDER, 'node_modules'), path.join(unpacked, 'node_modules'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const read = (name: string) => readFileSync(path.join(unpacked, name), 'utf8');
  const run = (program: string) => execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: unpacked, encoding: 'utf8' }); // prettier-ignore

  test('is built, and has its license, its origin and no link that only works in the repository', () => {
    const { repository, exports } = JSON.parse(read('package.json')) as { repository: { url: string; directory: string }; exports: { '.': Record<string, string> } }; // prettier-ignore
    assert.match(repository.url, /^git\+https:\/\//);
    assert.equal(repository.directory, 'client');
    for (const file of Object.values(exports['.'])) assert.ok(read(file).length > 0);
    assert.match(read('LICENSE'), /MIT License/);
    const links = [...read('README.md').matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    assert.ok(links.length > 1);
    for (const link of links) assert.match(link, /^(https:\/\/|#)/);
  });

  test("can be loaded and used where there is no window, and keeps nobody's tokens there", () => {
    const program = `
      import { browserStorage, createUserHub } from './dist/index.js';
      const storage = browserStorage();
      const hub = createUserHub({ baseUrl: 'http://127.0.0.1:9', storage });
      storage.set({ session: 's', access_token: 'a', refresh_token: 'r', refresh_at: 0, expires_at: 0 });
      const problem = await hub.api.GET('/api/auth/me').catch((reason) => reason);
      console.log(await hub.isSignedIn(), storage.get(), problem.code, problem.message);`;
    assert.equal(run(program).trim(), 'false null unreachable The server could not be reached.');
  });
});

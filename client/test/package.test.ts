import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const FOLDER = path.resolve(import.meta.dirname, '..');
const LIMIT = 6 * 1024;

test('the runtime with all that it needs is smaller than 6 kB', async () => {
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

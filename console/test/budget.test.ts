import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';

const ASSETS = path.resolve(import.meta.dirname, '../../dist/console/assets');
const KB = 1024;

/** What the console may weigh, compressed, all of it together. */
const BUDGET: Record<string, number> = { '.js': 30 * KB, '.css': 5 * KB };

describe('the weight of the console', () => {
  for (const [extension, budget] of Object.entries(BUDGET)) {
    it(`${extension}: at most ${budget / KB} kB`, () => {
      const files = readdirSync(ASSETS).filter((name) => name.endsWith(extension));
      assert.ok(files.length > 0);
      const weight = files.reduce((sum, name) => sum + gzipSync(readFileSync(path.join(ASSETS, name)), { level: 9 }).length, 0); // prettier-ignore
      assert.ok(weight <= budget, `${weight} bytes`);
    });
  }

  it('loads nothing from elsewhere, has nothing inline, and no source maps', () => {
    const page = readFileSync(path.join(ASSETS, '../index.html'), 'utf8');
    assert.doesNotMatch(page, /https?:\/\/|<script>|<style|\sstyle=|\son\w+=/);
    for (const name of readdirSync(ASSETS)) {
      assert.ok(!name.endsWith('.map'));
      if (!/\.(?:js|css)$/.test(name)) continue;
      const urls = readFileSync(path.join(ASSETS, name), 'utf8').match(/https?:\/\/[^\s"'`)\\]+/g) ?? [];
      assert.deepEqual(urls.filter((url) => !url.startsWith('http://www.w3.org/')), [], name); // prettier-ignore
    }
  });

  it('makes no markup out of text', () => {
    const folder = path.resolve(import.meta.dirname, '../src');
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
    for (const name of sources) {
      assert.doesNotMatch(
        readFileSync(path.join(folder, name), 'utf8'),
        /innerHTML|insertAdjacentHTML|document\.write/,
      );
    }
  });
});

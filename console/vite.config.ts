import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** Where the API is while the console is worked on; sent through here, it is of the same origin. */
const target = process.env['API_URL'] ?? 'http://127.0.0.1:8000';

const ASSETS = path.join(import.meta.dirname, '../dist/console/assets');

/** Puts `.br` and `.gz` beside each file that has a name for good: compressed once, not for every visitor. */
const precompress: Plugin = {
  name: 'precompress',
  apply: 'build',
  writeBundle() {
    for (const name of readdirSync(ASSETS)) {
      const file = path.join(ASSETS, name);
      const bytes = readFileSync(file);
      writeFileSync(`${file}.br`, brotliCompressSync(bytes));
      writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
    }
  },
};

export default defineConfig({
  plugins: [precompress],
  base: './', // works below any path
  server: { port: 5180, strictPort: true, proxy: { '/api': target, '/dev/mail': target } },
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    assetsInlineLimit: 0, // the policy allows files, and nothing inline
    modulePreload: false,
    reportCompressedSize: false,
  },
});

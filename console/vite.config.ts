import path from 'node:path';
import { defineConfig } from 'vite';

/** Where the API is while the console is worked on; sent through here, it is of the same origin. */
const target = process.env['API_URL'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  base: './', // works below any path
  resolve: { alias: { 'openapi-fetch': path.join(import.meta.dirname, 'transport.ts') } },
  server: { port: 5180, strictPort: true, proxy: { '/api': target, '/dev/mail': target } },
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    assetsInlineLimit: 0, // the policy allows files, and nothing inline
    modulePreload: false,
    reportCompressedSize: false,
  },
});

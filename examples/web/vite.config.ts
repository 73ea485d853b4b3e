import { defineConfig } from 'vite';

/** Where the API is. Sent through here, it is of the same origin as the pages, and needs no CORS. */
const proxy = { '/api': { target: process.env['API_URL'] ?? 'http://127.0.0.1:8000' } };

export default defineConfig({
  server: { proxy, strictPort: true },
  preview: { proxy, strictPort: true },
});

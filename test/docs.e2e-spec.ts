import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startApp, type TestApp } from './support/app.js';

describe('docs', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  describe('GET /docs', () => {
    it('is the page itself, with or without a slash', async () => {
      for (const path of ['/docs', '/docs/']) {
        const { status, headers, text } = await app.api.get(path);
        expect(status).toBe(200);
        expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
        expect(text).toContain('<div id="swagger-ui">');
      }
    });

    it('works under its own policy: no script in the page, nothing from elsewhere', async () => {
      const { headers, text } = await app.api.get('/docs');
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("connect-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/script-src[^;]*unsafe|upgrade-insecure-requests|https?:/);
      expect(text).not.toMatch(/<script>|\son\w+=|https?:\/\//);
    });

    it('finds every file that it names, as what it is', async () => {
      const files = await Promise.all(
        ['/docs', '/docs/'].map(async (page) => {
          const { text } = await app.api.get(page);
          const named = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file);
          expect(named.length).toBeGreaterThanOrEqual(4);
          expect(named.filter((file) => /^\/|:/.test(file))).toEqual([]); // relative: a proxy may have taken a prefix off
          return named.map((file) => new URL(file, app.url + page).pathname);
        }),
      );
      for (const file of new Set(files.flat())) {
        const { status, headers, text: content } = await app.api.get(file);
        expect(status).toBe(200);
        expect(headers.get('content-type')).toMatch(
          file.endsWith('.js') ? /javascript/ : file.endsWith('.css') ? /css/ : /png/,
        );
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(content.length).toBeGreaterThan(100);
      }
    });

    it('starts Swagger UI on our document', async () => {
      expect((await app.api.get('/docs/start.js')).text).toContain("new URL('openapi.json', root)");
    });

    it.each([
      'package.json',
      'nope',
      '__proto__',
      'toString',
      '..%2fpackage.json',
      '%2e%2e%2f%2e%2e%2fpackage.json',
      'index.html',
    ])('there is no /docs/%s', async (file) => {
      expect(await app.api.get(`/docs/${file}`)).toFailWith(404, 'not_found');
    });
  });

  describe('below a path prefix that a proxy takes off', () => {
    it('the page still finds its files, its document, and what it documents', async () => {
      const proxy = createServer(({ url = '' }, response) => {
        if (!url.startsWith('/auth/')) return void response.writeHead(418).end();
        void fetch(app.url + url.slice('/auth'.length)).then(async (answer) => {
          response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
          response.end(Buffer.from(await answer.arrayBuffer()));
        });
      });
      await once(proxy.listen(0, '127.0.0.1'), 'listening');
      const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      try {
        for (const page of [`${origin}/auth/docs`, `${origin}/auth/docs/`]) {
          const text = await (await fetch(page)).text();
          for (const [, file = ''] of text.matchAll(/(?:src|href)="([^"]+)"/g)) {
            expect((await fetch(new URL(file, page))).status).toBe(200);
          }
          const script = new URL(/src="([^"]*start\.js)"/.exec(text)?.[1] ?? '', page);
          expect(new URL('..', script).pathname).toBe('/auth/'); // what start.js calls the root
          expect((await fetch(new URL('openapi.json', new URL('..', script)))).status).toBe(200);
        }
      } finally {
        proxy.closeAllConnections();
        proxy.close();
      }
    });
  });

  describe('GET /openapi.json', () => {
    it.each(['/openapi.json', '/docs-json'])('%s is the document', async (path) => {
      const { status, headers, body } = await app.api.get(path);
      expect(status).toBe(200);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      expect(body).toMatchObject({
        openapi: expect.stringMatching(/^3\./) as string,
        paths: { '/api/auth/login': {} },
      });
    });
  });

  describe('DOCS_ENABLED=false', () => {
    it('leaves none of it', async () => {
      const bare = await startApp({ DOCS_ENABLED: 'false' });
      for (const path of ['/docs', '/docs/', '/docs/start.js', '/docs/swagger-ui.css', '/openapi.json', '/docs-json']) {
        expect(await bare.api.get(path)).toFailWith(404, 'not_found');
      }
      expect(await bare.api.get('/health/live')).toMatchObject({ status: 200 });
      await bare.close();
    });
  });
});

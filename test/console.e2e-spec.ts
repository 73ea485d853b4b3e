import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { loadSettings } from '../src/config/settings.js';
import { ConsoleFiles } from '../src/console/console-files.js';
import { startApp, type TestApp } from './support/app.js';
import { exchange } from './support/wire.js';

describe('the console at /admin', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const get = (target: string, headers: Record<string, string> = {}) =>
    fetch(`${app.url}${target}`, { headers, redirect: 'manual' });
  const assetsOf = (page: string) => [...page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, file]) => file);
  /** The page and a file of it, which are there for whoever may load them. */
  const targets = async () => {
    const [file] = assetsOf(await (await get('/admin/')).text());
    expect((await get(`/admin/${file}`)).status).toBe(200);
    return ['/admin', '/admin/', `/admin/${file}`];
  };

  it('leads to the page relatively, so that a prefix stays', async () => {
    const { status, headers } = await get('/admin');
    expect([status, headers.get('location')]).toEqual([308, 'admin/']);
  });

  it('is a page under a strict policy, with nothing inline and nothing from elsewhere', async () => {
    const response = await get('/admin/');
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    expect(response.headers.get('x-robots-tag')).toBe('noindex');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(page).not.toMatch(/<script>|<style|\sstyle=|\son\w+=|https?:\/\/|(?:src|href)="\//);
  });

  it('is asked for anew each time, and sent again only when it has changed', async () => {
    const etag = (await get('/admin/')).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]+"$/);
    const again = await get('/admin/', { 'if-none-match': etag });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    expect((await get('/admin/', { 'if-none-match': `"another", W/${etag}` })).status).toBe(304); // as a proxy that compresses sends it
    expect((await get('/admin/', { 'if-none-match': '"another"' })).status).toBe(200);
  });

  it('answers HEAD as GET, without the body', async () => {
    const { status, headers } = await fetch(`${app.url}/admin/`, { method: 'HEAD' });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });

  it('names files that may be kept for ever, compressed for whoever takes that', async () => {
    const files = assetsOf(await (await get('/admin/')).text());
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) {
      const plain = await exchange(app.url, `GET /admin/${file} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(plain.status).toBe(200);
      expect(plain.headers.get('content-encoding')).toBeNull();
      for (const encoding of ['br', 'gzip']) {
        const { status, headers } = await get(`/admin/${file}`, { 'accept-encoding': encoding });
        expect(status).toBe(200);
        expect(headers.get('content-encoding')).toBe(encoding);
        expect(headers.get('vary')).toMatch(/accept-encoding/i);
        expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
        expect(headers.get('x-robots-tag')).toBe('noindex');
        expect(headers.get('content-type')).toMatch(/^(?:text\/(?:css|javascript); charset=utf-8|image\/svg\+xml)$/);
      }
    }
  });

  it('compresses what it serves, not something else', async () => {
    const files = new ConsoleFiles();
    const name = path.basename(
      assetsOf(await (await get('/admin/')).text()).find((file) => file?.endsWith('.js')) ?? '',
    );
    const [plain, br, gzip] = await Promise.all(['', 'br', 'gzip'].map((accepted) => files.asset(name, accepted)));
    const content = plain?.content ?? Buffer.alloc(0);
    expect(content.length).toBeGreaterThan(10_000);
    expect(brotliDecompressSync(br?.content ?? Buffer.alloc(0)).equals(content)).toBe(true);
    expect(gunzipSync(gzip?.content ?? Buffer.alloc(0)).equals(content)).toBe(true);
    expect((await files.asset(name, 'br;q=0, gzip;q=0.5'))?.encoding).toBe('gzip');
    expect((await files.asset(name, 'deflate'))?.encoding).toBeUndefined();
  });

  it.each([
    '/admin/assets/..%2findex.html',
    '/admin/assets/%2e%2e%2f.built',
    '/admin/assets/..%5c..%5cpackage.json',
    '/admin/assets/index.js',
    '/admin/assets/',
    '/admin/.built',
    '/admin/index.html',
    '/admin/users',
    '/admin/assets/__proto__',
  ])('has no %s', async (target) => {
    const answer = await exchange(app.url, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer).toFailWith(404, 'not_found');
  });

  it('takes nothing but reading', async () => {
    const { status, headers } = await fetch(`${app.url}/admin/`, { method: 'POST' });
    expect(status).toBe(405);
    expect(headers.get('allow')).toMatch(/GET/);
  });

  it('is not in the log of requests', async () => {
    await get('/admin/');
    const lines = app.logs.filter(({ path: target }) => String(target).startsWith('/admin'));
    expect(new Set(lines.map(({ level }) => level))).toEqual(new Set(['debug']));
  });

  it('is told of by the server only where it is enabled', async () => {
    const without = await app.replica({ CONSOLE_ENABLED: 'false' });
    for (const target of await targets())
      expect((await fetch(`${without.url}${target}`, { redirect: 'manual' })).status).toBe(404);
    await without.close();
  });

  it('is where / leads in production, below a path prefix too, for whoever may load it', async () => {
    const home = async (env: Record<string, string>) => {
      const replica = await app.replica({ NODE_ENV: 'production', SHUTDOWN_DELAY_SECONDS: '0', ...env });
      const response = await fetch(`${replica.url}/`, { redirect: 'manual' });
      await replica.close();
      return [response.status, response.headers.get('location')];
    };
    expect(await home({})).toEqual([302, 'admin/']);
    expect(await home({ CONSOLE_ENABLED: 'false' })).toEqual([404, null]);
    expect(await home({ CONSOLE_NETWORKS: '10.0.0.0/8' })).toEqual([404, null]);
  });

  it('is there only for the networks that may load it, whatever a client says of itself', async () => {
    const inside = await app.replica({ CONSOLE_NETWORKS: '10.0.0.0/8, 127.0.0.1/32' });
    expect((await fetch(`${inside.url}/admin/`)).status).toBe(200);
    await inside.close();

    const outside = await app.replica({ CONSOLE_NETWORKS: '10.0.0.0/8' });
    const headers = { 'x-forwarded-for': '10.1.2.3' };
    for (const target of await targets()) {
      const response = await fetch(`${outside.url}${target}`, { headers, redirect: 'manual' });
      expect([response.status, response.headers.get('location')]).toEqual([404, null]);
    }
    await outside.close();

    const proxied = await app.replica({ CONSOLE_NETWORKS: '10.0.0.0/8', TRUST_PROXY: 'loopback' });
    expect((await fetch(`${proxied.url}/admin/`, { headers })).status).toBe(200);
    expect((await fetch(`${proxied.url}/admin/`, { headers: { 'x-forwarded-for': '11.1.2.3' } })).status).toBe(404);
    await proxied.close();
  });

  it('refuses to start with networks that are none', () => {
    expect(() => loadSettings({ NODE_ENV: 'test', CONSOLE_NETWORKS: '10.0.0.0/8,office' })).toThrow(
      /CONSOLE_NETWORKS.*office/,
    );
    expect(() => loadSettings({ NODE_ENV: 'test', CONSOLE_NETWORKS: '10.0.0.0/64' })).toThrow(/CONSOLE_NETWORKS/);
  });

  it('can be told to load no pictures from elsewhere', async () => {
    const shy = await app.replica({ CONSOLE_REMOTE_PICTURES: 'false' });
    const { headers } = await fetch(`${shy.url}/admin/`);
    expect(headers.get('content-security-policy')).toContain("img-src 'self' data:;");
    await shy.close();
  });

  it('is simply not there where it has not been built', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'userhub-console-'));
    const files = ConsoleFiles.in(folder);
    expect(await files.page()).toBeNull();
    expect(await files.asset('index.js', 'br')).toBeNull();
    rmSync(folder, { recursive: true });
  });
});

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { UserHub } from '@userhub/client';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { noBrowser, startBrowser } from './support/browser.ts';
import { type Server, startServer } from './support/server.ts';
import { gate } from './support/wire.ts';

const REFRESH = '**/api/auth/refresh';
const PASSWORD = 'correct horse battery';

/** What the page under test offers. */
interface Tab {
  hub: UserHub;
  told: string[];
  /** A client of a server that isn't there, and one of the pages' own origin. */
  nowhere: UserHub;
  here: UserHub;
}
declare const window: Tab;

const SCRIPT = `
  import { browserStorage, createUserHub } from '@userhub/client';
  window.told = [];
  window.hub = createUserHub({
    baseUrl: API,
    storage: browserStorage(),
    onSignedIn: () => window.told.push('in'),
    onSignedOut: (reason) => window.told.push('out: ' + (reason?.code ?? 'asked')),
  });
  window.nowhere = createUserHub({ baseUrl: 'http://127.0.0.1:9' });
  window.here = createUserHub({ baseUrl: '' });
`;

describe('two tabs', { skip: noBrowser }, () => {
  const pages = createServer();
  let server: Server;
  let browser: Browser;

  before(async () => {
    await new Promise<void>((listening) => pages.listen(0, '127.0.0.1', listening));
    server = await startServer({ CORS_ORIGINS: origin() });
    const script = await bundle();
    pages.on('request', (request, response) => {
      const [type, body] = request.url === '/tab.js' ? ['text/javascript', script] : ['text/html', HTML];
      response.setHeader('content-type', type).end(body);
    });
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    pages.close();
    await server?.stop();
  });

  const origin = () => `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  const HTML =
    '<!doctype html><title>Tab</title><link rel="icon" href="data:,"><script type="module" src="/tab.js"></script>';

  async function bundle(): Promise<string> {
    const { outputFiles } = await build({
      stdin: { contents: SCRIPT, resolveDir: import.meta.dirname },
      define: { API: JSON.stringify(server.url) },
      bundle: true,
      format: 'esm',
      write: false,
    });
    return outputFiles[0]?.text ?? '';
  }

  /** Two tabs of one browser, and the paths of all they send. */
  async function twoTabs(setUp?: string): Promise<{ tabs: [Page, Page]; refreshes: () => number }> {
    const context = await browser.newContext();
    if (setUp) await context.addInitScript(setUp);
    const sent: string[] = [];
    context.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));
    const open = async () => {
      const page = await context.newPage();
      await page.goto(origin());
      await page.waitForFunction(() => 'hub' in window);
      return page;
    };
    const refreshes = () => sent.filter((line) => line === 'POST /api/auth/refresh').length;
    return { tabs: [await open(), await open()], refreshes };
  }

  const signUp = (tab: Page, username: string) =>
    tab.evaluate((account) => window.hub.signUp(account).then(() => undefined), {
      username,
      email: `${username}@example.com`,
      password: PASSWORD,
    });

  const expire = (tab: Page) =>
    tab.evaluate(() => {
      const tokens = JSON.parse(localStorage.getItem('userhub.tokens') ?? '{}') as object;
      localStorage.setItem('userhub.tokens', JSON.stringify({ ...tokens, access_token: 'expired', refresh_at: 0 }));
    });

  /** Ten calls at once; the names that they answered. */
  const tenCalls = (tab: Page) =>
    tab.evaluate(() =>
      Promise.all(Array.from({ length: 10 }, async () => (await window.hub.api.GET('/api/auth/me')).data.username)),
    );

  const refreshToken = (tab: Page) =>
    tab.evaluate(
      () => (JSON.parse(localStorage.getItem('userhub.tokens') ?? '{}') as Record<string, string>)['refresh_token'],
    );

  const isTold = (tab: Page, what: string[]) =>
    tab.waitForFunction((told) => window.told.join() === told, what.join(), { timeout: 5000 });

  it('refresh once between them', async () => {
    const { tabs, refreshes } = await twoTabs();
    await signUp(tabs[0], 'ada');
    await expire(tabs[0]);
    // the answer waits until the other tab wants to refresh as well
    await tabs[0].context().route(REFRESH, async (route) => {
      await tabs[0].waitForFunction(async () => (await navigator.locks.query()).pending?.length === 1);
      await route.continue();
    });
    const names = await Promise.all(tabs.map(tenCalls));
    assert.deepEqual(new Set(names.flat()), new Set(['ada']));
    assert.equal(refreshes(), 1);
  });

  it('do no harm to each other without Web Locks', async () => {
    const { tabs, refreshes } = await twoTabs(
      'Object.defineProperty(Navigator.prototype, "locks", { value: undefined })',
    );
    await signUp(tabs[0], 'bob');
    await expire(tabs[0]);
    const { passed, open } = gate();
    await tabs[0].context().route(REFRESH, async (route) => {
      if (refreshes() === 2) open();
      await passed;
      await route.continue();
    });
    const names = await Promise.all(tabs.map(tenCalls));
    assert.deepEqual(new Set(names.flat()), new Set(['bob']));
    assert.equal(refreshes(), 2);
    assert.equal(await refreshToken(tabs[0]), await refreshToken(tabs[1]));
    assert.deepEqual(await tabs[1].evaluate(() => window.told), ['in']);
  });

  it('sign in and out together', async () => {
    const { tabs } = await twoTabs();
    await signUp(tabs[0], 'eve');
    await isTold(tabs[1], ['in']);
    assert.deepEqual(await tenCalls(tabs[1]), Array(10).fill('eve'));
    await expire(tabs[0]);
    await tenCalls(tabs[0]);
    await tabs[1].evaluate(() => window.hub.signOut());
    for (const tab of tabs) await isTold(tab, ['in', 'out: asked']);
  });

  it('read what the server says in headers, across origins', async () => {
    const { tabs } = await twoTabs();
    const requestId = await tabs[0].evaluate(async () => {
      const reason: unknown = await window.hub.api.GET('/api/auth/me').catch((error: unknown) => error);
      return (reason as { requestId?: string }).requestId;
    });
    assert.ok(requestId);
    const etag = await signUp(tabs[0], 'mallory').then(() =>
      tabs[0].evaluate(async () => (await window.hub.api.GET('/api/auth/me')).response.headers.get('etag')),
    );
    assert.match(etag ?? '', /^".+"$/);
  });

  it('are signed out when one of them clears all that is stored, as developers do', async () => {
    const { tabs } = await twoTabs();
    await signUp(tabs[0], 'niaj');
    await tabs[1].waitForFunction(() => window.told.includes('in'));
    await tabs[0].evaluate(() => sessionStorage.clear()); // another storage, which is none of its business
    await tabs[0].evaluate(() => localStorage.setItem('other', ''));
    assert.deepEqual(await tabs[1].evaluate(() => window.told), ['in']);
    await tabs[0].evaluate(() => localStorage.clear());
    await tabs[1].waitForFunction(() => window.told.length === 2);
    assert.deepEqual(await tabs[1].evaluate(() => window.told), ['in', 'out: asked']);
    assert.equal(await tabs[1].evaluate(() => window.hub.isSignedIn()), false);
  });

  it('say that CORS may be why a server on another origin is out of reach, and only there', async () => {
    const { tabs } = await twoTabs();
    const message = await tabs[0].evaluate(() => window.nowhere.api.GET('/health').then(() => '', (reason: Error) => reason.message)); // prettier-ignore
    assert.equal(
      message,
      `The server could not be reached, or does not let pages of ${origin()} call it (CORS_ORIGINS).`,
    );
    await tabs[0].route('**/health', (route) => route.abort());
    const own = await tabs[0].evaluate(() => window.here.api.GET('/health').then(() => '', (reason: Error) => reason.message)); // prettier-ignore
    assert.equal(own, 'The server could not be reached.');
  });

  it('keep their tokens to themselves where the browser forbids to store them', async () => {
    const { tabs } = await twoTabs(`Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })`); // prettier-ignore
    await signUp(tabs[0], 'olga');
    assert.equal(await tabs[0].evaluate(() => window.hub.isSignedIn()), true);
    assert.equal(await tabs[1].evaluate(() => window.hub.isSignedIn()), false);
  });
});

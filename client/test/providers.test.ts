import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Identity, ProviderOptions, UserHub } from '@userhub/client';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { StubIssuer } from '../../test/support/stub-issuer.ts';
import { noBrowser, startBrowser } from './support/browser.ts';
import { type Server, startServer } from './support/server.ts';

/** What the page under test offers. */
interface Tab {
  hub: UserHub;
  /** How what was begun last ended; on the page that people come back to, how that did. */
  ended: Promise<string>;
  opened: Window | null;
  looks: number;
}
declare const window: Tab & typeof globalThis;

const SCRIPT = `
  import { browserStorage, createUserHub } from '@userhub/client';
  window.hub = createUserHub({ baseUrl: API, storage: browserStorage() });
  window.told = (work) => work.then((what) => what ? 'linked ' + what.provider : 'done', (problem) => problem.code);
  const { open } = window;
  window.open = (...given) => (window.opened = open(...given));
  window.looks = 0;
  if (location.pathname === '/signed-in') window.ended = window.told(window.hub.finishSignIn());
`;
const HTML =
  '<!doctype html><title>Tab</title><link rel="icon" href="data:,"><script type="module" src="/tab.js"></script><button>Go</button>';

describe('a provider, in a browser', { skip: noBrowser }, () => {
  const pages = createServer();
  let server: Server;
  let issuer: StubIssuer;
  let browser: Browser;
  let context: BrowserContext;

  before(async () => {
    await new Promise<void>((listening) => pages.listen(0, '127.0.0.1', listening));
    issuer = await StubIssuer.start();
    server = await startServer({
      CORS_ORIGINS: origin(),
      THROTTLE: 'off',
      OIDC_ACME_ISSUER: issuer.url,
      OIDC_ACME_CLIENT_ID: 'userhub',
      OIDC_AWAY_ISSUER: 'http://127.0.0.1:9',
      OIDC_AWAY_CLIENT_ID: 'userhub',
    });
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
    await issuer?.stop();
  });
  beforeEach(async () => {
    issuer.manners = {};
    for (const name of ['ada', 'bob', 'eve']) {
      issuer.people[name] = { sub: name, email: `${name}@example.com`, preferred_username: name };
    }
    context = await browser.newContext();
  });
  afterEach(() => context.close());

  const origin = () => `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;

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

  async function tab(path = '/'): Promise<Page> {
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    await page.goto(origin() + path);
    await page.waitForFunction(() => 'hub' in window);
    return page;
  }

  interface Way extends ProviderOptions {
    provider?: string;
    /** Links in place of signing in. */
    links?: boolean;
  }

  /** Presses a button that goes to the provider; what comes of it is in `ended`. */
  async function press(page: Page, way: Way): Promise<void> {
    await page.evaluate(({ provider = 'acme', links, ...options }) => {
      const told = (window as unknown as { told: (work: Promise<unknown>) => Promise<string> }).told;
      document.querySelector('button')?.addEventListener(
        'click',
        () => {
          window.ended = told(
            links ? window.hub.linkWith(provider, options) : window.hub.signInWith(provider, options),
          );
        },
        { once: true },
      );
    }, way);
    await page.getByRole('button', { name: 'Go' }).click();
  }

  /** The same, and the window that opens. */
  async function pressPopup(page: Page, way: Way): Promise<Page> {
    const [popup] = await Promise.all([page.waitForEvent('popup'), press(page, { in: 'popup', ...way })]);
    return popup;
  }

  /** As a page is that has a window before it; what a provider cut off looks closed to it. */
  const goBehind = (page: Page) =>
    page.evaluate(() => {
      document.hasFocus = () => ++window.looks < 0;
    });
  const ended = (page: Page) => page.evaluate(() => window.ended);
  const isSignedIn = (page: Page) => page.evaluate(() => window.hub.isSignedIn());
  const email = (page: Page) => page.evaluate(async () => (await window.hub.api.GET('/api/auth/me')).data.email);
  /** Comes back in this page. */
  const landed = async (page: Page) => {
    await page.waitForURL(`${origin()}/signed-in?**`);
    await page.waitForFunction(() => 'ended' in window);
    return ended(page);
  };

  describe('in this page', () => {
    it('is left for, and come back from; the address that came back is good once', async () => {
      const page = await tab();
      await press(page, { login_hint: 'ada' });
      assert.equal(await landed(page), 'done');
      assert.equal(await email(page), 'ada@example.com');
      await page.reload();
      assert.equal(await landed(page), 'sign_in_expired');
      assert.equal(await isSignedIn(page), true);
    });

    it('says that somebody has cancelled', async () => {
      issuer.manners.comesBack = ({ state = '', iss = '' }) => ({ error: 'access_denied', state, iss });
      const page = await tab();
      await press(page, {});
      assert.equal(await landed(page), 'access_denied');
    });

    it('is told apart from that of another tab: an address is of no use there, and still is in its own', async () => {
      issuer.manners.lingers = true;
      const [mine, other] = [await tab(), await tab()];
      await press(mine, { login_hint: 'ada' });
      await other.goto((await mine.getByRole('link', { name: 'Go on' }).getAttribute('href')) ?? '');
      assert.equal(await landed(other), 'sign_in_expired');
      assert.equal(await isSignedIn(other), false);
      await mine.goto(other.url());
      assert.equal(await landed(mine), 'done');
      assert.equal(await email(mine), 'ada@example.com');
    });

    it('lets two tabs cross', async () => {
      const tabs = [await tab(), await tab()];
      issuer.manners.lingers = true;
      for (const [n, page] of tabs.entries()) {
        await press(page, { login_hint: ['ada', 'bob'][n] ?? '' });
        await page.getByRole('link', { name: 'Go on' }).waitFor();
      }
      for (const page of tabs.toReversed()) {
        await page.getByRole('link', { name: 'Go on' }).click();
        assert.equal(await landed(page), 'done');
      }
      assert.equal(await email(tabs[0] as Page), 'ada@example.com'); // of one browser, who signed in last
    });

    it('links, too', async () => {
      const page = await tab();
      await press(page, { login_hint: 'bob' });
      assert.equal(await landed(page), 'done');
      issuer.people['bob at work'] = { sub: 'bob-2', email: 'bob@work.example' };
      await press(page, { links: true, login_hint: 'bob at work' });
      await page.waitForURL((url) => url.pathname === '/signed-in');
      assert.equal(await landed(page), 'linked acme');
      const items = await page.evaluate(async () => (await window.hub.api.GET('/api/auth/identities')).data.items);
      assert.deepEqual(
        items.map(({ email }: Identity) => email),
        ['bob@example.com', 'bob@work.example'],
      );
    });
  });

  describe('in a window', () => {
    it('signs in, and closes it; the page stays where it is', async () => {
      const page = await tab('/here?as=before');
      const popup = await pressPopup(page, { login_hint: 'ada' });
      assert.equal(await ended(page), 'done');
      assert.equal(await email(page), 'ada@example.com');
      if (!popup.isClosed()) await popup.waitForEvent('close');
      assert.equal(page.url(), `${origin()}/here?as=before`);
      assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
    });

    it('is told as cancelled when somebody closes it', async () => {
      issuer.manners.hangs = /authorize/;
      const page = await tab();
      const popup = await pressPopup(page, {});
      await popup.close();
      assert.equal(await ended(page), 'access_denied');
      issuer.manners = {};
      await pressPopup(page, { login_hint: 'ada' });
      assert.equal(await ended(page), 'done');
    });

    it('may be cut off from the page by the provider, which makes it look closed', async () => {
      issuer.manners.lingers = true;
      const page = await tab();
      await goBehind(page);
      const popup = await pressPopup(page, { login_hint: 'ada' });
      await page.waitForFunction(() => window.opened?.closed && window.looks > 5);
      await popup.getByRole('link', { name: 'Go on' }).click();
      assert.equal(await ended(page), 'done');
      assert.equal(await email(page), 'ada@example.com');
    });

    it('falls back to this page where none may open', async () => {
      const page = await tab();
      await page.evaluate(() => {
        window.open = () => null;
      });
      await press(page, { in: 'popup', login_hint: 'ada' });
      assert.equal(await landed(page), 'done');
      assert.equal(await email(page), 'ada@example.com');
    });

    it('listens to nobody else: no page of another origin, and no other flow', async () => {
      issuer.manners.lingers = true;
      const page = await tab();
      await goBehind(page);
      const popup = await pressPopup(page, { login_hint: 'ada' });
      const link = popup.getByRole('link', { name: 'Go on' });
      const back = new URL((await link.getAttribute('href')) ?? '');
      const forged = `${origin()}/signed-in?code=pc_mallorys&state=${back.searchParams.get('state') ?? ''}`;
      await popup.evaluate((address) => {
        // as the provider, or whoever is in its place
        new BroadcastChannel('userhub.flow').postMessage({
          state: new URL(address).searchParams.get('state'),
          address,
        });
      }, forged);
      const stranger = await tab('/signed-in?code=pc_mallorys&state=of-mallory');
      assert.equal(await ended(stranger), 'sign_in_expired');
      await link.click();
      assert.equal(await ended(page), 'done');
      assert.equal(await email(page), 'ada@example.com');
    });

    it('crosses with that of another tab', async () => {
      issuer.manners.lingers = true;
      const tabs = [await tab(), await tab()];
      const links = [];
      for (const [n, page] of tabs.entries()) {
        await goBehind(page);
        const popup = await pressPopup(page, { login_hint: ['ada', 'bob'][n] ?? '' });
        links.push(popup.getByRole('link', { name: 'Go on' }));
      }
      for (const n of [1, 0]) {
        await links[n]?.click();
        assert.equal(await ended(tabs[n] as Page), 'done');
        assert.equal(await email(tabs[n] as Page), ['ada', 'bob'][n] + '@example.com');
      }
    });

    it('links, and fails as the server says', async () => {
      const page = await tab();
      await pressPopup(page, { login_hint: 'eve' });
      assert.equal(await ended(page), 'done');
      await pressPopup(page, { links: true, login_hint: 'ada' });
      assert.equal(await ended(page), 'identity_taken');
      issuer.people['eve at work'] = { sub: 'eve-2', email: 'eve@work.example' };
      await pressPopup(page, { links: true, login_hint: 'eve at work' });
      assert.equal(await ended(page), 'linked acme');
    });

    it('says in words that a provider is away', async () => {
      const page = await tab();
      const popup = await pressPopup(page, { provider: 'away' });
      await popup.getByRole('alert').filter({ hasText: 'Away can’t be reached at the moment' }).waitFor();
      await popup.close();
      assert.equal(await ended(page), 'access_denied');
    });
  });
});

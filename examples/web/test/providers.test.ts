import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { createUserHub } from '@userhub/client';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { noBrowser, startBrowser } from '../../../client/test/support/browser.ts';
import { mailTo, totpCode } from '../../../client/test/support/codes.ts';
import { type Server, startServer } from '../../../client/test/support/server.ts';
import { assertAccessible, assertFitsPhone } from './support/accessible.ts';
import { freePort, LocalIssuer } from './support/idp.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const PASSWORD = 'correct horse battery';

describe('the example front end, with providers', { skip: noBrowser }, () => {
  let api: Server;
  let web: ViteDevServer;
  let browser: Browser;
  let local: LocalIssuer;
  let second: LocalIssuer;
  let url: string;
  /** What the pages of a test complained about, and where they went that isn't this machine. */
  const complaints: string[] = [];

  before(async () => {
    local = new LocalIssuer(await freePort(), () => api.url);
    second = new LocalIssuer(await freePort(), () => api.url);
    const provider = (name: string, issuer: LocalIssuer, more: Record<string, string>) =>
      Object.fromEntries(
        Object.entries({
          ISSUER: issuer.url,
          CLIENT_ID: 'userhub',
          CLIENT_SECRET: 'for development only',
          ...more,
        }).map(([key, value]) => [`OIDC_${name}_${key}`, value]),
      );
    api = await startServer({
      THROTTLE: 'off',
      ...provider('LOCAL', local, { LABEL: 'Local issuer', TRUST_EMAIL: 'true' }),
      ...provider('SECOND', second, { LABEL: 'Second issuer' }),
    });
    await Promise.all([local.start(), second.start()]);
    process.env['API_URL'] = api.url; // read by vite.config.ts
    web = await createServer({ root: ROOT, server: { host: '127.0.0.1', port: 0 }, logLevel: 'error' });
    await web.listen();
    url = `http://127.0.0.1:${(web.httpServer?.address() as AddressInfo).port}`;
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await web?.close();
    await api?.stop();
    await Promise.all([local?.stop(), second?.stop()]);
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    assert.deepEqual(complaints.splice(0), []);
  });

  /** A browser of its own: another profile, other cookies. */
  async function newBrowser(): Promise<BrowserContext> {
    const context = await browser.newContext();
    context.setDefaultTimeout(15_000);
    context.on('weberror', (error) => complaints.push(String(error.error())));
    context.on('request', (request) => {
      if (new URL(request.url()).hostname !== '127.0.0.1') complaints.push(`went to ${request.url()}`);
    });
    return context;
  }

  async function visit(hash = '', context?: BrowserContext): Promise<Page> {
    const page = await (context ?? (await newBrowser())).newPage();
    await page.goto(`${url}/${hash}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    return page;
  }

  /** Says who somebody is, on the page of the issuer. */
  async function beSomebody(page: Page, email: string, { verified = true, name = '' } = {}): Promise<void> {
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor();
    await page.getByLabel('E-mail address').fill(email);
    if (name) await page.getByLabel('Name').fill(name);
    await page.getByLabel('The address is verified').setChecked(verified);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  async function register(username: string, { verified = false } = {}): Promise<void> {
    const hub = createUserHub({ baseUrl: api.url });
    const email = `${username}@example.com`;
    await hub.signUp({ username, email, password: PASSWORD });
    if (verified) await hub.verifyEmail({ code: (await mailTo(api.url, email, 'verify')).code });
  }

  async function typePassword(page: Page, username: string): Promise<void> {
    await page.getByLabel('E-mail address or username').fill(username);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  async function signIn(page: Page, username: string): Promise<void> {
    await typePassword(page, username);
    await heading(page, 'Posts');
  }

  /** Comes by the local issuer in this page, and gets in. */
  async function comeBy(page: Page, label: string, email: string, who: { verified?: boolean; name?: string } = {}) {
    await page.getByRole('button', { name: `with ${label}` }).click();
    await beSomebody(page, email, who);
    await heading(page, 'Posts');
  }

  const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  const isSaid = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();
  const toProfile = async (page: Page) => {
    await page.getByRole('link', { name: 'Profile', exact: true }).click();
    await heading(page, 'Profile');
    await page.getByRole('heading', { name: 'Linked accounts' }).waitFor();
  };
  const linked = (page: Page) => page.getByRole('list', { name: 'Linked accounts' }).getByRole('listitem');
  /** Links by the window that opens. */
  async function linkInWindow(page: Page, label: string, email: string): Promise<void> {
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: `Link ${label}` }).click()]); // prettier-ignore
    await beSomebody(popup, email);
    if (!popup.isClosed()) await popup.waitForEvent('close');
  }
  /** As if somebody had signed in a while ago: the next delicate call asks for more. */
  const growStale = (page: Page, path: string, methods: string[]) =>
    page.route(
      path,
      (route) => {
        const step_up = { acr: 'aal1', max_age: 600, methods };
        return route.fulfill({ status: 403, json: { status: 403, code: 'step_up_required', title: 'Forbidden', detail: 'Once more.', step_up } }); // prettier-ignore
      },
      { times: 1 },
    );

  it('signs a new person up, and in again in another browser', async () => {
    const page = await visit('#/sign-up');
    await assertAccessible(page, 'sign-up-providers');
    await comeBy(page, 'Local issuer', 'ada@example.com', { name: 'Ada Lovelace' });
    await page.getByRole('banner').getByText('Ada Lovelace').waitFor();

    const elsewhere = await visit();
    await comeBy(elsewhere, 'Local issuer', 'ada@example.com');
    await toProfile(elsewhere);
    assert.equal(await elsewhere.getByLabel('Username').inputValue(), 'ada');
    await elsewhere.getByText('Your account has no password').waitFor();
    assert.equal(await linked(elsewhere).count(), 1);
    await assertAccessible(elsewhere, 'profile-no-password');
    await assertFitsPhone(elsewhere, 'profile-no-password');

    await elsewhere.goto(`${url}/signed-in?code=pc_x&state=another`); // the back button, or a stranger's link
    await heading(elsewhere, 'Profile');
    await isSaid(elsewhere, 'took too long, or was begun elsewhere');
  });

  it('links a second provider, unlinks one, and keeps the last way in', async () => {
    const page = await visit();
    await comeBy(page, 'Local issuer', 'bob@example.com');
    await toProfile(page);
    await page.getByRole('button', { name: 'Unlink Local issuer' }).click();
    await page.getByRole('button', { name: 'Unlink it' }).click();
    await isSaid(page, 'This is the only way into your account. Set a password, add a passkey, or link another provider first.'); // prettier-ignore

    await linkInWindow(page, 'Second issuer', 'bob@work.example');
    await isSaid(page, 'Second issuer opens your account from now on.');
    assert.equal(await linked(page).count(), 2);
    await linked(page).filter({ hasText: 'bob@work.example' }).waitFor();
    await assertAccessible(page, 'linked-accounts');
    await assertFitsPhone(page, 'linked-accounts');
    await page.getByRole('button', { name: 'Unlink Local issuer' }).click();
    await assertAccessible(page, 'unlink');
    await page.getByRole('button', { name: 'Unlink it' }).click();
    await isSaid(page, 'Local issuer no longer opens your account.');

    const elsewhere = await visit();
    await comeBy(elsewhere, 'Second issuer', 'bob@work.example');
    await elsewhere.getByRole('banner').getByText('bob').waitFor();
  });

  it('says so when an account at a provider belongs to somebody else here, or the window was closed', async () => {
    const other = await visit();
    await comeBy(other, 'Second issuer', 'taken@work.example');
    await register('carl');
    const page = await visit();
    await signIn(page, 'carl');
    await toProfile(page);
    await linkInWindow(page, 'Second issuer', 'taken@work.example');
    await isSaid(page, 'opens another account here already');
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'Link Local issuer' }).click()]); // prettier-ignore
    await popup.getByRole('heading', { name: 'Who are you?' }).waitFor();
    await popup.close();
    await isSaid(page, 'The window was closed');
  });

  it('links in this page where no window may open', async () => {
    await register('dora');
    const page = await visit();
    await signIn(page, 'dora');
    await toProfile(page);
    await page.evaluate(() => {
      window.open = () => null;
    });
    await page.getByRole('button', { name: 'Link Local issuer' }).click();
    await beSomebody(page, 'dora@work.example');
    await heading(page, 'Profile');
    await isSaid(page, 'Local issuer opens your account from now on.');
    assert.equal(await linked(page).count(), 1);
  });

  it('has somebody sign in their own way first where their address has an account, and links then', async () => {
    await register('erin', { verified: true });
    const page = await visit();
    await page.getByRole('button', { name: 'with Second issuer' }).click(); // whose word is not taken for an address
    await beSomebody(page, 'erin@example.com');
    await page.getByText('You have an account here with this e-mail address').waitFor();
    await assertAccessible(page, 'account-exists');
    await assertFitsPhone(page, 'account-exists');
    await signIn(page, 'erin');
    await isSaid(page, 'Second issuer opens your account from now on.');
    await toProfile(page);
    await linked(page).filter({ hasText: 'Second issuer' }).waitFor();
  });

  it('refuses a planted account, and says what its owner can do: who planted it has nothing of it', async () => {
    await register('mallory-frank'); // made by mallory, with an address that isn't hers
    const mallory = createUserHub({ baseUrl: api.url });
    await mallory.signIn({ username: 'mallory-frank', password: PASSWORD });
    const page = await visit();
    await page.getByRole('button', { name: 'with Local issuer' }).click();
    await beSomebody(page, 'mallory-frank@example.com');
    await page.getByText('nobody has shown yet that the address is theirs').waitFor();
    await assertAccessible(page, 'planted');
    await assertFitsPhone(page, 'planted');
    await page.getByRole('link', { name: 'Send me a mail' }).click();
    await page.getByLabel('E-mail address').fill('mallory-frank@example.com');
    await page.getByRole('button', { name: 'Send the mail' }).click();
    await page
      .getByLabel('Code from the mail')
      .fill((await mailTo(api.url, 'mallory-frank@example.com', 'reset')).code);
    await page.getByLabel('New password').fill('a better horse battery');
    await page.getByRole('button', { name: 'Save the password' }).click();
    await heading(page, 'Sign in');
    await assert.rejects(mallory.api.GET('/api/auth/me'), { status: 401 });
    // its address is confirmed by now, so both sides vouch for it
    await page.getByRole('button', { name: 'with Local issuer' }).click();
    await heading(page, 'Posts');
    await toProfile(page);
    assert.equal(await linked(page).count(), 1);
  });

  it('lets two tabs cross', async () => {
    const context = await newBrowser();
    const [one, two] = [await visit('', context), await visit('', context)];
    await one.getByRole('button', { name: 'with Local issuer' }).click();
    await one.getByRole('heading', { name: 'Who are you?' }).waitFor();
    await two.getByRole('button', { name: 'with Second issuer' }).click();
    await beSomebody(two, 'gina@work.example');
    await heading(two, 'Posts');
    await two.getByRole('banner').getByText('gina').waitFor();
    await beSomebody(one, 'gina@example.com', { name: 'Gina at home' });
    await heading(one, 'Posts');
    await one.getByRole('banner').getByText('Gina at home').waitFor();
    await two.getByRole('banner').getByText('Gina at home').waitFor(); // one browser, one person: who came last
  });

  it('goes on without an issuer, says in words that it is away, and with it once it is back', async () => {
    await register('hugo');
    const page = await visit();
    await comeBy(page, 'Local issuer', 'ines@example.com');
    await local.stop();
    try {
      await page.getByRole('button', { name: 'Sign out' }).click();
      await heading(page, 'Sign in');
      await page.getByRole('button', { name: 'with Local issuer' }).click();
      const alert = page.getByRole('alert').filter({ hasText: 'Local issuer can’t be reached at the moment.' });
      await alert.waitFor();
      await assertAccessible(page, 'provider-away');
      await assertFitsPhone(page, 'provider-away');
      await page.getByRole('link', { name: 'Back to 127.0.0.1' }).click();
      await signIn(page, 'hugo');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await comeBy(page, 'Second issuer', 'hugo@work.example');
    } finally {
      await local.start();
    }
    const again = await visit();
    await comeBy(again, 'Local issuer', 'ines@example.com');
    await again.getByRole('banner').getByText('ines').waitFor();
  });

  it('offers a password to who has none', async () => {
    const page = await visit();
    await comeBy(page, 'Local issuer', 'jack@example.com');
    await toProfile(page);
    assert.equal(await page.getByLabel('Current password').count(), 0);
    await page.getByRole('button', { name: 'Set a password' }).click();
    await page.getByLabel('Code from the mail').fill((await mailTo(api.url, 'jack@example.com', 'reset')).code);
    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Save the password' }).click();
    await heading(page, 'Sign in');
    await signIn(page, 'jack');
    await toProfile(page);
    await page.getByLabel('Current password').waitFor();
    assert.equal(await linked(page).count(), 1); // the address was confirmed: nothing was taken away
  });

  it('has who has no password sign in by the provider again before something delicate', async () => {
    const page = await visit();
    await comeBy(page, 'Local issuer', 'kate@example.com');
    await toProfile(page);
    await growStale(page, '**/api/auth/identities', []); // of the list, which is asked anew then
    await page.reload();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Sign in again with Local issuer' }).waitFor();
    await assertAccessible(page, 'step-up-provider');
    await assertFitsPhone(page, 'step-up-provider');
    const [popup] = await Promise.all([page.waitForEvent('popup'), dialog.getByRole('button', { name: 'Sign in again with Local issuer' }).click()]); // prettier-ignore
    if (!popup.isClosed()) await popup.waitForEvent('close');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Linked accounts' }).waitFor();
    await page.getByRole('banner').getByText('kate').waitFor();
  });

  it('asks for the second factor after a provider, too, and remembers the device for the password', async () => {
    await register('lena', { verified: true });
    const hub = createUserHub({ baseUrl: api.url });
    await hub.signIn({ username: 'lena', password: PASSWORD });
    const { data } = await hub.api.POST('/api/auth/mfa/totp');
    await hub.confirmTotp({ setup_token: data.setup_token, code: totpCode(data.secret, -1) });
    const page = await visit();
    await page.getByRole('button', { name: 'with Local issuer' }).click();
    await beSomebody(page, 'lena@example.com');
    await page.getByText('One more step').waitFor();
    await assertFitsPhone(page, 'second-factor');
    await page.getByLabel('Remember this device').check();
    await page.getByLabel('Code').fill(totpCode(data.secret));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await heading(page, 'Posts');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signIn(page, 'lena'); // no second factor
    await toProfile(page);
    await page.getByText('One device is remembered').waitFor();
    await assertAccessible(page, 'remembered');
    await page.getByRole('button', { name: 'Turn it off' }).waitFor();
  });
});

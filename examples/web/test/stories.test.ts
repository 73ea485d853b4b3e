import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { createUserHub, type UserHub } from '@userhub/client';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { mailTo, totpCode } from '../../../client/test/support/codes.ts';
import { noBrowser, startBrowser } from '../../../client/test/support/browser.ts';
import { type Server, startServer } from '../../../client/test/support/server.ts';
import { assertAccessible, assertFitsPhone } from './support/accessible.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const PASSWORD = 'correct horse battery';

describe('the example front end', { skip: noBrowser }, () => {
  let api: Server;
  let web: ViteDevServer;
  let browser: Browser;
  let url: string;
  /** What the pages of a test complained about. */
  const complaints: string[] = [];

  before(async () => {
    api = await startServer({ THROTTLE: 'off' });
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
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    assert.deepEqual(complaints.splice(0), []);
  });

  async function visit(hash = '', options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    return open(page, hash);
  }

  async function open(page: Page, hash = ''): Promise<Page> {
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      // answers that aren't 2xx are part of the stories
      if (message.type() === 'error' && !message.text().startsWith('Failed to load')) complaints.push(message.text());
    });
    await page.goto(`${url}/${hash}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    return page;
  }

  /** Another device of a person: the client in Node. */
  async function device(username: string): Promise<UserHub> {
    const hub = createUserHub({ baseUrl: api.url });
    await hub.signIn({ username, password: PASSWORD });
    return hub;
  }

  async function register(username: string, more: { display_name?: string } = {}): Promise<void> {
    const hub = createUserHub({ baseUrl: api.url });
    await hub.signUp({ username, email: `${username}@example.com`, password: PASSWORD, ...more });
    await hub.signOut();
  }

  async function signIn(page: Page, name: string, password = PASSWORD): Promise<void> {
    await page.getByLabel('E-mail address or username').fill(name);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await heading(page, 'Posts');
  }

  const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  const go = async (page: Page, name: string) => {
    await page.getByRole('link', { name, exact: true }).click();
    await heading(page, name);
    await page.locator('.page[aria-busy]').waitFor({ state: 'detached' });
  };
  const isSaid = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();
  const texts = async (list: Locator) => (await list.allInnerTexts()).map((text) => text.trim());

  it('signs up, and says what is wrong beside the field', async () => {
    await register('taken');
    const page = await visit('#/sign-up');
    await assertAccessible(page, 'sign-up');
    await page.getByLabel('E-mail address').fill('taken@example.com');
    await page.getByLabel('Username').fill('a!');
    await page.getByLabel('Display name').fill('Ada Lovelace');
    await page.getByLabel('Password').fill('password');
    const submit = page.getByRole('button', { name: 'Sign up' });
    await submit.click();
    const username = page.getByLabel('Username');
    await page.getByText('Must have 3 to 32 letters').waitFor();
    assert.equal(await username.getAttribute('aria-invalid'), 'true');
    assert.equal(await username.evaluate((field) => field === document.activeElement), true);
    await assertAccessible(page, 'sign-up-errors');

    await username.fill('ada');
    await page.getByLabel('Password').fill(PASSWORD);
    await submit.click();
    await page.getByText('This e-mail address is already in use').waitFor();
    await page.getByLabel('E-mail address').fill('ada@example.com');
    await submit.click();
    await heading(page, 'Posts');
    await page.getByRole('banner').getByText('Ada Lovelace').waitFor();
  });

  it('confirms an address by the code of the mail', async () => {
    const page = await visit('#/sign-up');
    await page.getByLabel('E-mail address').fill('nina@example.com');
    await page.getByLabel('Username').fill('nina');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign up' }).click();
    await heading(page, 'Posts');
    await go(page, 'Profile');
    await page.getByRole('link', { name: 'Confirm it' }).click();
    await heading(page, 'Confirm your address');
    await page.getByText('nina@example.com').waitFor();
    await assertAccessible(page, 'verify-email');
    const code = page.getByLabel('Code from the mail');
    await code.fill('abc');
    await page.getByRole('button', { name: 'Confirm address' }).click();
    await page.locator('[aria-invalid=true]').waitFor();
    await code.fill((await mailTo(api.url, 'nina@example.com', 'verify')).code);
    await page.getByRole('button', { name: 'Confirm address' }).click();
    await heading(page, 'Profile');
    await page.getByRole('heading', { name: 'Passkeys' }).waitFor();
    assert.equal(await page.getByText('not confirmed yet').count(), 0);
  });

  it('replaces a forgotten password by the link of the mail, and forgets its token', async () => {
    await register('olga');
    const page = await visit();
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await heading(page, 'Choose a new password');
    await assertAccessible(page, 'forgot-password');
    await page.getByLabel('E-mail address').fill('olga@example.com');
    await page.getByRole('button', { name: 'Send the mail' }).click();
    await page.getByText('a mail is on its way').waitFor();

    const { token } = await mailTo(api.url, 'olga@example.com', 'reset');
    const elsewhere = await (await browser.newContext()).newPage();
    await elsewhere.goto(`${url}/reset-password#token=${token}`);
    await elsewhere.getByText('olga@example.com').waitFor();
    assert.ok(!elsewhere.url().includes(token));
    await assertAccessible(elsewhere, 'reset-password');
    await elsewhere.reload();
    await elsewhere.getByLabel('New password').fill('another horse battery');
    await elsewhere.getByRole('button', { name: 'Save the password' }).click();
    await heading(elsewhere, 'Sign in');
    await isSaid(elsewhere, 'Your new password is saved.');
    await signIn(elsewhere, 'olga', 'another horse battery');
  });

  it('changes a confirmed address by the code sent to the new one, and takes that back by the link sent to the old', async () => {
    await register('sam');
    const sam = await device('sam');
    await sam.verifyEmail({ code: (await mailTo(api.url, 'sam@example.com', 'verify')).code });
    const page = await visit();
    await signIn(page, 'sam');
    await go(page, 'Profile');
    await page.getByLabel('E-mail address').fill('new-sam@example.com');
    await page.locator('[name=current_password]').first().fill(PASSWORD);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('new-sam@example.com').waitFor();
    await page.getByRole('link', { name: 'Confirm it' }).click();
    await heading(page, 'Confirm your new address');
    await page.getByLabel('Code from the mail').fill((await mailTo(api.url, 'new-sam@example.com', 'change')).code);
    await page.getByRole('button', { name: 'Confirm address' }).click();
    await heading(page, 'Profile');

    const { token } = await mailTo(api.url, 'sam@example.com', 'email_change_requested');
    const elsewhere = await (await browser.newContext()).newPage();
    await elsewhere.goto(`${url}/revert-email-change#token=${token}`);
    await elsewhere.getByText('sam@example.com', { exact: true }).waitFor();
    await assertAccessible(elsewhere, 'revert-email-change');
    await elsewhere.getByRole('button', { name: 'Take it back' }).click();
    await heading(elsewhere, 'Sign in');
    await isSaid(elsewhere, 'The address is back.');
  });

  it('accepts an invitation', async () => {
    const root = createUserHub({ baseUrl: api.url });
    await root.signIn(api.admin);
    await root.api.POST('/api/invitations', { body: { email: 'paula@example.com', display_name: 'Paula' } });
    const { token } = await mailTo(api.url, 'paula@example.com', 'invitation');
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${url}/accept-invitation#token=${token}`);
    await page.getByText('paula@example.com').waitFor();
    await assertAccessible(page, 'accept-invitation');
    await page.getByLabel('Username').fill('paula');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Accept' }).click();
    await heading(page, 'Posts');
    await page.getByRole('banner').getByText('Paula').waitFor();
  });

  it('sets up an authenticator app, and asks for its code at the next sign-in', async () => {
    await register('quinn');
    const page = await visit();
    await signIn(page, 'quinn');
    await go(page, 'Profile');
    await page.getByRole('button', { name: 'Set up an app' }).click();
    await page.getByRole('img', { name: 'QR code' }).waitFor();
    await assertAccessible(page, 'authenticator-app');
    const secret = await page.locator('.setup code').innerText();
    await page.getByLabel('Code from the app').fill(totpCode(secret, -1));
    await page.getByRole('button', { name: 'Turn it on' }).click();
    const codes = page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem');
    await codes.first().waitFor();
    assert.equal(await codes.count(), 10);
    const recoveryCode = await codes.first().innerText();
    await assertAccessible(page, 'recovery-codes');
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await isSaid(page, 'Your second factor is on.');
    await page.getByText('10 recovery codes are left').waitFor();

    for (const proof of [totpCode(secret), recoveryCode]) {
      await page.getByRole('button', { name: 'Sign out' }).click();
      await heading(page, 'Sign in');
      await page.getByLabel('E-mail address or username').fill('quinn');
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('One more step').waitFor();
      await assertAccessible(page, 'second-factor');
      await page.getByLabel('Code').fill('no code');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.locator('[aria-invalid=true], .error:not(:empty)').first().waitFor();
      await page.getByLabel('Code').fill(proof);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await heading(page, 'Posts');
    }
  });

  it('asks once more who is there before something delicate, and then does it', async () => {
    await register('tina');
    const page = await visit();
    await signIn(page, 'tina');
    await go(page, 'Profile');
    const step_up = { acr: 'aal1', max_age: 600, methods: ['password'] };
    const problem = { status: 403, code: 'step_up_required', title: 'Forbidden', detail: 'Once more.', step_up };
    // as if she had signed in long ago
    await page.route('**/api/auth/mfa/totp', (route) => route.fulfill({ status: 403, json: problem }), { times: 1 });
    await page.getByRole('button', { name: 'Set up an app' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Your password').fill('a wrong horse battery');
    await assertAccessible(page, 'step-up');
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await dialog.locator('[aria-invalid=true]').waitFor();
    await dialog.getByLabel('Your password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('img', { name: 'QR code' }).waitFor();
    assert.equal(await dialog.count(), 0);
  });

  it('adds a passkey, and signs in by it alone', async () => {
    await register('rosa');
    const page = await visit();
    await page.goto(url.replace('127.0.0.1', 'localhost'));
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true } as const; // prettier-ignore
    await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
    await signIn(page, 'rosa');
    await go(page, 'Profile');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await isSaid(page, 'Your passkey is added.');
    await page.getByRole('list', { name: 'Passkeys' }).getByRole('listitem').waitFor();
    await assertAccessible(page, 'passkeys');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await heading(page, 'Sign in');
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('banner').getByText('rosa').waitFor();
  });

  it('renames a passkey, asks for it after the password and once more before something delicate, and removes it', async () => {
    await register('ruth');
    const page = await visit();
    await page.goto(url.replace('127.0.0.1', 'localhost'));
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true } as const; // prettier-ignore
    await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
    await signIn(page, 'ruth');
    await go(page, 'Profile');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await isSaid(page, 'Your passkey is added.');
    await page.getByRole('button', { name: /^Rename/ }).click();
    await page.getByLabel('Name', { exact: true }).fill('My phone');
    await assertAccessible(page, 'rename-passkey');
    await page.getByRole('button', { name: 'Save the name' }).click();
    await isSaid(page, 'The passkey is called “My phone” now.');

    await page.getByRole('button', { name: 'Ask for a passkey after the password' }).click();
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await isSaid(page, 'Your second factor is on.');
    await assertAccessible(page, 'passkey-as-factor');
    await assertFitsPhone(page, 'passkey-as-factor');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await heading(page, 'Sign in');
    await page.getByLabel('E-mail address or username').fill('ruth');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('One more step').waitFor();
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await heading(page, 'Posts');

    await go(page, 'Profile');
    const step_up = { acr: 'aal2', max_age: 600, methods: ['passkey', 'recovery_code'] };
    const problem = { status: 403, code: 'step_up_required', title: 'Forbidden', detail: 'Once more.', step_up };
    await page.route('**/api/auth/mfa', (route) => route.request().method() === 'PUT' ? route.fulfill({ status: 403, json: problem }) : route.fallback(), { times: 1 }); // prettier-ignore
    await page.getByRole('button', { name: 'Turn it off' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Turn it off' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Code').waitFor();
    await assertAccessible(page, 'step-up-passkey');
    await assertFitsPhone(page, 'step-up-passkey');
    await dialog.getByRole('button', { name: 'Use a passkey' }).click();
    await isSaid(page, 'Your second factor is off.');
    await page.getByRole('button', { name: 'Remove “My phone”' }).click();
    await page.getByRole('button', { name: 'Remove the passkey' }).click();
    await isSaid(page, '“My phone” is removed.');
  });

  it('signs in by keyboard alone', async () => {
    await register('keys');
    const page = await visit();
    await assertAccessible(page, 'sign-in');
    await page.keyboard.press('Tab'); // from the heading, which has the focus
    await page.keyboard.type('keys');
    await page.keyboard.press('Tab');
    await page.keyboard.type('a wrong horse battery');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: /\w+/ }).waitFor();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await heading(page, 'Posts');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Posts');

    await go(page, 'Tasks');
    const backwards = [];
    for (let n = 0; n < 7; n++) {
      await page.keyboard.press('Shift+Tab');
      backwards.unshift(await page.evaluate(() => document.activeElement?.textContent));
    }
    assert.deepEqual(backwards, ['Skip to content', 'UserHub', 'Posts', 'Tasks', 'Profile', 'Sessions', 'Sign out']);
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
    await heading(page, 'Tasks');
  });

  it('writes, likes and deletes posts', async () => {
    await register('bob', { display_name: 'Bob' });
    const bob = await device('bob');
    for (let n = 1; n <= 12; n++)
      await bob.api.POST('/api/posts', { body: { title: `Note ${n}`, content: 'Some words.' } });
    await register('carol');
    const page = await visit();
    await signIn(page, 'carol');

    await page.getByLabel('Title').fill('Hello');
    await page.getByLabel('What do you want to say?').fill('<b>first</b>\nand second line');
    await page.getByRole('button', { name: 'Publish' }).click();
    await isSaid(page, 'Your post is published.');
    const posts = page.getByRole('list', { name: 'Posts' }).getByRole('listitem');
    const own = posts.first();
    await own.getByText('<b>first</b>').waitFor();

    const like = posts.nth(1).getByRole('button', { name: /Like/ });
    await like.click();
    await page.getByRole('button', { name: 'Like (1)', pressed: true }).waitFor();
    assert.equal(
      await posts
        .nth(1)
        .getByRole('button', { name: /Delete/ })
        .count(),
      0,
    );
    await assertAccessible(page, 'posts');
    await like.click();
    await page.getByRole('button', { name: 'Like (1)' }).waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByRole('heading', { name: 'Note 1', exact: true }).waitFor();
    assert.equal(await posts.count(), 13);
    const remove = page.getByRole('button', { name: 'Delete “Hello”' });
    await remove.click();
    const question = page.getByRole('alertdialog', { name: 'Delete “Hello”, and all its likes?' });
    await assertAccessible(page, 'question');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Cancel');
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    assert.equal(await posts.count(), 13);
    assert.equal(await remove.evaluate((button) => button === document.activeElement), true);
    await remove.click();
    await question.getByRole('button', { name: 'Delete the post' }).click();
    await isSaid(page, 'The post is deleted.');
    assert.equal(await posts.count(), 12);
    assert.match((await page.evaluate(() => document.activeElement?.textContent)) ?? '', /Note 12/);
  });

  it('keeps tasks', async () => {
    await register('dan');
    const page = await visit();
    await signIn(page, 'dan');
    await go(page, 'Tasks');
    const tasks = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem');
    for (const title of ['Water the plants', 'Feed the cat']) {
      await page.getByLabel('New task').fill(title);
      await page.getByLabel('New task').press('Enter');
      await isSaid(page, `“${title}” is added.`);
    }
    const done = page.waitForResponse((response) => response.request().method() === 'PATCH');
    await page.getByRole('checkbox', { name: 'Water the plants' }).check();
    assert.equal((await done).status(), 200);
    await assertAccessible(page, 'tasks');

    await page.getByRole('radio', { name: 'Open' }).check();
    await page.getByText('Water the plants', { exact: true }).waitFor({ state: 'detached' });
    await page.getByRole('radio', { name: 'Done' }).check();
    await page.getByText('Feed the cat', { exact: true }).waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('checkbox', { name: 'Water the plants' }).isChecked(), true);
    await page.getByRole('button', { name: 'Delete “Water the plants”' }).click();
    await page.getByRole('button', { name: 'Delete the task' }).click();
    await page.getByText('Nothing done yet.').waitFor();
    await assertAccessible(page, 'tasks-empty');
    await page.getByRole('button', { name: 'Show all tasks' }).click();
    assert.equal(await page.getByRole('radio', { name: 'All' }).isChecked(), true);
    await page.getByText('Feed the cat', { exact: true }).waitFor();
    assert.equal(await tasks.count(), 1);
  });

  it('edits the profile, but not over what was changed elsewhere', async () => {
    await register('eve');
    const page = await visit();
    await signIn(page, 'eve');
    await go(page, 'Profile');
    await assertAccessible(page, 'profile');
    const name = page.getByLabel('Display name');
    const save = page.getByRole('button', { name: 'Save' });
    await name.fill('Eve');
    await save.click();
    await isSaid(page, 'Your profile is saved.');
    await page.getByRole('banner').getByText('Eve', { exact: true }).waitFor();

    const elsewhere = await device('eve');
    const { data: eve } = await elsewhere.api.GET('/api/auth/me');
    const params = { path: { id: eve.id } };
    await elsewhere.api.PATCH('/api/users/{id}', { params, body: { display_name: 'Eve the Second' } });
    await name.fill('Eve the First');
    await save.click();
    await isSaid(page, 'changed elsewhere');
    assert.equal(await name.inputValue(), 'Eve the Second');

    await page.getByLabel('E-mail address').fill('eve2@example.com');
    await save.click();
    await page.locator('[aria-invalid=true]').waitFor();
    await page.getByLabel('Password', { exact: false }).first().fill(PASSWORD);
    await save.click();
    await isSaid(page, 'Your profile is saved.');
    assert.equal((await elsewhere.api.GET('/api/auth/me')).data.email, 'eve2@example.com');
  });

  it('changes the password, which ends other sessions', async () => {
    await register('frank');
    const elsewhere = await device('frank');
    const page = await visit();
    await signIn(page, 'frank');
    await go(page, 'Profile');
    await page.getByLabel('Current password').fill('a wrong horse battery');
    await page.getByLabel('New password').fill('a better horse battery');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.locator('[name=current_password][aria-invalid=true]').waitFor();
    await page.getByLabel('Current password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Change password' }).click();
    await isSaid(page, 'Your password is changed');
    await assert.rejects(elsewhere.api.GET('/api/auth/me'), { status: 401 });
  });

  it('lists sessions and ends them', async () => {
    await register('grace');
    const [first] = [await device('grace'), await device('grace'), await device('grace')];
    const page = await visit();
    await signIn(page, 'grace');
    await go(page, 'Sessions');
    const sessions = page.getByRole('list', { name: 'Sessions' }).getByRole('listitem');
    assert.equal(await sessions.count(), 4);
    assert.deepEqual(await texts(page.getByText('this one')), ['this one']);
    await page.getByText('Chrome on Linux').waitFor();
    await assertAccessible(page, 'sessions');
    await sessions
      .last()
      .getByRole('button', { name: /^End session/ })
      .click();
    await isSaid(page, 'has ended');
    assert.equal(await sessions.count(), 3);
    await assert.rejects(first.api.GET('/api/auth/me'), { status: 401 });
    await page.getByRole('button', { name: 'End all other sessions' }).click();
    await page.getByText('You are signed in nowhere else.').waitFor();
    assert.equal(await sessions.count(), 1);
  });

  it('refreshes without anybody noticing, and says when a session was ended elsewhere', async () => {
    await register('heidi');
    const page = await visit();
    await signIn(page, 'heidi');
    const expire = () =>
      page.evaluate(() => {
        const tokens = JSON.parse(localStorage.getItem('userhub.tokens') ?? '{}') as object;
        localStorage.setItem('userhub.tokens', JSON.stringify({ ...tokens, access_token: 'expired' }));
      });
    await expire();
    await go(page, 'Sessions');
    await page.getByText('this one').waitFor();

    const elsewhere = await device('heidi');
    await elsewhere.api.DELETE('/api/auth/sessions');
    await page.getByRole('link', { name: 'Tasks' }).click();
    await heading(page, 'Sign in');
    await isSaid(page, 'Your session has ended');
  });

  it('signs out in all tabs', async () => {
    await register('ivan');
    const page = await visit();
    await signIn(page, 'ivan');
    const other = await open(await page.context().newPage(), '#/tasks');
    await heading(other, 'Tasks');
    await page.getByRole('button', { name: 'Sign out' }).click();
    for (const tab of [page, other]) await heading(tab, 'Sign in');
    assert.equal(await page.evaluate(() => localStorage.length), 0);
  });

  it('shows admins all users, to search and to leaf through', async () => {
    const root = createUserHub({ baseUrl: api.url });
    await root.signIn(api.admin);
    for (let n = 10; n < 35; n++) {
      const username = `reader${n}`;
      await root.api.POST('/api/users', { body: { username, email: `${username}@example.com`, password: PASSWORD } });
    }
    const page = await visit();
    await signIn(page, api.admin.email, api.admin.password);
    await go(page, 'Users');
    await assertAccessible(page, 'users');
    const names = page.getByRole('rowheader');
    await page.getByLabel('Search').fill('READER');
    await page.getByText('1 to 10 of 25', { exact: true }).waitFor();
    assert.match((await texts(names))[0] ?? '', /reader34/);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('11 to 20 of 25', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('21 to 25 of 25', { exact: true }).waitFor();
    assert.equal(await names.count(), 5);
    assert.equal(await page.getByRole('button', { name: 'Next' }).isDisabled(), true);
    await page.getByRole('button', { name: 'Previous' }).click();
    await page.getByText('11 to 20 of 25', { exact: true }).waitFor();
    await page.getByLabel('Order').selectOption('by username');
    await page.getByText('1 to 10 of 25', { exact: true }).waitFor();
    assert.match((await texts(names))[0] ?? '', /reader10/);
    await page.getByLabel('Search').fill('reader1');
    await page.getByText('1 to 10 of 10', { exact: true }).waitFor();

    const wide = await page.locator('table').evaluate((table) => table.getBoundingClientRect().width / innerWidth);
    assert.ok(wide > 0.9, `the table takes ${wide} of the window`);
    await page.getByLabel('Search').fill('no such reader');
    await page.getByText('Nobody here matches “no such reader”.').waitFor();
    await assertAccessible(page, 'users-empty');
    await page.getByRole('button', { name: 'Clear the search' }).click();
    await page.getByText(/^1 to 10 of \d+$/).waitFor();
  });

  it('keeps filters in the address: they survive a reload, can be sent to others, and the back button knows them', async () => {
    const root = createUserHub({ baseUrl: api.url });
    await root.signIn(api.admin);
    for (let n = 10; n < 35; n++) {
      const username = `writer${n}`;
      await root.api.POST('/api/users', { body: { username, email: `${username}@example.com`, password: PASSWORD } });
    }
    const page = await visit();
    await signIn(page, api.admin.email, api.admin.password);
    await go(page, 'Users');
    await page.getByLabel('Search').fill('writer');
    await page.getByLabel('Order').selectOption('by username');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('11 to 20 of 25', { exact: true }).waitFor();
    assert.equal(new URL(page.url()).hash, '#/users?q=writer&sort=username&skip=10');
    await page.reload();
    await page.getByText('11 to 20 of 25', { exact: true }).waitFor();
    assert.deepEqual([await page.getByLabel('Search').inputValue(), await page.getByLabel('Order').inputValue()], ['writer', 'username']); // prettier-ignore
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('21 to 25 of 25', { exact: true }).waitFor();
    await page.goBack();
    await page.getByText('11 to 20 of 25', { exact: true }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'Users' }).getAttribute('aria-current'), 'page');

    await page.goto(`${url}/#/tasks?show=done`);
    await heading(page, 'Tasks');
    await page.getByText('Nothing done yet.').waitFor();
    assert.equal(await page.getByRole('radio', { name: 'Done' }).isChecked(), true);
    await page.getByRole('radio', { name: 'Open' }).check();
    await page.waitForURL(/#\/tasks\?show=open$/);
    await go(page, 'Users');
    assert.equal(new URL(page.url()).hash, '#/users');
    for (const nonsense of ['sort=password_hash', 'skip=-5', 'skip=many', 'q=%E0%A4%A']) {
      await page.goto(`${url}/#/users?${nonsense}`);
      await page.reload();
      await page.locator('.page[aria-busy]').waitFor({ state: 'detached' });
      assert.equal(await page.getByRole('alert').count(), 0, nonsense);
    }
  });

  it('tells times in the language of whoever looks', async () => {
    await register('mona');
    const german = await visit('', { locale: 'de-DE' });
    await signIn(german, 'mona');
    await go(german, 'Sessions');
    const time = german.locator('time').first();
    assert.match((await time.textContent()) ?? '', /^heute, \d\d:\d\d$/);
    assert.equal(await time.getAttribute('lang'), 'de-DE');
  });

  it('shows nobody else the users', async () => {
    await register('judy');
    const page = await visit('#/users');
    await signIn(page, 'judy');
    assert.equal(await page.getByRole('link', { name: 'Users' }).count(), 0);
    await page.goto(`${url}/#/users`);
    await heading(page, 'Posts');
  });

  it('says so when the API is away, and goes on when it is back', async () => {
    await register('kim');
    const page = await visit();
    await signIn(page, 'kim');
    await page.route('**/api/**', (route) => route.abort());
    await page.getByRole('link', { name: 'Tasks' }).click();
    await page.getByRole('alert').filter({ hasText: 'npm start' }).waitFor();
    await assertAccessible(page, 'away');
    await page.unroute('**/api/**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('No tasks yet.').waitFor();
    await page.getByRole('button', { name: 'Add the first one' }).click();
    assert.equal(await page.getByLabel('New task').evaluate((field) => field === document.activeElement), true);
  });

  it('fits a phone', async () => {
    await register('leo', { display_name: 'Leopold the Long-Named of Some-Where' });
    const page = await visit('', { viewport: { width: 360, height: 740 } });
    await signIn(page, 'leo');
    for (const name of ['Posts', 'Tasks', 'Profile', 'Sessions']) {
      await go(page, name);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${name} is ${overflow} pixels too wide`);
      await assertAccessible(page, `phone-${name.toLowerCase()}`, ['light']);
      const { height } = (await page.locator('#top').boundingBox()) ?? { height: Infinity };
      assert.ok(height < 72, `the header is one row: ${height} pixels`);
    }
  });

  it('shows the users as cards on a phone, and still as a table to a screen reader', async () => {
    const page = await visit('', { viewport: { width: 390, height: 800 } });
    await signIn(page, api.admin.email, api.admin.password);
    await page.goto(`${url}/#/users`);
    await heading(page, 'Users');
    const card = page
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader') })
      .first();
    await card.waitFor();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${overflow} pixels too wide`);
    const { width, height } = (await card.boundingBox()) ?? { width: 0, height: 0 };
    assert.ok(width > 300 && width <= 390 && height > 120, `${width} × ${height}`);
    assert.equal(await card.getByRole('cell').count(), 5);
    assert.match(await card.getByRole('cell').first().evaluate((cell) => getComputedStyle(cell, '::before').content), /E-mail address/); // prettier-ignore
    await assertAccessible(page, 'phone-users');
    const { height: header } = (await page.locator('#top').boundingBox()) ?? { height: Infinity };
    assert.ok(header < 72, `the header is one row: ${header} pixels`);
  });
});

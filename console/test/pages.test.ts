import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { noBrowser, startBrowser } from '../../client/test/support/browser.ts';
import { complaints, inspect, open, settled, signIn } from './support/browser.ts';
import { startWorld, type World } from './support/world.ts';

/** Every page and state, in both schemes and at both sizes: axe finds nothing, nothing is too wide, the policy is kept. */
describe('the pages of the console', { skip: noBrowser }, () => {
  let world: World;
  let browser: Browser;
  let page: Page;

  before(async () => {
    world = await startWorld();
    browser = await startBrowser();
    page = await open(browser, `${world.url}/admin/`);
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });
  afterEach(() => assert.deepEqual(complaints.splice(0), []));

  const go = async (hash: string, heading: string | RegExp) => {
    await page.goto(`${world.url}/admin/#/${hash}`);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    await settled(page);
  };

  it('sign in', async () => {
    await inspect(page, 'sign-in');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This is needed.').first().waitFor();
    await inspect(page, 'sign-in-empty');
    await page.getByLabel('E-mail address or username').fill('root');
    await page.getByLabel('Password').fill('not my horse');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'Wrong e-mail address' }).waitFor();
    await inspect(page, 'sign-in-wrong');
    await signIn(page);
  });

  it('overview', async () => {
    await go('', 'Overview');
    await inspect(page, 'overview');
    await go('?days=90', 'Overview');
    await page.getByText('Show as a table').first().click();
    await inspect(page, 'overview-90-table');
  });

  it('users', async () => {
    await go('users', 'Users');
    await inspect(page, 'users');
    await go('users?q=zzzz-nobody', 'Users');
    await inspect(page, 'users-empty');
    await go('users?state=deleted&role=user', 'Users');
    await inspect(page, 'users-filters');
    await go('users', 'Users');
    for (const box of (await page.getByRole('checkbox', { name: /^Select / }).all()).slice(1, 4)) await box.check();
    await inspect(page, 'users-selected');
    await page.getByRole('button', { name: 'Deactivate' }).click();
    await inspect(page, 'users-bulk-dialog');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'New user' }).click();
    await inspect(page, 'new-user');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await inspect(page, 'keys');
    await page.keyboard.press('Escape');
  });

  it('one person', async () => {
    const id = await world.person('vera', {
      display_name: 'Vera Rubin',
      profile_picture_url: 'https://example.com/v.png',
    });
    const vera = await world.device('vera');
    await world.device('vera');
    await vera.api.POST('/api/posts', {
      body: { title: 'Dark matter', content: 'Galaxies turn too fast at their edges. '.repeat(12) },
    });
    await go(`users/${id}`, 'Vera Rubin');
    await inspect(page, 'user');
    for (const tab of ['sessions', 'activity', 'posts']) {
      await go(`users/${id}/${tab}`, 'Vera Rubin');
      await inspect(page, `user-${tab}`);
    }
    await go(`users/${id}`, 'Vera Rubin');
    for (const [button, name] of [
      ['Deactivate', 'deactivate'],
      ['Reset password', 'reset'],
      ['Purge', 'purge'],
    ] as const) {
      await page.getByRole('button', { name: button }).click();
      await inspect(page, `user-dialog-${name}`);
      await page.keyboard.press('Escape');
    }
    await world.root.api.PATCH('/api/users/{id}', {
      params: { path: { id } },
      body: { is_active: false, reason: 'On leave until spring' } as object,
    });
    await page.reload();
    await page.getByText('On leave until spring').waitFor();
    await inspect(page, 'user-deactivated');
    await world.root.api.DELETE('/api/users/{id}', { params: { path: { id } } });
    await page.reload();
    await page.getByText('are free for others').waitFor();
    await inspect(page, 'user-deleted');
    await go('users/01890a5d-ac96-774b-bcce-b302099a8057', /./).catch(() => undefined);
    await inspect(page, 'user-unknown');
  });

  it('somebody who is locked', async () => {
    const id = await world.person('otto', { display_name: 'Otto Hahn' });
    for (let guess = 0; guess < 6; guess++) {
      await fetch(`${world.url}/api/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'otto', password: 'x' }),
      });
    }
    await go(`users/${id}`, 'Otto Hahn');
    await page.getByText('Locked after 5 wrong attempts').waitFor();
    await inspect(page, 'user-locked');
  });

  it('activity', async () => {
    await go('activity', 'Activity');
    await page.locator('.events summary').first().click();
    await inspect(page, 'activity');
    await go('activity?ip=198.51.100.99', 'Activity');
    await inspect(page, 'activity-empty');
  });

  it('invitations, mails and webhooks', async () => {
    for (const [hash, heading] of [
      ['invitations', 'Invitations'],
      ['mails', 'Mails'],
      ['webhooks', 'Webhooks'],
    ] as const) {
      await go(hash, heading);
      await inspect(page, hash);
    }
  });

  it('system', async () => {
    await go('system', 'System');
    await inspect(page, 'system');
  });

  it('a failure, and what is on its way', async () => {
    await page.route('**/api/**', (route) => route.abort());
    await page.goto(`${world.url}/admin/#/users?q=fail`);
    await page.getByRole('alert').filter({ hasText: 'can’t be reached' }).first().waitFor();
    await inspect(page, 'failure');
    await page.unroute('**/api/**');
  });
});

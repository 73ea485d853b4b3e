import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { noBrowser, startBrowser } from '../../client/test/support/browser.ts';
import { complaints, open, settled, signIn } from './support/browser.ts';
import { belowPrefix } from './support/proxy.ts';
import { startWorld, type World } from './support/world.ts';

const HOSTILE = `"><img src=x onerror=alert(1)>`;

/** What must hold whatever stands around the console, and whatever people call themselves. */
describe('the console holds', { skip: noBrowser }, () => {
  let world: World;
  let browser: Browser;

  before(async () => {
    world = await startWorld();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    assert.deepEqual(complaints.splice(0), []);
  });

  it('below a prefix that a proxy takes away, with and without the slash, asking nobody else', async () => {
    const proxy = await belowPrefix(world.url);
    for (const address of [`${proxy.url}/admin`, `${proxy.url}/admin/`]) {
      const page = await open(browser, address);
      assert.equal(page.url(), `${proxy.url}/admin/`);
      const outside: string[] = [];
      page.on('request', (request) => {
        if (!request.url().startsWith(`${proxy.url}/`) && !request.url().startsWith('blob:'))
          outside.push(request.url());
      });
      await signIn(page);
      await settled(page);
      await page.getByRole('link', { name: 'Users', exact: true }).first().click();
      await page.getByRole('rowheader').first().waitFor();
      await page.reload();
      await page.getByRole('rowheader').first().waitFor();
      assert.deepEqual(outside, []);
    }
    proxy.stop();
  });

  it('against markup in names, mails, user agents, titles and reasons: all of it stays text', async () => {
    const id = await world.person('mallory', {
      display_name: HOSTILE,
      profile_picture_url: 'https://example.com/x.png',
    });
    await world.sql(`UPDATE users SET profile_picture_url = 'javascript:alert(1)' WHERE id = $1`, [id]);
    await fetch(`${world.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': HOSTILE },
      body: JSON.stringify({ username: 'mallory', password: 'x' }),
    });
    const mallory = await world.device('mallory');
    await mallory.api.POST('/api/posts', { body: { title: HOSTILE, content: `<script>alert(2)</script>` } });
    const page = await open(browser, `${world.url}/admin/#/users?q=mallory`);
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await signIn(page);
    await page.getByRole('link', { name: HOSTILE }).waitFor();
    for (const tab of ['', '/sessions', '/activity', '/posts']) {
      await page.goto(`${world.url}/admin/#/users/${id}${tab}`);
      await page.getByRole('heading', { level: 1, name: HOSTILE }).waitFor();
      await settled(page);
      assert.equal(await page.locator('main img, main script').count(), 0);
    }
    assert.deepEqual(dialogs, []);
  });

  it('its tokens: none of them is ever in an address or in the log', async () => {
    const page = await open(browser, `${world.url}/admin/`);
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await signIn(page);
    await settled(page);
    const kept = await page.evaluate(() => localStorage.getItem('userhub.console'));
    const { access_token, refresh_token } = JSON.parse(kept ?? '{}') as Record<string, string>;
    for (const token of [access_token ?? 'none', refresh_token ?? 'none']) {
      assert.ok(token.length > 20);
      assert.ok(!addresses.some((address) => address.includes(token)));
      assert.ok(!world.log().includes(token));
    }
    assert.equal(await page.evaluate(() => localStorage.getItem('userhub.tokens')), null); // the example's are its own
  });

  it('by keyboard alone: somebody is found and deactivated', async () => {
    await world.person('nina', { display_name: 'Nina' });
    const page = await open(browser, `${world.url}/admin/`);
    const { keyboard } = page;
    await keyboard.type('root');
    await keyboard.press('Tab');
    await keyboard.type('correct horse battery');
    await keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await keyboard.press('g');
    await keyboard.press('u');
    await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Users');
    await settled(page);
    await page.getByRole('checkbox', { name: 'Select root', exact: true }).focus();
    await keyboard.press('/'); // from a tick box too
    await keyboard.type('nina');
    await page.getByText('1–1 of 1').waitFor();
    await keyboard.press('Tab');
    await keyboard.press('Tab'); // out of where letters are typed, or choose
    await keyboard.press('j');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Nina');
    await keyboard.press('x');
    await page.getByText('1 selected').waitFor();
    await keyboard.press('x');
    await page.getByRole('link', { name: 'Nina' }).focus();
    await keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Nina' }).waitFor();
    for (let tab = 0; tab < 20; tab++) {
      await keyboard.press('Tab');
      if ((await page.evaluate(() => document.activeElement?.textContent)) === 'Deactivate') break;
    }
    await keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.textContent === 'Cancel');
    await keyboard.press('Escape');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Deactivate');
    await keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).waitFor();
    await page.waitForFunction(() => document.activeElement?.textContent === 'Cancel');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Deactivated.' }).waitFor();
    await keyboard.press('?');
    await page.getByRole('dialog').getByRole('checkbox', { name: 'Single keys are on' }).uncheck();
    await keyboard.press('Escape');
    await keyboard.press('g');
    await keyboard.press('u');
    await page.waitForTimeout(200);
    await page.getByRole('heading', { level: 1, name: 'Nina' }).waitFor();
  });
});

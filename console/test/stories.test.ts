import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { noBrowser, startBrowser } from '../../client/test/support/browser.ts';
import { complaints, inspect, open, settled, signIn, tab } from './support/browser.ts';
import { ADMIN, PASSWORD, startWorld, type World } from './support/world.ts';

/** What people who look after accounts do, told by role and name, against a real server. */
describe('the console', { skip: noBrowser }, () => {
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

  const visit = async (hash = '', name?: string): Promise<Page> => {
    const page = await open(browser, `${world.url}/admin/${hash}`);
    await signIn(page, name);
    await settled(page);
    return page;
  };
  const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();
  const said = (page: Page, text: string | RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor();
  const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true }).click();
  const inDialog = (page: Page) => page.getByRole('dialog');
  const names = async (page: Page) => (await page.getByRole('rowheader').getByRole('link').allInnerTexts()).map((text) => text.trim()); // prettier-ignore
  const hash = (page: Page) => page.evaluate(() => location.hash);
  const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent?.trim());
  /** Waits until what says this has the focus: a dialog takes it once it is open. */
  const isFocused = (page: Page, text: string) =>
    page.waitForFunction((said) => document.activeElement?.textContent?.trim() === said, text, { timeout: 5_000 });
  /** The status that this person's next request gets. */
  const statusOf = (hub: Awaited<ReturnType<World['device']>>) =>
    hub.api.GET('/api/auth/me').then(
      () => 200,
      (problem: unknown) => (problem as { status: number }).status,
    );

  describe('at the door', () => {
    it('says what is missing, and that a password is wrong', async () => {
      const page = await open(browser, `${world.url}/admin`);
      await press(page, 'Sign in');
      assert.equal(await page.getByText('This is needed.').count(), 2);
      assert.equal(await page.getByLabel('E-mail address or username').getAttribute('aria-invalid'), 'true');
      await page.getByLabel('E-mail address or username').fill(ADMIN.email);
      await page.getByLabel('Password').fill('not my horse');
      await press(page, 'Show');
      assert.equal(await page.getByLabel('Password').getAttribute('type'), 'text');
      await press(page, 'Sign in');
      await page.getByRole('alert').filter({ hasText: 'Wrong e-mail address, username or password.' }).waitFor();
      await signIn(page, ADMIN.email);
      await heading(page, 'Overview');
    });

    it('refuses who is no admin, in words, and signs them out', async () => {
      await world.person('carol');
      const page = await open(browser, `${world.url}/admin/#/users`);
      await page.getByLabel('E-mail address or username').fill('carol');
      await page.getByLabel('Password').fill(PASSWORD);
      await press(page, 'Sign in');
      await page.getByText('The console is for admins, and carol isn’t one.').waitFor();
      assert.equal(await page.evaluate(() => localStorage.getItem('userhub.console')), null);
      assert.equal(await page.getByRole('navigation').count(), 0);
    });

    it('leads to the place that was asked for', async () => {
      const page = await visit('#/users?q=ada');
      await heading(page, 'Users');
      assert.equal(await page.getByLabel('Search').inputValue(), 'ada');
    });

    it('asks for the second factor of those who have one', async () => {
      const { code, enrol } = await import('./support/authenticator.ts');
      await world.person('sally', { role: 'admin' });
      const secret = await enrol(world, 'sally');
      const page = await open(browser, `${world.url}/admin/`);
      await page.getByLabel('E-mail address or username').fill('sally');
      await page.getByLabel('Password').fill(PASSWORD);
      await press(page, 'Sign in');
      await page.getByLabel('Code from your app').fill('000000');
      await press(page, 'Sign in');
      await page
        .getByRole('alert')
        .filter({ hasText: /code is wrong/i })
        .waitFor();
      await page.getByLabel('Code from your app').fill(await code(secret));
      await press(page, 'Sign in');
      await heading(page, 'Overview');
    });
  });

  describe('with a passkey', () => {
    /** A page on a host that passkeys may belong to, with an authenticator, and a passkey of this admin on it. */
    async function withPasskey(username: string): Promise<Page> {
      await world.person(username, { role: 'admin' });
      const hub = await world.device(username);
      const page = await open(browser, `${world.url.replace('127.0.0.1', 'localhost')}/admin/`);
      const devtools = await page.context().newCDPSession(page);
      await devtools.send('WebAuthn.enable');
      const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true } as const; // prettier-ignore
      await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
      const { data } = await hub.api.POST('/api/auth/passkeys/options');
      const credential = await page.evaluate(async (json) => {
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json as never);
        return ((await navigator.credentials.create({ publicKey })) as PublicKeyCredential).toJSON() as unknown;
      }, data);
      await hub.api.POST('/api/auth/passkeys', { body: { credential: credential as never } });
      return page;
    }

    it('signs in by it alone', async () => {
      const page = await withPasskey('petra');
      await press(page, 'Use a passkey');
      await heading(page, 'Overview');
      assert.deepEqual(await world.sql(`SELECT amr FROM sessions s JOIN users u ON u.id = s.user_id WHERE username = 'petra' AND 'hwk' = ANY(amr)`), [{ amr: ['hwk', 'user', 'mfa'] }]); // prettier-ignore
    });

    it('shows it after the password, and once more before something delicate', async () => {
      const page = await withPasskey('quentin');
      const id = await world.person('quincy');
      const { enrol } = await import('./support/authenticator.ts');
      await enrol(world, 'quincy');
      await world.sql(`UPDATE users SET mfa_enabled = true WHERE username = 'quentin'`);
      await page.getByLabel('E-mail address or username').fill('quentin');
      await page.getByLabel('Password').fill(PASSWORD);
      await press(page, 'Sign in');
      await page.getByLabel('Code from your app').waitFor();
      await press(page, 'Use a passkey');
      await heading(page, 'Overview');
      await page.goto(`${page.url().split('#')[0] ?? ''}#/users/${id}`);
      await heading(page, 'quincy');
      await world.sql(`UPDATE sessions SET auth_time = now() - interval '1 hour' WHERE user_id = (SELECT id FROM users WHERE username = 'quentin')`); // prettier-ignore
      await page.evaluate(() => {
        const tokens = JSON.parse(localStorage.getItem('userhub.console') ?? '{}') as object;
        localStorage.setItem('userhub.console', JSON.stringify({ ...tokens, refresh_at: 0 }));
      });
      await press(page, 'Reset second factor');
      await inDialog(page).getByRole('button', { name: 'Reset second factor' }).click();
      const proof = page.getByRole('dialog').filter({ hasText: 'Is it still you?' });
      await proof.getByRole('button', { name: 'Use a passkey' }).click();
      await said(page, 'They sign in with the password alone now');
    });
  });

  describe('the list of users', () => {
    it('finds by a part of a name, by mail and by a pasted id', async () => {
      const id = await world.person('wilma', { display_name: 'Wilma Rudolph' });
      const page = await visit('#/users');
      for (const [typed, found] of [
        ['rudol', 'Wilma Rudolph'],
        ['WILMA@example', 'Wilma Rudolph'],
        [id, 'Wilma Rudolph'],
      ] as const) {
        await page.getByLabel('Search').fill(typed);
        await page.getByText('1–1 of 1').waitFor();
        assert.deepEqual(await names(page), [found]);
      }
      await page.getByLabel('Search').fill('nobody-like-that');
      await page.getByText('Nobody is like that.').waitFor();
      await page.getByRole('link', { name: 'Clear filters' }).first().click();
      await page.getByText(/^1–20 of \d+$/).waitFor();
    });

    it('keeps its filters: after a reload, by Back, and in a link sent to a colleague', async () => {
      const page = await visit('#/users');
      await page.getByLabel('Search').fill('alan');
      await page.getByLabel('State').selectOption('deactivated');
      await page.waitForFunction(() => location.hash.includes('q=alan') && location.hash.includes('state=deactivated'));
      await settled(page);
      const before = await names(page);
      assert.ok(before.length > 0);
      await page.reload();
      await heading(page, 'Users');
      await settled(page);
      assert.deepEqual(await names(page), before);

      await page
        .getByRole('link', { name: before[0] ?? '' })
        .first()
        .click();
      await heading(page, before[0] ?? '');
      await page.getByText('Deactivated').first().waitFor();
      await page.goBack();
      await heading(page, 'Users');
      await settled(page);
      assert.deepEqual(await names(page), before);
      assert.equal(await focused(page), before[0]);

      const link = await page.evaluate(() => location.href);
      await world.person('cleo', { role: 'admin' });
      const colleague = await open(browser, link);
      await signIn(colleague, 'cleo');
      await settled(colleague);
      assert.deepEqual(await names(colleague), before);
    });

    it('sorts by its heads, and begins at page 1 with another filter', async () => {
      const page = await visit('#/users');
      await press(page, 'Last sign-in');
      assert.equal(
        await page.getByRole('columnheader', { name: 'Last sign-in' }).getAttribute('aria-sort'),
        'descending',
      );
      await press(page, 'Person');
      await settled(page);
      const first = await names(page);
      assert.ok(first.length === 20);
      assert.equal(await page.getByRole('columnheader', { name: 'Person' }).getAttribute('aria-sort'), 'ascending');
      await press(page, 'Next');
      await page.getByText(/^21–40 of/).waitFor();
      assert.match(await hash(page), /skip=20/);
      await page.getByLabel('Search').fill('grace');
      await page.getByText(/^1–\d+ of/).waitFor();
      assert.doesNotMatch(await hash(page), /skip/);
      await page.getByLabel('per page').selectOption('50');
      await page.waitForFunction(() => location.hash.includes('limit=50'));
    });

    it('deactivates three at once, spares the last admin, and takes it back', async () => {
      await world.sql(`UPDATE users SET role = 'user' WHERE role = 'admin' AND username <> 'root'`);
      for (const name of ['bulk-one', 'bulk-two']) await world.person(name);
      const page = await visit('#/users?sort=-created_at');
      for (const name of ['bulk-one', 'bulk-two']) await page.getByRole('checkbox', { name: `Select ${name}` }).check();
      await page.getByLabel('Search').fill('root');
      await page.getByText('1–1 of 1').waitFor();
      assert.equal(await page.getByRole('group', { name: 'Selected people' }).count(), 0); // another list
      await page.getByLabel('Search').fill('');
      await page.getByText(/^1–20 of/).waitFor();
      for (const name of ['bulk-one', 'bulk-two']) await page.getByRole('checkbox', { name: `Select ${name}` }).check();
      await page.goto(`${world.url}/admin/#/users?sort=-created_at&limit=100&role=`);
      await settled(page);
      for (const name of ['bulk-one', 'bulk-two', 'root'])
        await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
      await press(page, 'Deactivate');
      await inDialog(page).getByRole('heading', { name: 'Deactivate 3 people?' }).waitFor();
      await isFocused(page, 'Cancel');
      await inDialog(page).getByLabel('Reason').fill('Holidays');
      await inDialog(page).getByRole('button', { name: 'Deactivate' }).click();
      await said(page, '2 people deactivated; 1 could not be, see the list.');
      await page.getByText('last_admin').waitFor();
      const events = await world.sql<{ reason: string }>(
        `SELECT details->>'reason' AS reason FROM audit_events WHERE action = 'user_deactivated' AND details ? 'reason'`,
      );
      assert.equal(events.filter(({ reason }) => reason === 'Holidays').length, 2);
      await press(page, 'Undo');
      await page.waitForFunction(() => !document.body.textContent?.includes('last_admin'));
      const [active] = await world.sql<{ count: number }>(
        `SELECT count(*)::int AS count FROM users WHERE username LIKE 'bulk-%' AND is_active`,
      );
      assert.equal(active?.count, 2);
    });

    it('exports what the filters find', async () => {
      const page = await visit('#/users?q=root');
      const [file] = await Promise.all([page.waitForEvent('download'), press(page, 'Export CSV')]);
      assert.equal(file.suggestedFilename(), 'users.csv');
      const stream = await file.createReadStream();
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      assert.equal(text.trimEnd().split('\r\n').length, 2);
    });
  });

  describe('a person', () => {
    it('is deactivated with a reason: their next request is refused; and activated by Undo', async () => {
      const id = await world.person('dan', { display_name: 'Dan' });
      const dan = await world.device('dan');
      const page = await visit(`#/users/${id}`);
      await press(page, 'Deactivate');
      await isFocused(page, 'Cancel');
      await inDialog(page).getByLabel('Reason').fill('Asked for it');
      await inDialog(page).getByRole('button', { name: 'Deactivate' }).click();
      await said(page, 'Deactivated.');
      await page.getByText('Asked for it').waitFor();
      await page.getByText('Deactivated').first().waitFor();
      assert.equal(await statusOf(dan), 401);
      await press(page, 'Undo');
      await page.getByRole('button', { name: 'Deactivate', exact: true }).waitFor();
      await world.device('dan');
      await page.getByRole('link', { name: 'Activity', exact: true }).last().click();
      await page.getByText('was deactivated: Asked for it').waitFor();
      await page.getByText('was activated').waitFor();
    });

    it('is deleted and restored, unless somebody has the address by then; purging asks for the name', async () => {
      const id = await world.person('emma');
      const page = await visit(`#/users/${id}`);
      await press(page, 'Delete');
      await inDialog(page).getByRole('button', { name: 'Delete' }).click();
      await said(page, 'Deleted.');
      await page.getByText('are free for others').waitFor();
      await press(page, 'Restore');
      await said(page, 'Restored.');
      await press(page, 'Delete');
      await inDialog(page).getByRole('button', { name: 'Delete' }).click();
      await page.getByText('are free for others').waitFor();
      await world.person('emma');
      await press(page, 'Restore');
      await page.getByRole('alert').filter({ hasText: 'already in use' }).waitFor();

      await press(page, 'Purge');
      const typed = inDialog(page).getByLabel('To confirm, type emma');
      await typed.fill('emm');
      await inDialog(page).getByRole('button', { name: 'Purge' }).click();
      assert.equal(await typed.getAttribute('aria-invalid'), 'true');
      await typed.fill('emma');
      await inDialog(page).getByRole('button', { name: 'Purge' }).click();
      await heading(page, 'Users');
      assert.deepEqual(await world.sql('SELECT id FROM users WHERE id = $1', [id]), []);
    });

    it('gets a link for a new password that works once', async () => {
      const id = await world.person('finn');
      const page = await visit(`#/users/${id}`);
      await press(page, 'Reset password');
      await inDialog(page).getByLabel('How they get in').selectOption('link');
      await inDialog(page).getByRole('button', { name: 'Reset password' }).click();
      const link = await inDialog(page).getByLabel('Link').inputValue();
      assert.match(link, /^https?:\/\/.*#token=pr_/);
      await inDialog(page)
        .getByText(/^Or by telephone/)
        .waitFor();
      await press(page, 'Done');
      assert.equal(await page.getByText('pr_').count(), 0);
      const token = link.split('#token=')[1];
      const confirm = () =>
        fetch(`${world.url}/api/auth/password-reset/confirm`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ token, new_password: 'a much better horse battery' }),
        });
      assert.deepEqual([(await confirm()).status, (await confirm()).status], [204, 410]);
    });

    it('has one session ended, or all of them', async () => {
      const id = await world.person('gil');
      const [first, second] = [await world.device('gil'), await world.device('gil')];
      const page = await visit(`#/users/${id}/sessions`);
      await page
        .getByRole('row', { name: /Node\.js/ })
        .last()
        .getByRole('button', { name: 'End' })
        .click();
      await inDialog(page).getByRole('button', { name: 'End' }).click();
      await said(page, 'The session has ended.');
      assert.deepEqual([await statusOf(first), await statusOf(second)], [401, 200]);
      await page.getByText('had sessions ended').waitFor();
      await press(page, 'End all sessions');
      await inDialog(page).getByRole('button', { name: 'End all sessions' }).click();
      await said(page, 'All sessions have ended.');
      assert.equal(await statusOf(second), 401);
    });

    it('who can’t get in is seen to be locked, why, and unblocked', async () => {
      await world.person('hal', { display_name: 'Hal' });
      const guess = (password: string) =>
        fetch(`${world.url}/api/auth/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ username: 'hal', password }),
        });
      for (let n = 0; n < 6; n++) await guess('x');
      assert.equal((await guess(PASSWORD)).status, 429);
      const page = await visit('#/users');
      await page.getByLabel('State').selectOption('locked');
      await page.getByRole('link', { name: 'Hal' }).click();
      await page.getByText('Locked after 5 wrong attempts.').waitFor();
      await press(page, 'Unblock');
      await said(page, 'They can try again at once.');
      assert.equal((await guess(PASSWORD)).status, 200);
      await page.getByRole('link', { name: 'Activity', exact: true }).last().click();
      await page.getByText('was held back after too many attempts').waitFor();
      await page.getByText('failed to sign in: wrong password').first().waitFor();
      await page.getByText('was unblocked').waitFor();
    });

    it('is not written over: who was faster is shown beside one’s own', async () => {
      const id = await world.person('ira');
      const page = await visit(`#/users/${id}`);
      const change = (display_name: string) =>
        world.root.api.PATCH('/api/users/{id}', { params: { path: { id } }, body: { display_name } });
      await page.getByLabel('Display name').fill('Ira the First');
      await change('Ira the Second');
      await press(page, 'Save');
      const dialog = inDialog(page);
      await dialog.getByRole('cell', { name: 'Ira the First' }).waitFor();
      await dialog.getByRole('cell', { name: 'Ira the Second' }).waitFor();
      await press(page, 'Keep theirs');
      await heading(page, 'Ira the Second');
      await page.getByLabel('Display name').fill('Ira the Third');
      await change('Ira the Fourth');
      await press(page, 'Save');
      await press(page, 'Save mine');
      await heading(page, 'Ira the Third');
      await page.getByLabel('E-mail address').fill('root@example.com');
      await press(page, 'Save');
      await page.getByText('already in use').waitFor();
      assert.equal(await page.getByLabel('E-mail address').getAttribute('aria-invalid'), 'true');
    });

    it('has the second factor reset, after the admin has proved who they are', async () => {
      const { code, enrol } = await import('./support/authenticator.ts');
      const id = await world.person('jane');
      await enrol(world, 'jane');
      await world.person('boss', { role: 'admin' });
      const secret = await enrol(world, 'boss');
      const page = await open(browser, `${world.url}/admin/#/users/${id}`);
      await page.getByLabel('E-mail address or username').fill('boss');
      await page.getByLabel('Password').fill(PASSWORD);
      await press(page, 'Sign in');
      await page.getByLabel('Code from your app').fill(await code(secret));
      await press(page, 'Sign in');
      await heading(page, 'jane');
      await world.sql(`UPDATE sessions SET auth_time = now() - interval '1 hour' WHERE user_id = (SELECT id FROM users WHERE username = 'boss')`); // prettier-ignore
      await page.evaluate(() => {
        const tokens = JSON.parse(localStorage.getItem('userhub.console') ?? '{}') as object;
        localStorage.setItem('userhub.console', JSON.stringify({ ...tokens, refresh_at: 0 }));
      });
      await press(page, 'Reset second factor');
      await inDialog(page).getByRole('button', { name: 'Reset second factor' }).click();
      const proof = page.getByRole('dialog').filter({ hasText: 'Is it still you?' });
      await proof.getByLabel('Code from your app').fill(await code(secret, 1));
      await proof.getByRole('button', { name: 'Go on' }).click();
      await said(page, 'They sign in with the password alone now');
      assert.equal(await page.getByRole('button', { name: 'Reset second factor' }).count(), 0);
      await world.device('jane');
    });

    it('has accounts at providers, which are unlinked, but never the last way in', async () => {
      const [id, only] = [await world.person('wendy'), await world.person('xaver')];
      const link = (userId: string, provider: string) =>
        world.sql(
          `INSERT INTO identities (id, user_id, provider, issuer, subject, email)
           VALUES (gen_random_uuid(), $1::uuid, $2::text, 'https://id.example.com', $1::text, $2 || '@work.example')`,
          [userId, provider],
        );
      await link(id, 'work');
      await link(only, 'work');
      await world.sql('UPDATE users SET password_hash = NULL WHERE id = $1', [only]);
      const page = await visit(`#/users/${id}`);
      await page.getByRole('heading', { name: 'Linked accounts' }).waitFor();
      await page.getByText('work@work.example').waitFor();
      await inspect(page, 'user-linked');
      await press(page, 'Unlink');
      await inDialog(page).getByText('Unlink work?').waitFor();
      await inDialog(page).getByRole('button', { name: 'Unlink' }).click();
      await said(page, 'Unlinked.');
      await page.getByRole('heading', { name: 'Linked accounts' }).waitFor({ state: 'detached' });

      await page.goto(`${world.url}/admin/#/users/${only}`);
      await heading(page, 'xaver');
      await press(page, 'Unlink');
      await inDialog(page).getByRole('button', { name: 'Unlink' }).click();
      await page.getByText('This is the last way to sign in to this account.').waitFor();
    });

    it('has posts, which can be deleted, and brought back while the message stays', async () => {
      const id = await world.person('kurt');
      const kurt = await world.device('kurt');
      await kurt.api.POST('/api/posts', {
        body: { title: 'Incomplete', content: 'Some things are true and cannot be proved.' },
      });
      const page = await visit(`#/users/${id}/posts`);
      const row = page.getByRole('row', { name: /Incomplete/ });
      const count = async () => (await world.sql(`SELECT id FROM posts WHERE author_id = $1`, [id])).length;
      await row.getByRole('button', { name: 'Delete' }).click();
      await said(page, 'The post is deleted.');
      await page.getByText('No posts.').waitFor();
      await press(page, 'Undo');
      await row.waitFor();
      assert.equal(await count(), 1);
      await row.getByRole('button', { name: 'Delete' }).click();
      await press(page, 'Dismiss');
      await page.waitForFunction(() => true);
      for (let wait = 0; wait < 50 && (await count()); wait++) await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(await count(), 0);
    });
  });

  describe('newcomers', () => {
    it('are made with a link that is shown once', async () => {
      const page = await visit('#/users');
      await press(page, 'New user');
      const dialog = inDialog(page);
      await dialog.getByLabel('E-mail address').fill('Lise.Meitner@example.com');
      assert.equal(await dialog.getByLabel('Username').inputValue(), 'lise.meitner');
      await dialog.getByLabel('Display name').fill('Lise Meitner');
      await dialog.getByRole('button', { name: 'Create' }).click();
      await inDialog(page).getByRole('heading', { name: 'Lise Meitner has an account' }).waitFor();
      assert.match(await inDialog(page).getByLabel('Link').inputValue(), /#token=/);
      await press(page, 'Done');
      await heading(page, 'Lise Meitner');

      await page.goBack();
      await heading(page, 'Users');
      await press(page, 'New user');
      await inDialog(page).getByLabel('E-mail address').fill('lise.meitner@example.com');
      await inDialog(page).getByRole('button', { name: 'Create' }).click();
      await inDialog(page).getByText('already in use').waitFor();
    });

    it('are invited, and the invitation is sent again or taken back', async () => {
      const page = await visit('#/invitations');
      await page.getByText('No invitations here.').waitFor();
      await press(page, 'Invite');
      await inDialog(page).getByLabel('E-mail address').fill('bob@example.com');
      await inDialog(page).getByLabel('Message').fill('Welcome, Bob');
      await inDialog(page).getByRole('button', { name: 'Send the invitation' }).click();
      await said(page, 'The invitation is on its way to bob@example.com.');
      const row = page.getByRole('row', { name: /bob@example\.com/ });
      await row.getByText('open').waitFor();
      await row.getByRole('button', { name: 'Send again' }).click();
      await said(page, 'Sent again to bob@example.com.');
      await row.getByRole('button', { name: 'Take back' }).click();
      await inDialog(page).getByRole('button', { name: 'Take back' }).click();
      await row.getByText('taken back').waitFor();
      await page.getByLabel('State').selectOption('open');
      await page.getByText('No invitations here.').waitFor();
    });
  });

  it('shows mails, as text while developing, and sends a test', async () => {
    const page = await visit('#/mails');
    await press(page, 'Send a test mail');
    await inDialog(page).getByLabel('To').fill('ops@example.com');
    await inDialog(page).getByRole('button', { name: 'Send a test mail' }).click();
    await said(page, 'A test mail is on its way to ops@example.com.');
    await page.getByLabel('To').fill('ops@example.com');
    await page.getByLabel('To').press('Enter');
    const row = page.getByRole('row', { name: /ops@example\.com/ });
    await row.first().waitFor();
    for (let wait = 0; wait < 20 && !(await row.getByText('sent').count()); wait++) {
      await page.reload();
      await row.first().waitFor();
    }
    await row.first().getByRole('button', { name: 'Preview' }).click();
    await inDialog(page)
      .getByText(/UserHub/)
      .first()
      .waitFor();
  });

  it('adds a webhook, shows its secret once, and what was delivered', async () => {
    const page = await visit('#/webhooks');
    await press(page, 'Add a webhook');
    await inDialog(page).getByLabel('Address').fill('http://127.0.0.1:9/hook');
    await inDialog(page).getByRole('button', { name: 'Add a webhook' }).click();
    assert.match(await inDialog(page).getByLabel('Secret').inputValue(), /^whsec_/);
    await press(page, 'Done');
    await heading(page, 'http://127.0.0.1:9/hook');
    await press(page, 'Send a test');
    await said(page, 'A test event is on its way.');
    await page.reload();
    const row = page.getByRole('row', { name: /webhook\.test/ });
    await row.first().waitFor();
    await row.first().getByRole('button', { name: 'Send again' }).click();
    await said(page, 'The delivery is sent again.');
    await press(page, 'Switch off');
    await page.getByRole('button', { name: 'Switch on' }).waitFor();
    await press(page, 'Delete');
    await inDialog(page).getByLabel('To confirm, type 127.0.0.1').fill('127.0.0.1');
    await inDialog(page).getByRole('button', { name: 'Delete' }).click();
    await heading(page, 'Webhooks');
    await page.getByText('No webhooks yet.').waitFor();
  });

  it('follows an address through everything it did, and goes on where it left off', async () => {
    const page = await visit('#/activity?outcome=failure');
    await settled(page);
    const items = page.getByRole('main').getByRole('listitem');
    assert.equal(await items.count(), 30);
    await press(page, 'Load older');
    await page.waitForFunction(() => document.querySelectorAll('main li').length > 30);
    await page
      .getByRole('main')
      .getByText(/203\.0\.113\.\d+ ·/)
      .first()
      .click();
    await page
      .getByRole('link', { name: /^everything from 203\.0\.113/ })
      .first()
      .click();
    await page.waitForFunction(() => location.hash.startsWith('#/activity?ip=203.0.113.'));
    await settled(page);
    assert.ok((await items.count()) > 5);
    const [file] = await Promise.all([page.waitForEvent('download'), press(page, 'Export CSV')]);
    assert.equal(file.suggestedFilename(), 'activity.csv');
  });

  it('counts, and each count leads to those that it counts', async () => {
    const page = await visit();
    for (const [tile, state] of [
      ['Deactivated', 'deactivated'],
      ['Deleted', 'deleted'],
    ] as const) {
      const link = page.getByRole('main').getByRole('link', { name: tile });
      const count = (await link.innerText()).replace(/\D/g, '');
      await link.click();
      await page.getByText(new RegExp(`of ${count}$`)).waitFor();
      assert.match(await hash(page), new RegExp(`state=${state}`));
      await page.goBack();
      await heading(page, 'Overview');
    }
    await page.getByRole('link', { name: '7 days' }).click();
    await page.getByText('Show as a table').first().click();
    assert.equal(await page.getByRole('region', { name: 'Sign-ups' }).getByRole('row').count(), 8);
    const chart = page.getByRole('img', { name: 'Sign-ins' });
    const box = await chart.boundingBox();
    await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) - 20, (box?.y ?? 0) + 80);
    await page
      .getByText(new RegExp(`${new Date().getDate()} \\w+`))
      .first()
      .waitFor();
  });

  it('tells how the server is set up, and no secret', async () => {
    const page = await visit('#/system');
    await page.getByText(/checks are fine/).waitFor();
    await page.getByRole('row', { name: /JWT_SECRET_KEY set environment/ }).waitFor();
    assert.doesNotMatch(await page.getByRole('main').innerText(), /only these tests know/);
  });

  describe('when something is in the way', () => {
    it('a session that is over leads to the door, and back to the same place', async () => {
      const page = await visit('#/users?q=grace');
      await world.root.api.DELETE('/api/users/{id}/sessions', {
        params: { path: { id: (await world.root.api.GET('/api/auth/me')).data.id } },
      });
      world.root = await world.device('root');
      await page.getByRole('link', { name: 'System' }).click();
      await page.getByText('Your session has ended.').waitFor();
      await signIn(page);
      await heading(page, 'System');
    });

    it('a server that is away is said so, with a way to try again', async () => {
      const page = await visit('#/users');
      const back = await world.pause();
      await page.getByRole('link', { name: 'Activity' }).click();
      await page.getByRole('alert').filter({ hasText: 'The server can’t be reached.' }).first().waitFor();
      await back();
      await press(page, 'Try again');
      await page.getByRole('main').getByRole('listitem').first().waitFor();
    });

    it('who is demoted meanwhile leaves with a sentence', async () => {
      const id = await world.person('lena', { role: 'admin' });
      const page = await visit('#/users', 'lena');
      await world.root.api.PATCH('/api/users/{id}', { params: { path: { id } }, body: { role: 'user' } });
      await page.getByLabel('Search').fill('ada');
      await page.getByText('The console is for admins, and lena isn’t one.').waitFor();
    });

    it('half an hour without anybody ends the session', async () => {
      const page = await open(browser, `${world.url}/admin/`);
      await page.clock.install();
      await page.reload();
      await heading(page, /Sign in/);
      await signIn(page);
      await heading(page, 'Overview');
      await page.clock.fastForward('29:00');
      await heading(page, 'Overview');
      await page.clock.fastForward('03:00');
      await page.getByText('You were away for half an hour').waitFor();
      assert.equal(await page.evaluate(() => localStorage.getItem('userhub.console')), null);
    });

    it('signing out does so in all tabs', async () => {
      const page = await visit('#/users');
      const other = await tab(await page.context().newPage(), `${world.url}/admin/#/activity`);
      await heading(other, 'Activity');
      await press(page, 'Sign out');
      for (const one of [page, other]) await heading(one, 'Sign in to the console');
    });
  });
});

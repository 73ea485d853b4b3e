import { Challenges } from '../src/users/addresses/challenges.js';
import { KnownDevices } from '../src/users/addresses/known-devices.js';
import { UserPurges } from '../src/users/user-purges.js';
import { startApp, type TestApp } from './support/app.js';
import { eventually } from './support/insist.js';
import { mailsTo, mailTo, queuedTo } from './support/mailbox.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';

const LAPTOP = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0' };
const NEWER_LAPTOP = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0' };
const PHONE = {
  'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1',
};
const HOME = { 'x-forwarded-for': '203.0.113.7' };
const NEXT_DOOR = { 'x-forwarded-for': '203.0.113.200' };
const ABROAD = { 'x-forwarded-for': '198.51.100.9' };

describe('security notices', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await startApp({ TRUST_PROXY: 'loopback' });
  });
  afterAll(() => app.close());
  beforeEach(() => app.sql('TRUNCATE users, outbox, dev_mails, audit_events CASCADE'));

  const signIn = (headers: Record<string, string>, at = app) =>
    at.api.with(headers).post('/api/auth/login', { username: 'ada', password: PASSWORD });
  const verify = () => app.sql('UPDATE users SET email_verified_at = now()');
  const register = async (headers: Record<string, string>) => {
    await app.api
      .with(headers)
      .post('/api/auth/register', { email: 'ada@example.com', username: 'ada', password: PASSWORD });
    await verify();
  };
  const notices = async (kind = 'new_sign_in') =>
    (await queuedTo(app, 'ada@example.com')).filter((queued) => queued === kind);

  describe('of a new sign-in', () => {
    it('come for a device of which neither network nor browser is known, once', async () => {
      await register({ ...LAPTOP, ...HOME });
      expect(await signIn({ ...PHONE, ...ABROAD })).toMatchObject({ status: 200 });
      const mail = await mailTo(app, 'ada@example.com', 'new_sign_in');
      expect(mail.text).toContain('Safari');
      expect(mail.text).toContain('iOS');
      await signIn({ ...PHONE, ...ABROAD });
      expect(await notices()).toHaveLength(1);
    });

    it.each<[string, Record<string, string>]>([
      ['the device that registered', { ...LAPTOP, ...HOME }],
      ['another browser in the same network', { ...PHONE, ...NEXT_DOOR }],
      ['the same browser, newer, elsewhere', { ...NEWER_LAPTOP, ...ABROAD }],
    ])('don’t come for %s', async (_, headers) => {
      await register({ ...LAPTOP, ...HOME });
      await signIn(headers);
      expect(await notices()).toEqual([]);
    });

    it('don’t come for an address that isn’t verified', async () => {
      await register({ ...LAPTOP, ...HOME });
      await app.sql('UPDATE users SET email_verified_at = NULL');
      await signIn({ ...PHONE, ...ABROAD });
      expect(await notices()).toEqual([]);
    });

    it('don’t come for the first sign-in of an account from before, or made by an admin', async () => {
      await register({ ...LAPTOP, ...HOME });
      await app.sql('DELETE FROM known_devices');
      await signIn({ ...PHONE, ...ABROAD });
      expect(await notices()).toEqual([]);
    });

    it('come again after 90 days, also when all that was known is as old', async () => {
      await register({ ...LAPTOP, ...HOME });
      await app.sql(`UPDATE known_devices SET seen_at = now() - interval '91 days'`);
      await signIn({ ...LAPTOP, ...HOME });
      expect(await notices()).toHaveLength(1);
    });

    it('are five a day at most', async () => {
      await register({ ...LAPTOP, ...HOME });
      for (let i = 1; i < 9; i++) await signIn({ 'user-agent': `browser${i}/1.0`, 'x-forwarded-for': `198.51.${i}.1` });
      expect(await notices()).toHaveLength(5);
    });

    it('can be switched off', async () => {
      const silent = await app.replica({ SIGN_IN_NOTICES: 'false' });
      await register({ ...LAPTOP, ...HOME });
      expect(await signIn({ ...PHONE, ...ABROAD }, silent)).toMatchObject({ status: 200 });
      expect(await notices()).toEqual([]);
      await silent.close();
    });

    it('don’t come for a refresh', async () => {
      await register({ ...LAPTOP, ...HOME });
      const { body } = await signIn({ ...LAPTOP, ...HOME });
      await app.api.with({ ...PHONE, ...ABROAD }).post('/api/auth/refresh', { refresh_token: body.refresh_token });
      expect(await notices()).toEqual([]);
    });
  });

  describe('of what happens to an account', () => {
    let root: Person;
    beforeEach(async () => {
      [ada, root] = [await person(app, 'ada'), await admin(app)];
    });

    it.each<[string, () => Promise<unknown>]>([
      [
        'password_changed',
        () => ada.api.put('/api/auth/password', { current_password: PASSWORD, new_password: 'a new horse battery' }),
      ],
      ['role_changed', () => root.api.patch(`/api/users/${ada.id}`, { role: 'admin' })],
      ['account_deactivated', () => root.api.patch(`/api/users/${ada.id}`, { is_active: false })],
      ['account_deleted', () => root.api.delete(`/api/users/${ada.id}`)],
    ])('%s', async (kind, happen) => {
      await happen();
      const mail = await mailTo(app, ada.email, kind);
      expect(mail.token).toBe('');
      expect(mail.text).toContain('ada');
    });

    it('session_theft', async () => {
      const refresh = (refresh_token: string) => app.api.post('/api/auth/refresh', { refresh_token });
      const second = (await refresh(ada.tokens.refresh_token)).body.refresh_token as string;
      await refresh(second);
      expect(await refresh(ada.tokens.refresh_token)).toFailWith(401, 'refresh_token_reused');
      await mailTo(app, ada.email, 'session_theft');
    });

    it('none of what one does oneself to one’s profile, or what changes nothing', async () => {
      await ada.api.patch(`/api/users/${ada.id}`, { display_name: 'x' });
      await root.api.patch(`/api/users/${ada.id}`, { role: 'user', is_active: true });
      expect(await queuedTo(app, ada.email)).toEqual(['verify']);
    });
  });

  describe('deleting one’s own account', () => {
    beforeEach(async () => {
      ada = await person(app, 'ada');
    });
    const remove = (current_password = PASSWORD) => ada.api.post('/api/auth/delete-account', { current_password });
    const restore = (token: string) => app.api.post('/api/auth/restore-account', { token });
    const linkOf = async () => (await mailTo(app, ada.email, 'account_deleted')).token;

    it('needs the password, ends everything, and mails a link back', async () => {
      expect(await remove('a wrong horse')).toFailWith(403, 'wrong_password');
      expect(await remove()).toMatchObject({ status: 202, body: { purge_at: null } });
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await linkOf()).toMatch(/^ur_/);
    });

    it('says when the account will be gone', async () => {
      const keeping = await app.replica({ DELETED_RETENTION_DAYS: '10' });
      const { body } = await keeping.api
        .as(ada.tokens)
        .post('/api/auth/delete-account', { current_password: PASSWORD });
      expect(Date.parse(body.purge_at as string) - Date.now()).toBeGreaterThan(9.9 * 86_400_000);
      await linkOf();
      await keeping.close();
    });

    it('is taken back by the link, once; old sessions stay dead', async () => {
      await remove();
      const token = await linkOf();
      expect(await restore(token)).toMatchObject({ status: 204, text: '' });
      expect(await signIn(LAPTOP)).toMatchObject({ status: 200, body: {} });
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await restore(token)).toFailWith(410, 'link_used');
      await mailTo(app, ada.email, 'account_restored');
    });

    it('verifies nothing by that: the link may have gone to a stranger', async () => {
      await remove();
      await restore(await linkOf());
      expect(await app.sql('SELECT email_verified_at FROM users')).toEqual([{ email_verified_at: null }]);
    });

    it.each<[string, { email: string }]>([
      ['email_taken', { email: 'ada@example.com' }],
      ['username_taken', { email: 'other@example.com' }],
    ])('can’t be taken back when somebody else has what was free: %s', async (code, more) => {
      await remove();
      const token = await linkOf();
      await person(app, code === 'email_taken' ? 'other' : 'ada', more);
      expect(await restore(token)).toFailWith(409, code as 'email_taken');
    });

    it('is out of the owner’s hands once an admin has dealt with it', async () => {
      const root = await admin(app);
      await remove();
      const token = await linkOf();
      await root.api.post(`/api/users/${ada.id}/restore`);
      expect(await restore(token)).toFailWith(422, 'link_invalid');
      await root.api.delete(`/api/users/${ada.id}`);
      expect(await restore(token)).toFailWith(422, 'link_invalid');
    });

    it('by DELETE mails the same link', async () => {
      expect(await ada.api.delete(`/api/users/${ada.id}`)).toMatchObject({ status: 204 });
      expect(await restore(await linkOf())).toMatchObject({ status: 204 });
    });

    it('isn’t for the last admin', async () => {
      const root = await admin(app);
      expect(await root.api.post('/api/auth/delete-account', { current_password: PASSWORD })).toFailWith(
        409,
        'last_admin',
      );
    });
  });

  describe('what is kept for how long', () => {
    const runChore = (at: TestApp) => at.nest.get(UserPurges, { strict: false }).purgeDue(new AbortController().signal);

    it('deleted accounts go after DELETED_RETENTION_DAYS, with their traces, and for good', async () => {
      const keeping = await app.replica({ DELETED_RETENTION_DAYS: '10' });
      ada = await person(app, 'ada');
      await ada.api.delete(`/api/users/${ada.id}`);
      await runChore(keeping);
      expect(await app.sql('SELECT id FROM users')).toHaveLength(1);
      await app.sql(
        `UPDATE users SET deleted_at = deleted_at - interval '11 days', purge_at = purge_at - interval '11 days'`,
      );
      await runChore(keeping);
      expect(await app.sql('SELECT id FROM users')).toEqual([]);
      expect(await app.sql('SELECT id FROM purged_users')).toEqual([{ id: ada.id }]);
      expect(await app.sql('SELECT id FROM audit_events WHERE user_id = $1 AND ip IS NOT NULL', [ada.id])).toEqual([]);
      expect(await app.sql(`SELECT user_id FROM audit_events WHERE action = 'user_purged'`)).toEqual([
        { user_id: ada.id },
      ]);

      await app.sql(`INSERT INTO users (id, email, username) VALUES ($1, 'ada@example.com', 'ada')`, [ada.id]); // a backup
      await runChore(keeping);
      expect(await app.sql('SELECT id FROM users')).toEqual([]);
      await keeping.close();
    });

    it('accounts that never verified nor signed in go after UNVERIFIED_RETENTION_DAYS', async () => {
      const tidy = await app.replica({ UNVERIFIED_RETENTION_DAYS: '30' });
      for (const name of ['fresh', 'old', 'verified', 'used']) {
        await app.api.post('/api/auth/register', { email: `${name}@example.com`, username: name, password: PASSWORD });
      }
      await app.sql(`UPDATE users SET created_at = now() - interval '31 days' WHERE username <> 'fresh'`);
      await app.sql(`UPDATE users SET email_verified_at = now() WHERE username = 'verified'`);
      await app.sql(`UPDATE users SET last_login_at = now() WHERE username = 'used'`);
      await runChore(app);
      expect(await app.sql('SELECT id FROM users')).toHaveLength(4);
      await runChore(tidy);
      const left = await app.sql<{ username: string }>('SELECT username FROM users');
      expect(left.map(({ username }) => username).sort()).toEqual(['fresh', 'used', 'verified']);
      await tidy.close();
    });

    it('challenges and devices go when nobody needs them any more', async () => {
      ada = await person(app, 'ada');
      await app.sql(`UPDATE mail_challenges SET expires_at = now() - interval '31 days'`);
      await app.sql(`INSERT INTO known_devices (user_id, kind, digest, seen_at) VALUES ($1, 'network', 'old', now() - interval '91 days')`, [ada.id]); // prettier-ignore
      const before = await app.sql('SELECT digest FROM known_devices');
      await app.nest.get(Challenges, { strict: false }).purge();
      await app.nest.get(KnownDevices, { strict: false }).purge();
      expect(await app.sql('SELECT id FROM mail_challenges')).toEqual([]);
      expect(await app.sql('SELECT digest FROM known_devices')).toHaveLength(before.length - 1);
    });
  });

  it('never reach anybody by an upgrade', async () => {
    await app.sql(
      `INSERT INTO users (id, email, username, last_login_at) VALUES (gen_random_uuid(), 'old@example.com', 'old', now())`,
    );
    const replica = await app.replica({ DELETED_RETENTION_DAYS: '10', UNVERIFIED_RETENTION_DAYS: '10' });
    await eventually(async () => (await replica.api.get('/health/ready')).status === 200);
    expect(await mailsTo(app, 'old@example.com')).toEqual([]);
    expect(await queuedTo(app, 'old@example.com')).toEqual([]);
    await replica.close();
  });
});

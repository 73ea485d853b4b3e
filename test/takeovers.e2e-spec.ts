import { startApp, type TestApp } from './support/app.js';
import { mailTo, queuedTo } from './support/mailbox.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';
import { mailBy, startRelay } from './support/relay.js';

const VICTIM = 'victim@example.com';
const SECRET = 'the victim’s horse battery';

/** The table of attacks on the address of an account, row by row. */
describe('takeovers', () => {
  let app: TestApp;
  let mallory: Person;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await app.sql('TRUNCATE users, invitations, outbox, dev_mails CASCADE');
    mallory = await person(app, 'mallory', { email: VICTIM }); // a squatter: the address isn't theirs
  });

  const post = (path: string, body: object, api = app.api) => api.post(`/api/auth/${path}`, body);
  const resetBy = async (email: string, new_password = SECRET) => {
    await post('password-reset', { email });
    const { token } = await mailTo(app, email, 'reset');
    return post('password-reset/confirm', { token, new_password });
  };
  const verify = async (who: Person) =>
    post('verify-email', { token: (await mailTo(app, who.email, 'verify')).token }, who.api);

  it('classic pre-hijack: the victim’s reset is a reclaim, and what the squatter planted is gone', async () => {
    expect(await resetBy(VICTIM)).toMatchObject({ status: 204 });
    expect(await mallory.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
    expect(await post('login', { email: VICTIM, password: PASSWORD })).toFailWith(401, 'invalid_credentials');
    expect(await app.sql(`SELECT details FROM audit_events WHERE action = 'password_reset' AND details->>'reclaimed' = 'true'`)).toHaveLength(1); // prettier-ignore
  });

  it('the victim’s click: the link of the squatter’s account does nothing without that account', async () => {
    const { token, text } = await mailTo(app, VICTIM, 'verify');
    expect(text).toContain('mallory');
    expect(await post('verify-email', { token })).toFailWith(422, 'validation_failed');
    const victim = await person(app, 'victim', { email: 'other@example.com' });
    expect(await post('verify-email', { token }, victim.api)).toFailWith(422, 'link_invalid');
    expect(await post('verify-email', { token, password: SECRET })).toFailWith(403, 'wrong_password');
    expect(await mallory.api.get('/api/auth/me')).toMatchObject({ body: { email_verified: false } });
  });

  it('the victim registers after the squatter: a code is nothing without that account’s password', async () => {
    const quiet = await app.replica({ REGISTRATION_REVEALS: 'false' });
    await quiet.api.post('/api/auth/register', { email: VICTIM, username: 'victim', password: SECRET });
    await mailTo(app, VICTIM, 'already_registered');
    const { code } = await mailTo(app, VICTIM, 'verify');
    expect(await post('verify-email', { email: VICTIM, code, password: SECRET })).toFailWith(403, 'wrong_password');
    expect(await app.sql('SELECT username, email_verified_at FROM users')).toEqual([{ username: 'mallory', email_verified_at: null }]); // prettier-ignore
    await quiet.close();
  });

  it('an unexpired session, or a trojan factor, survives no reset', async () => {
    const refresh = () => post('refresh', { refresh_token: mallory.tokens.refresh_token });
    await app.sql(`UPDATE users SET mfa_enabled = true`);
    await resetBy(VICTIM);
    expect(await refresh()).toFailWith(401, 'invalid_refresh_token');
    expect(await app.sql('SELECT mfa_enabled FROM users')).toEqual([{ mfa_enabled: false }]);
  });

  it('an unexpired e-mail change dies with the reset', async () => {
    await verify(mallory); // a thief in a session of a verified account
    const change = { email: 'mallory@example.com', current_password: PASSWORD };
    expect(await mallory.api.patch(`/api/users/${mallory.id}`, change)).toMatchObject({ body: { pending_email: 'mallory@example.com' } }); // prettier-ignore
    const { token } = await mailTo(app, 'mallory@example.com', 'change');
    await resetBy(VICTIM);
    expect(await post('email-change/confirm', { token, password: PASSWORD })).toFailWith(422, 'link_invalid');
    expect(await post('email-change/confirm', { token, password: SECRET })).toFailWith(422, 'link_invalid');
    expect(await app.sql('SELECT email FROM users')).toEqual([{ email: VICTIM }]);
  });

  it('a stolen session changes the address only with the password, and the old mailbox takes it back', async () => {
    await verify(mallory);
    const thief = mallory.api;
    expect(await thief.patch(`/api/users/${mallory.id}`, { email: 'thief@example.com' })).toFailWith(
      422,
      'validation_failed',
    );
    await thief.patch(`/api/users/${mallory.id}`, { email: 'thief@example.com', current_password: PASSWORD });
    const { token } = await mailTo(app, VICTIM, 'email_change_requested');
    await post('email-change/confirm', { token: (await mailTo(app, 'thief@example.com', 'change')).token }, thief);
    await mailTo(app, VICTIM, 'email_changed');
    expect(await post('email-change/revert', { token })).toMatchObject({ status: 204 });
    expect(await post('login', { email: VICTIM, password: PASSWORD })).toFailWith(401, 'invalid_credentials');
    expect(await thief.get('/api/auth/me')).toFailWith(401, 'invalid_token');
  });

  it('a typo in the new address: the stranger who gets the mail can do nothing with it', async () => {
    await verify(mallory);
    await mallory.api.patch(`/api/users/${mallory.id}`, { email: 'typo@example.com', current_password: PASSWORD });
    const { token, code } = await mailTo(app, 'typo@example.com', 'change');
    expect(await post('email-change/confirm', { token, password: 'a stranger’s horse' })).toFailWith(
      403,
      'wrong_password',
    );
    expect(await post('email-change/confirm', { email: 'typo@example.com', code, password: 'a stranger’s horse' })).toFailWith(403, 'wrong_password'); // prettier-ignore
    expect(await post('password-reset', { email: 'typo@example.com' })).toMatchObject({ status: 202 });
    expect(await queuedTo(app, 'typo@example.com')).toEqual(['change']);
  });

  it('the old mailbox is lost: only the new one must confirm', async () => {
    await verify(mallory);
    await mallory.api.patch(`/api/users/${mallory.id}`, { email: 'new@example.com', current_password: PASSWORD });
    const { token } = await mailTo(app, 'new@example.com', 'change');
    expect(await post('email-change/confirm', { token }, mallory.api)).toMatchObject({ status: 204 });
  });

  it.each([
    'victim@exampłe.com',
    'vıctim@example.com',
    'ｖictim@example.com',
    'victim@example.com\u200b',
    'VICTIM@EXAMPLE.COM',
  ])('look-alikes: a reset asked for with %j goes to the stored address or nowhere', async (email) => {
    await post('password-reset', { email });
    const rows = await app.sql<{ recipient: string }>(`SELECT recipient FROM outbox WHERE kind = 'reset'`);
    expect(rows.every(({ recipient }) => recipient === VICTIM)).toBe(true);
  });

  it('an address recycled by its provider: an old reset link in it is dead', async () => {
    await post('password-reset', { email: VICTIM });
    const { token } = await mailTo(app, VICTIM, 'reset');
    await mallory.api.patch(`/api/users/${mallory.id}`, { email: 'moved@example.com', current_password: PASSWORD });
    expect(await post('password-reset/confirm', { token, new_password: SECRET })).toFailWith(422, 'link_invalid');
  });

  it('an invitation forwarded: the account gets the invited address, once', async () => {
    const root = await admin(app);
    await root.api.post('/api/invitations', { email: 'grace@example.com' });
    const { token } = await mailTo(app, 'grace@example.com', 'invitation');
    const accept = (username: string) => app.api.post('/api/invitations/accept', { token, username, password: SECRET });
    expect(await accept('somebody')).toMatchObject({ status: 201, body: { email: 'grace@example.com' } });
    expect(await accept('grace')).toFailWith(410, 'link_used');
  });

  it('an invitation to an existing account raises its role by no stranger’s click', async () => {
    const root = await admin(app);
    await root.api.post('/api/invitations', { email: 'grace@example.com', role: 'admin' });
    const { token } = await mailTo(app, 'grace@example.com', 'invitation');
    const grace = await person(app, 'grace');
    for (const api of [app.api, mallory.api, grace.api]) {
      expect(await api.post('/api/invitations/accept', { token })).toFailWith(409, 'email_taken');
    }
    expect(await grace.api.get('/api/auth/me')).toMatchObject({ body: { role: 'user' } });
  });

  it('a deleted account, its address free, its restore link later: the new owner keeps the address', async () => {
    await mallory.api.delete(`/api/users/${mallory.id}`);
    const { token } = await mailTo(app, VICTIM, 'account_deleted');
    const victim = await person(app, 'victim');
    expect(await post('restore-account', { token })).toFailWith(409, 'email_taken');
    expect(await victim.api.get('/api/auth/me')).toMatchObject({ body: { email: VICTIM } });
  });

  it('an admin’s reset as phishing: the mail says that an admin asked for it, and nothing ends unless asked', async () => {
    const root = await admin(app);
    await root.api.post(`/api/users/${mallory.id}/password-reset`, {});
    expect((await mailTo(app, VICTIM, 'reset')).text).toMatch(/admin/i);
    expect(await mallory.api.get('/api/auth/me')).toMatchObject({ status: 200 });
  });

  it('a proof is of this address: it is emptied with the address, in the same UPDATE', async () => {
    await verify(mallory);
    const root = await admin(app);
    await root.api.patch(`/api/users/${mallory.id}`, { email: 'moved@example.com' });
    expect(await app.sql('SELECT email_verified_at FROM users WHERE id = $1', [mallory.id])).toEqual([
      { email_verified_at: null },
    ]);
  });

  it('nothing is sent inside a request: known and unknown are answered in the same time', async () => {
    const relay = await startRelay();
    const slow = await startApp(mailBy(relay));
    try {
      await person(slow, 'mallory', { email: VICTIM });
      relay.manners.delay = 1000;
      const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
      for (let i = 0; i < 30; i++) {
        for (const kind of ['known', 'unknown'] as const) {
          const email = kind === 'known' ? VICTIM : `nobody${i}@example.com`;
          const begin = performance.now();
          expect(await post('password-reset', { email }, slow.api)).toMatchObject({ status: 202 });
          times[kind].push(performance.now() - begin);
        }
      }
      const median = (values: number[]) => values.sort((a, b) => a - b)[values.length / 2] ?? 0;
      // a mail would take a second; the machine may be busy
      expect(Math.abs(median(times.known) - median(times.unknown))).toBeLessThan(60);
      const mails = await slow.sql(`SELECT FROM outbox WHERE kind = 'reset' AND recipient = $1`, [VICTIM]);
      expect(mails).toHaveLength(30);
    } finally {
      await slow.close();
      await relay.close();
    }
  });
});

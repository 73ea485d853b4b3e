import { startApp, type TestApp } from './support/app.js';
import { expire, mailsTo, mailTo, queuedTo } from './support/mailbox.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';

const OLD = 'ada@example.com';
const NEW = 'countess@example.com';
const NEW_PASSWORD = 'a new horse battery';

describe('changing an address', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await app.sql('TRUNCATE users, outbox, dev_mails, audit_events CASCADE');
    ada = await person(app, 'ada');
  });

  const verifyAda = async () => {
    const { token } = await mailTo(app, OLD, 'verify');
    expect(await ada.api.post('/api/auth/verify-email', { token })).toMatchObject({ status: 204 });
  };
  const change = (body: object, who = ada) => who.api.patch(`/api/users/${who.id}`, body);
  const changeTo = (email: string) => change({ email, current_password: PASSWORD });
  const me = async (api = ada.api) =>
    (await api.get('/api/auth/me')).body as { email: string; email_verified: boolean; pending_email: string | null };
  const confirm = (body: object, api = ada.api) => api.post('/api/auth/email-change/confirm', body);
  const revert = (token: string) => app.api.post('/api/auth/email-change/revert', { token });
  const login = (username: string, password = PASSWORD) => app.api.post('/api/auth/login', { username, password });

  describe('that was never verified', () => {
    it('replaces it at once, and tells the old one nothing', async () => {
      expect(await changeTo(NEW)).toMatchObject({
        status: 200,
        body: { email: NEW, email_verified: false, pending_email: null },
      });
      await mailTo(app, NEW, 'verify');
      expect(await queuedTo(app, OLD)).toEqual(['verify']);
    });

    it('ends the old address’s link', async () => {
      const { token, code } = await mailTo(app, OLD, 'verify');
      await changeTo(NEW);
      expect(await ada.api.post('/api/auth/verify-email', { token })).toFailWith(422, 'link_invalid');
      expect(await ada.api.post('/api/auth/verify-email', { code })).toFailWith(422, 'code_invalid');
      expect(await me()).toMatchObject({ email_verified: false });
    });
  });

  describe('that is verified', () => {
    beforeEach(verifyAda);

    it('waits for the new mailbox', async () => {
      const answer = await changeTo(NEW);
      expect(answer).toMatchObject({ status: 200, body: { email: OLD, email_verified: true, pending_email: NEW } });
      expect(await me()).toMatchObject({ email: OLD, pending_email: NEW });
      const [change, notice] = [await mailTo(app, NEW, 'change'), await mailTo(app, OLD, 'email_change_requested')];
      expect(change.token).toMatch(/^ec_/);
      expect(notice.token).toMatch(/^er_/);
      expect(change.text + change.html).not.toContain(OLD);
      expect(notice.text).toContain(NEW);
    });

    it('needs the password', async () => {
      expect(await change({ email: NEW })).toFailWith(422, 'validation_failed');
      expect(await change({ email: NEW, current_password: 'wrong horse' })).toFailWith(403, 'wrong_password');
      expect(await me()).toMatchObject({ pending_email: null });
    });

    it('changes the rest at once', async () => {
      const answer = await change({ email: NEW, current_password: PASSWORD, display_name: 'The Countess' });
      expect(answer).toMatchObject({
        status: 200,
        body: { email: OLD, pending_email: NEW, display_name: 'The Countess' },
      });
    });

    it('changes nothing when part of it can’t be', async () => {
      await person(app, 'bob');
      expect(await change({ email: NEW, current_password: PASSWORD, username: 'bob' })).toFailWith(
        409,
        'username_taken',
      );
      expect(await me()).toMatchObject({ pending_email: null });
      expect(await queuedTo(app, NEW)).toEqual([]);
    });

    it('to the present one changes nothing and sends nothing', async () => {
      expect(await change({ email: OLD })).toMatchObject({ status: 200, body: { email: OLD, pending_email: null } });
      expect(await queuedTo(app, OLD)).toEqual(['verify']);
    });

    it('heeds If-Match', async () => {
      const { headers } = await ada.api.get(`/api/users/${ada.id}`);
      await change({ display_name: 'x' });
      const stale = ada.api.with({ 'if-match': headers.get('etag') ?? '' });
      expect(await stale.patch(`/api/users/${ada.id}`, { email: NEW, current_password: PASSWORD })).toFailWith(412, 'precondition_failed'); // prettier-ignore
      expect(await me()).toMatchObject({ pending_email: null });
    });

    it.each<[string, (mail: { token: string; code: string }) => object, boolean]>([
      ['the link, signed in', ({ token }) => ({ token }), true],
      ['the code, signed in', ({ code }) => ({ code }), true],
      ['the link and the password', ({ token }) => ({ token, password: PASSWORD }), false],
      ['the code, the new address and the password', ({ code }) => ({ email: NEW, code, password: PASSWORD }), false],
    ])('is confirmed by %s', async (_, proof, isSignedIn) => {
      await changeTo(NEW);
      const mail = await mailTo(app, NEW, 'change');
      const other = app.api.as(await signIn(app, 'ada'));
      expect(await confirm(proof(mail), isSignedIn ? ada.api : app.api)).toMatchObject({ status: 204, text: '' });
      expect(await other.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      if (isSignedIn) expect(await me()).toMatchObject({ email: NEW, email_verified: true, pending_email: null });
      expect(await login(NEW)).toMatchObject({ status: 200 });
      expect(await login(OLD)).toFailWith(401, 'invalid_credentials');
      expect((await mailTo(app, OLD, 'email_changed')).token).toMatch(/^er_/);
      expect((await mailTo(app, NEW, 'email_changed')).token).toBe('');
      if (isSignedIn) expect(await confirm(proof(mail))).toMatchObject({ status: 204 }); // again
    });

    it('isn’t confirmed by who lacks the account', async () => {
      await changeTo(NEW);
      const { token, code } = await mailTo(app, NEW, 'change');
      const bob = await person(app, 'bob');
      expect(await confirm({ token }, bob.api)).toFailWith(422, 'link_invalid');
      expect(await confirm({ code }, bob.api)).toFailWith(422, 'code_invalid');
      expect(await confirm({ token }, app.api)).toFailWith(422, 'validation_failed');
      expect(await confirm({ token, password: 'wrong horse' }, app.api)).toFailWith(403, 'wrong_password');
      expect(await confirm({ email: NEW, code, password: 'wrong horse' }, app.api)).toFailWith(403, 'wrong_password');
      expect(await me()).toMatchObject({ email: OLD });
    });

    it('is told to be late after a day', async () => {
      await changeTo(NEW);
      const { token, code } = await mailTo(app, NEW, 'change');
      await expire(app, 'change');
      expect(await confirm({ token })).toFailWith(410, 'link_expired');
      expect(await confirm({ code })).toFailWith(410, 'code_expired');
      expect(await me()).toMatchObject({ email: OLD, pending_email: null });
    });

    it('is 409 when somebody else has the address by then', async () => {
      await changeTo(NEW);
      const { token } = await mailTo(app, NEW, 'change');
      const bob = await person(app, 'bob', { email: NEW });
      expect(await confirm({ token })).toFailWith(409, 'email_taken');
      expect(await me()).toMatchObject({ email: OLD });
      expect(await me(bob.api)).toMatchObject({ email: NEW });
    });

    it('is sent again, with the same link, and again', async () => {
      await changeTo(NEW);
      const first = await mailTo(app, NEW, 'change');
      expect(await ada.api.post('/api/auth/email-change/send')).toMatchObject({
        status: 202,
        body: { status: 'accepted' },
      });
      expect((await mailTo(app, NEW, 'change', 2)).token).toBe(first.token);
      await changeTo(NEW);
      expect((await mailTo(app, NEW, 'change', 3)).token).toBe(first.token);
      expect(await queuedTo(app, OLD)).toEqual(['verify', 'email_change_requested']);
    });

    it('is replaced by another one', async () => {
      await changeTo('other@example.com');
      const { token } = await mailTo(app, 'other@example.com', 'change');
      expect(await changeTo(NEW)).toMatchObject({ body: { pending_email: NEW } });
      expect(await confirm({ token })).toFailWith(422, 'link_invalid');
    });

    it('outlives a new password, which alone confirms it then', async () => {
      await changeTo(NEW);
      const { token } = await mailTo(app, NEW, 'change');
      const passwords = { current_password: PASSWORD, new_password: NEW_PASSWORD };
      expect(await ada.api.put('/api/auth/password', passwords)).toMatchObject({ status: 204 });
      expect(await me()).toMatchObject({ email: OLD, pending_email: NEW });
      expect(await confirm({ token, password: PASSWORD }, app.api)).toFailWith(403, 'wrong_password');
      expect(await confirm({ token, password: NEW_PASSWORD }, app.api)).toMatchObject({ status: 204 });
    });

    it('is called off, also when there is none', async () => {
      await changeTo(NEW);
      const { token, code } = await mailTo(app, NEW, 'change');
      for (let i = 0; i < 2; i++) expect(await ada.api.delete('/api/auth/email-change')).toMatchObject({ status: 204 });
      expect(await me()).toMatchObject({ email: OLD, pending_email: null });
      expect(await confirm({ token })).toFailWith(422, 'link_invalid');
      expect(await confirm({ code })).toFailWith(422, 'code_invalid');
      expect(await ada.api.post('/api/auth/email-change/send')).toMatchObject({ status: 202 });
      expect(await queuedTo(app, NEW)).toEqual(['change']);
    });

    it('grants the pending address nothing', async () => {
      await changeTo(NEW);
      expect(await login(NEW)).toFailWith(401, 'invalid_credentials');
      await app.api.post('/api/auth/password-reset', { email: NEW });
      await app.api.post('/api/auth/verify-email/send', { email: NEW });
      expect(await queuedTo(app, NEW)).toEqual(['change']);
      await app.api.post('/api/auth/password-reset', { email: OLD });
      await mailTo(app, OLD, 'reset');
      expect(await person(app, 'bob', { email: NEW })).toHaveProperty('id'); // nor does it hold it
    });
  });

  describe('taken back from the old mailbox', () => {
    beforeEach(async () => {
      await verifyAda();
      await changeTo(NEW);
    });
    const confirmed = async () => confirm({ token: (await mailTo(app, NEW, 'change')).token });

    it.each<[string, () => Promise<string>]>([
      ['before it is confirmed', async () => (await mailTo(app, OLD, 'email_change_requested')).token],
      [
        'after it, by the first notice',
        async () => (await confirmed(), (await mailTo(app, OLD, 'email_change_requested')).token),
      ],
      [
        'after it, by the second notice',
        async () => (await confirmed(), (await mailTo(app, OLD, 'email_changed')).token),
      ],
    ])('%s: address back, password and sessions gone, a reset on its way', async (_, tokenOf) => {
      expect(await revert(await tokenOf())).toMatchObject({ status: 204, text: '' });
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await login(OLD)).toFailWith(401, 'invalid_credentials');
      expect(await login(NEW)).toFailWith(401, 'invalid_credentials');
      const reset = await mailTo(app, OLD, 'reset');
      await app.api.post('/api/auth/password-reset/confirm', { token: reset.token, new_password: NEW_PASSWORD });
      expect(await me(app.api.as(await signIn(app, OLD, NEW_PASSWORD)))).toMatchObject({ email: OLD, email_verified: true, pending_email: null }); // prettier-ignore
    });

    it('works once, for a week', async () => {
      const { token } = await mailTo(app, OLD, 'email_change_requested');
      await expire(app, 'revert');
      expect(await revert(token)).toFailWith(410, 'link_expired');
      await app.sql(`UPDATE mail_challenges SET expires_at = now() + interval '1 hour'`);
      expect(await revert(token)).toMatchObject({ status: 204 });
      expect(await revert(token)).toFailWith(410, 'link_used');
    });

    it('isn’t hindered by a further change', async () => {
      await confirmed();
      await changeTo('third@example.com');
      await confirm({ token: (await mailTo(app, 'third@example.com', 'change')).token });
      const { token } = await mailTo(app, OLD, 'email_changed');
      expect(await revert(token)).toMatchObject({ status: 204 });
      expect(await app.sql('SELECT email FROM users')).toEqual([{ email: OLD }]);
    });

    it('leaves the thief no way back by a link that the further change gave him', async () => {
      await confirmed(); // NEW is the thief's
      await changeTo('third@example.com');
      const thiefs = await mailTo(app, NEW, 'email_change_requested');
      await revert((await mailTo(app, OLD, 'email_changed')).token);
      expect(await revert(thiefs.token)).toFailWith(422, 'link_invalid');
      expect(await app.sql('SELECT email FROM users')).toEqual([{ email: OLD }]);
    });

    it('leaves him none either when both come at once', async () => {
      await confirmed();
      await changeTo('third@example.com');
      const [thiefs, mine] = [
        await mailTo(app, NEW, 'email_change_requested'),
        await mailTo(app, OLD, 'email_changed'),
      ];
      await Promise.all([revert(mine.token), revert(thiefs.token), revert(mine.token), revert(thiefs.token)]);
      await revert(thiefs.token);
      expect(await app.sql('SELECT email FROM users')).toEqual([{ email: OLD }]);
    });

    it('ends the sessions also when somebody has the old address by now, and says so', async () => {
      await confirmed();
      const bob = await person(app, 'bob', { email: OLD });
      const { token } = await mailTo(app, OLD, 'email_changed');
      expect(await revert(token)).toFailWith(409, 'email_taken');
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await me(bob.api)).toMatchObject({ email: OLD });
      expect(await revert(token)).toFailWith(410, 'link_used');
    });
  });

  describe('by an admin', () => {
    let root: Person;
    beforeEach(async () => {
      root = await admin(app);
    });
    const set = (body: object) => root.api.patch(`/api/users/${ada.id}`, body);

    it('is done at once, unverified, and both are told', async () => {
      await verifyAda();
      expect(await set({ email: NEW })).toMatchObject({ status: 200, body: { email: NEW, email_verified: false } });
      await mailTo(app, OLD, 'email_changed');
      await mailTo(app, NEW, 'email_changed');
      await mailTo(app, NEW, 'verify');
    });

    it('is verified if the admin says so', async () => {
      expect(await set({ email: NEW, email_verified: true })).toMatchObject({
        body: { email: NEW, email_verified: true },
      });
      expect(await queuedTo(app, NEW)).toEqual([]);
      expect(await set({ email_verified: false })).toMatchObject({ body: { email_verified: false } });
      expect(await set({ email_verified: true })).toMatchObject({ body: { email_verified: true } });
    });

    it('is for admins only', async () => {
      expect(await change({ email_verified: true })).toFailWith(403, 'field_forbidden');
      expect(await app.api.post('/api/auth/register', { email: NEW, username: 'x12', password: PASSWORD, email_verified: true })).toFailWith(422, 'validation_failed'); // prettier-ignore
    });
  });

  describe('races', () => {
    beforeEach(verifyAda);

    it('two confirmations of one link: one change', async () => {
      await changeTo(NEW);
      const { token } = await mailTo(app, NEW, 'change');
      const answers = await Promise.all(Array.from({ length: 10 }, () => confirm({ token })));
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(204));
      expect(await app.sql(`SELECT id FROM audit_events WHERE action = 'email_changed'`)).toHaveLength(1);
      expect(await queuedTo(app, NEW)).toEqual(['change', 'email_changed']);
    });

    it.each(Array.from({ length: 8 }, (_, i) => i))(
      'a change asked for while the password is reset doesn’t survive it (%i)',
      async (round) => {
        await app.api.post('/api/auth/password-reset', { email: OLD });
        const { token } = await mailTo(app, OLD, 'reset');
        const isAsked = round % 2 === 0; // else it comes at the same moment, and is mostly refused
        if (isAsked) {
          expect((await changeTo(NEW)).status).toBe(200);
          await mailTo(app, NEW, 'change');
        }
        const reset = app.api.post('/api/auth/password-reset/confirm', { token, new_password: NEW_PASSWORD });
        const [done] = await Promise.all([reset, changeTo(NEW), changeTo('third@example.com')]);
        expect(done).toMatchObject({ status: 204 });
        const api = app.api.as(await signIn(app, OLD, NEW_PASSWORD));
        expect(await me(api)).toMatchObject({ email: OLD, pending_email: null });
        const mails = [...(await mailsTo(app, NEW, 'change')), ...(await mailsTo(app, 'third@example.com', 'change'))];
        expect(mails.length).toBeGreaterThanOrEqual(isAsked ? 1 : 0);
        for (const mail of mails) {
          expect(await confirm({ token: mail.token }, api)).toFailWith(422, 'link_invalid');
        }
      },
    );
  });
});

import { startApp, type TestApp } from './support/app.js';
import { expire, mailsTo, mailTo, queuedTo } from './support/mailbox.js';
import { PASSWORD, person, type Person } from './support/people.js';

describe('verifying an address', () => {
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

  const isVerified = async (someone = ada) => (await someone.api.get('/api/auth/me')).body.email_verified as boolean;
  const verify = (body: object, api = app.api) => api.post('/api/auth/verify-email', body);
  const send = (body: object = {}, api = app.api) => api.post('/api/auth/verify-email/send', body);

  it('begins with the registration, which sends the mail', async () => {
    const mail = await mailTo(app, 'ada@example.com', 'verify');
    expect(mail.token).toMatch(/^ev_[\w-]{64}$/);
    expect(mail.code).toMatch(/^\d{3} ?\d{3}$/);
    expect(await isVerified()).toBe(false);
  });

  describe('by the link', () => {
    it('works with a bearer token', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      expect(await verify({ token }, ada.api)).toMatchObject({ status: 204, text: '' });
      expect(await isVerified()).toBe(true);
      expect(await ada.api.get('/api/auth/events?action=email_verified')).toMatchObject({ body: { items: [{ outcome: 'success' }] } }); // prettier-ignore
    });

    it('works with the password', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      expect(await verify({ token, password: PASSWORD })).toMatchObject({ status: 204 });
      expect(await isVerified()).toBe(true);
    });

    it('works again while it lives, and sends nothing', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      for (let i = 0; i < 3; i++) expect(await verify({ token }, ada.api)).toMatchObject({ status: 204 });
      expect(await queuedTo(app, ada.email)).toEqual(['verify']);
      expect(await app.sql(`SELECT id FROM audit_events WHERE action = 'email_verified'`)).toHaveLength(1);
    });

    it('works twice at once', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      const answers = await Promise.all(Array.from({ length: 8 }, () => verify({ token }, ada.api)));
      expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(204));
      expect(await app.sql(`SELECT id FROM audit_events WHERE action = 'email_verified'`)).toHaveLength(1);
    });

    it('needs one of both', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      const answer = await verify({ token });
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ pointer: '/password', code: 'required' }]);
      expect(await isVerified()).toBe(false);
    });

    it('does nothing for a wrong password', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      expect(await verify({ token, password: 'wrong horse battery' })).toFailWith(403, 'wrong_password');
      expect(await isVerified()).toBe(false);
    });

    it('does nothing for a bad bearer token', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      expect(await verify({ token, password: PASSWORD }, app.api.as('nonsense'))).toFailWith(401, 'invalid_token');
    });

    it.each([
      ['forged', (token: string) => `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`],
      ['cut off', (token: string) => token.slice(0, -1)],
      ['for something else', (token: string) => token.replace('ev_', 'pr_')],
      ['none', () => 'ev_'],
    ])('is refused when it is %s', async (_, change) => {
      const { token } = await mailTo(app, ada.email, 'verify');
      expect(await verify({ token: change(token) }, ada.api)).toFailWith(422, 'link_invalid');
    });

    it('is too late after a day', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      await expire(app, 'verify');
      expect(await verify({ token }, ada.api)).toFailWith(410, 'link_expired');
      expect(await isVerified()).toBe(false);
    });
  });

  describe('by the code', () => {
    it('works with a bearer token, however it is typed', async () => {
      const { code } = await mailTo(app, ada.email, 'verify');
      expect(await verify({ code: ` ${code.slice(0, 3)}-${code.slice(-3)} ` }, ada.api)).toMatchObject({ status: 204 });
      expect(await isVerified()).toBe(true);
      expect(await verify({ code }, ada.api)).toMatchObject({ status: 204 });
    });

    it('works with the address and the password', async () => {
      const { code } = await mailTo(app, ada.email, 'verify');
      expect(await verify({ email: 'ADA@example.com ', code, password: PASSWORD })).toMatchObject({ status: 204 });
      expect(await isVerified()).toBe(true);
    });

    it('is nothing without the password, whoever asks', async () => {
      const { code } = await mailTo(app, ada.email, 'verify');
      const wrong = { code, password: 'wrong horse battery' };
      expect(await verify({ email: ada.email, ...wrong })).toFailWith(403, 'wrong_password');
      expect(await verify({ email: 'nobody@example.com', ...wrong })).toFailWith(403, 'wrong_password');
      expect(await isVerified()).toBe(false);
    });

    it('is dead after five wrong ones, and the link lives on', async () => {
      const { code, token } = await mailTo(app, ada.email, 'verify');
      const other = code === '000 000' ? '000001' : '000000';
      for (let i = 0; i < 5; i++) expect(await verify({ code: other }, ada.api)).toFailWith(422, 'code_invalid');
      expect(await verify({ code }, ada.api)).toFailWith(422, 'code_invalid');
      expect(await verify({ token }, ada.api)).toMatchObject({ status: 204 });
    });

    it('is another one once it is used up, and asked for', async () => {
      const first = await mailTo(app, ada.email, 'verify');
      const other = first.code === '000 000' ? '000001' : '000000';
      for (let i = 0; i < 5; i++) await verify({ code: other }, ada.api);
      expect(await send({}, ada.api)).toMatchObject({ status: 202, body: { status: 'accepted' } });
      const second = await mailTo(app, ada.email, 'verify', 2);
      expect(second.code).not.toBe(first.code);
      expect(await verify({ token: first.token }, ada.api)).toFailWith(422, 'link_invalid');
      expect(await verify({ code: second.code }, ada.api)).toMatchObject({ status: 204 });
    });

    it('is told to be late after a day', async () => {
      const { code } = await mailTo(app, ada.email, 'verify');
      await expire(app, 'verify');
      expect(await verify({ code }, ada.api)).toFailWith(410, 'code_expired');
    });

    it('lets fifty guesses at once be no more than five', async () => {
      const { code, token } = await mailTo(app, ada.email, 'verify');
      const wrong = Array.from({ length: 50 }, (_, i) => String(i).padStart(6, '0')).filter((guess) => guess !== code.replace(' ', '')); // prettier-ignore
      const answers = await Promise.all(wrong.map((guess) => verify({ code: guess }, ada.api)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([422]));
      expect(await app.sql('SELECT attempts FROM mail_challenges')).toEqual([{ attempts: 5 }]);
      expect(await verify({ code }, ada.api)).toFailWith(422, 'code_invalid');
      expect(await verify({ token }, ada.api)).toMatchObject({ status: 204 });
    });
  });

  describe('asking for the mail again', () => {
    it('sends the same link and code', async () => {
      const first = await mailTo(app, ada.email, 'verify');
      await send({}, ada.api);
      await send({ email: 'Ada@Example.com' });
      const third = await mailTo(app, ada.email, 'verify', 3);
      expect([third.token, third.code]).toEqual([first.token, first.code]);
    });

    it('answers the same for nobody, and for who is verified, and sends them nothing', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      await verify({ token }, ada.api);
      const answers = [
        await send({ email: ada.email }),
        await send({ email: 'nobody@example.com' }),
        await send({}, ada.api),
      ];
      for (const answer of answers) expect(answer).toMatchObject({ status: 202, body: { status: 'accepted' } });
      expect(await queuedTo(app, ada.email)).toEqual(['verify']);
      expect(await queuedTo(app, 'nobody@example.com')).toEqual([]);
    });

    it('needs an address from who isn’t signed in', async () => {
      const answer = await send();
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ pointer: '/email', code: 'required' }]);
    });

    it('makes a new link when the old one has expired', async () => {
      const first = await mailTo(app, ada.email, 'verify');
      await expire(app, 'verify');
      await send({}, ada.api);
      const second = await mailTo(app, ada.email, 'verify', 2);
      expect(second.token).not.toBe(first.token);
      expect(await verify({ token: second.token }, ada.api)).toMatchObject({ status: 204 });
    });
  });

  describe('"this wasn’t me"', () => {
    const reject = (token: string) => app.api.post('/api/auth/verify-email/reject', { token });

    it('deletes the account, and an admin can bring it back', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      expect(await reject(token)).toMatchObject({ status: 204 });
      expect(await reject(token)).toMatchObject({ status: 204 });
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await app.sql('SELECT id FROM users WHERE deleted_at IS NOT NULL AND NOT is_active')).toHaveLength(1);
      expect(await verify({ token, password: PASSWORD })).toFailWith(422, 'link_invalid');
    });

    it('does nothing once the address is verified', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      await verify({ token }, ada.api);
      expect(await reject(token)).toMatchObject({ status: 204 });
      expect(await isVerified()).toBe(true);
    });

    it('is refused with anything else than the link', async () => {
      expect(await reject('ev_nonsense')).toFailWith(422, 'link_invalid');
    });
  });

  describe('a link', () => {
    it('says what it is for, and is not used up by that', async () => {
      const { token } = await mailTo(app, ada.email, 'verify');
      const preview = () => app.api.post('/api/auth/links/preview', { token });
      expect(await preview()).toMatchObject({ status: 200, body: { purpose: 'verify', email: ada.email } });
      expect(await preview()).toMatchObject({ status: 200 });
      await verify({ token }, ada.api);
      expect(await preview()).toFailWith(410, 'link_used');
    });

    it('acts on no GET or HEAD, a hundred times', async () => {
      const { token, link } = await mailTo(app, ada.email, 'verify');
      const path = new URL(link).pathname;
      for (let i = 0; i < 25; i++) {
        await app.api.get(`${path}?token=${token}`);
        await app.api.head(`${path}?token=${token}`);
        await app.api.get(`/api/auth/verify-email?token=${token}`);
        await app.api.get(`/api/auth/me?token=${token}`);
      }
      expect(await isVerified()).toBe(false);
      expect(await mailsTo(app, ada.email)).toHaveLength(1);
    });
  });
});

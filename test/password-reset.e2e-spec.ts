import { startApp, type TestApp } from './support/app.js';
import { withTotp } from './support/factors.js';
import { expire, mailTo, queuedTo } from './support/mailbox.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';

const NEW = 'a new horse battery';

describe('resetting a password', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await app.sql('TRUNCATE users, outbox, dev_mails, audit_events, throttle_counters CASCADE');
    ada = await person(app, 'ada');
  });

  const ask = (body: object) => app.api.post('/api/auth/password-reset', body);
  const confirm = (body: object, at = app) => at.api.post('/api/auth/password-reset/confirm', body);
  const login = (password: string, username = 'ada') => app.api.post('/api/auth/login', { username, password });
  const resetMail = async (n?: number) => {
    await ask({ email: ada.email });
    return mailTo(app, ada.email, 'reset', n);
  };

  it.each([{ email: 'ada@example.com' }, { email: ' ADA@Example.com' }, { username: 'ada' }, { username: ' ADA ' }])(
    'is asked for by %j',
    async (who) => {
      expect(await ask(who)).toMatchObject({ status: 202, body: { status: 'accepted' } });
      expect((await mailTo(app, ada.email, 'reset')).token).toMatch(/^pr_[\w-]{64}$/);
    },
  );

  it('answers the same for who isn’t there, may not sign in, or is gone, and sends them nothing', async () => {
    const [bob, eve] = [await person(app, 'bob'), await person(app, 'eve')];
    await app.sql(`UPDATE users SET is_active = false WHERE username = 'bob'`);
    await eve.api.delete(`/api/users/${eve.id}`);
    const known = await ask({ email: ada.email });
    for (const who of [
      { email: bob.email },
      { email: eve.email },
      { email: 'nobody@example.com' },
      { username: 'nobody' },
    ]) {
      const answer = await ask(who);
      expect([answer.status, answer.text]).toEqual([known.status, known.text]);
      expect([...answer.headers.keys()]).toEqual([...known.headers.keys()]);
    }
    expect(await app.sql(`SELECT recipient FROM outbox WHERE kind = 'reset'`)).toEqual([{ recipient: ada.email }]);
  });

  it.each([
    {},
    { email: 'ada@example.com', username: 'ada' },
    { email: 'ada' },
    { username: 7 },
    { email: 'a@b.example', x: 1 },
  ])('refuses %j', async (body) => {
    expect(await ask(body)).toFailWith(422, 'validation_failed');
  });

  it.each<[string, (mail: { token: string; code: string }) => object]>([
    ['the link', ({ token }) => ({ token })],
    ['the code', ({ code }) => ({ email: 'Ada@Example.com', code })],
  ])('sets the password by %s, and ends every session', async (_, proof) => {
    const mail = await resetMail();
    expect(await confirm({ ...proof(mail), new_password: NEW })).toMatchObject({ status: 204, text: '' });
    expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
    expect(await app.api.post('/api/auth/refresh', { refresh_token: ada.tokens.refresh_token })).toMatchObject({ status: 401 }); // prettier-ignore
    expect(await login(PASSWORD)).toFailWith(401, 'invalid_credentials');
    expect(await login(NEW)).toMatchObject({ status: 200 });
    await mailTo(app, ada.email, 'password_reset');
  });

  it('proves the mailbox', async () => {
    const { token } = await resetMail();
    await confirm({ token, new_password: NEW });
    const api = app.api.as(await signIn(app, 'ada', NEW));
    expect(await api.get('/api/auth/me')).toMatchObject({ body: { email_verified: true } });
  });

  it('forgives the wrong guesses before it', async () => {
    const strict = await app.replica({ THROTTLE: 'on' });
    const guess = (password: string) => strict.api.post('/api/auth/login', { username: 'ada', password });
    for (let i = 0; i < 5; i++) expect(await guess('a wrong horse')).toMatchObject({ status: 401 });
    expect(await guess(PASSWORD)).toFailWith(429, 'too_many_requests');
    const { token } = await resetMail();
    expect(await confirm({ token, new_password: NEW }, strict)).toMatchObject({ status: 204 });
    expect(await guess(NEW)).toMatchObject({ status: 200 });
    await strict.close();
  });

  it('works once', async () => {
    const { token, code } = await resetMail();
    await confirm({ token, new_password: NEW });
    expect(await confirm({ token, new_password: 'another horse battery' })).toFailWith(410, 'link_used');
    expect(await confirm({ email: ada.email, code, new_password: 'another horse battery' })).toFailWith(
      410,
      'link_used',
    );
    expect(await login(NEW)).toMatchObject({ status: 200 });
  });

  it.each<[string, (mail: { token: string; code: string }) => object]>([
    ['one link', ({ token }) => ({ token })],
    ['one code', ({ code }) => ({ email: 'ada@example.com', code })],
  ])('lets fifty with %s at once set one password', async (_, proof) => {
    const mail = await resetMail();
    const passwords = Array.from({ length: 50 }, (_, i) => `the horse of number ${i}`);
    const answers = await Promise.all(passwords.map((new_password) => confirm({ ...proof(mail), new_password })));
    const won = answers.findIndex(({ status }) => status === 204);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    for (const answer of answers.filter((_, i) => i !== won)) {
      if (answer.status !== 503) expect(answer).toFailWith(410, 'link_used'); // too many at once for the hashing
    }
    expect(await login(passwords[won] ?? '')).toMatchObject({ status: 200 });
    expect(await app.sql(`SELECT id FROM audit_events WHERE action = 'password_reset'`)).toHaveLength(1);
  });

  it.each(['short', 'password', 'ada-ada', 'ada@example.com'])('is not used up by the bad password %j', async (bad) => {
    const { token, code } = await resetMail();
    const answer = await confirm({ token, new_password: bad });
    expect(answer).toFailWith(422, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ pointer: '/new_password' }]);
    expect(await confirm({ email: ada.email, code, new_password: bad })).toFailWith(422, 'validation_failed');
    expect(await app.sql(`SELECT attempts FROM mail_challenges WHERE purpose = 'reset'`)).toEqual([{ attempts: 0 }]);
    expect(await confirm({ token, new_password: NEW })).toMatchObject({ status: 204 });
  });

  it('sends the same again while it lives, and another when it is too late', async () => {
    const first = await resetMail();
    const second = await resetMail(2);
    expect([second.token, second.code]).toEqual([first.token, first.code]);
    await expire(app, 'reset');
    expect(await confirm({ token: first.token, new_password: NEW })).toFailWith(410, 'link_expired');
    expect(await confirm({ email: ada.email, code: first.code, new_password: NEW })).toFailWith(410, 'code_expired');
    const third = await resetMail(3);
    expect(third.token).not.toBe(first.token);
    expect(await confirm({ token: first.token, new_password: NEW })).toFailWith(422, 'link_invalid');
    expect(await confirm({ token: third.token, new_password: NEW })).toMatchObject({ status: 204 });
  });

  it('lives as long as PASSWORD_RESET_MINUTES says', async () => {
    const slow = await app.replica({ PASSWORD_RESET_MINUTES: '600' });
    await slow.api.post('/api/auth/password-reset', { email: ada.email });
    const [row] = await app.sql<{ hours: number }>(
      `SELECT round(extract(epoch FROM expires_at - created_at) / 3600)::int AS hours FROM mail_challenges WHERE purpose = 'reset'`,
    );
    expect(row?.hours).toBe(10);
    await slow.close();
  });

  describe('what ends it', () => {
    it.each<[string, () => Promise<unknown>]>([
      [
        'a new password',
        () => ada.api.put('/api/auth/password', { current_password: PASSWORD, new_password: 'my own horse battery' }),
      ],
      [
        'another address',
        () => ada.api.patch(`/api/users/${ada.id}`, { email: 'other@example.com', current_password: PASSWORD }),
      ],
      [
        'deactivation',
        () => app.sql(`UPDATE users SET is_active = false, session_generation = session_generation + 1`),
      ],
      ['deletion', () => ada.api.delete(`/api/users/${ada.id}`)],
    ])('%s', async (_, end) => {
      const { token, code } = await resetMail();
      expect(await end()).not.toMatchObject({ status: 422 });
      expect(await confirm({ token, new_password: NEW })).toFailWith(422, 'link_invalid');
      expect(await confirm({ email: ada.email, code, new_password: NEW })).toFailWith(422, 'code_invalid');
    });
  });

  describe('guessing codes', () => {
    it('is the same for who isn’t there', async () => {
      const strict = await app.replica({ THROTTLE: 'on' });
      await resetMail();
      for (const email of [ada.email, 'nobody@example.com']) {
        const guess = () => confirm({ email, code: '000000', new_password: NEW }, strict);
        for (let i = 0; i < 5; i++) expect(await guess()).toFailWith(422, 'code_invalid');
        const refused = await guess();
        expect(refused).toFailWith(429, 'too_many_requests');
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(800);
      }
      await strict.close();
    });

    it('ends after twenty in a day, by what stands on the challenges, also when a crash has emptied the counters', async () => {
      const strict = await app.replica({ THROTTLE: 'on' });
      await app.sql(
        `INSERT INTO mail_challenges (id, purpose, user_id, email, generation, attempts, created_at, expires_at, cancelled_at)
         SELECT gen_random_uuid(), 'reset', $1, $2, 0, 5, now() - interval '2 hours', now(), now() FROM generate_series(1, 4)`,
        [ada.id, ada.email],
      );
      const { code, token } = await resetMail();
      const refused = await confirm({ email: ada.email, code, new_password: NEW }, strict);
      expect(refused).toFailWith(429, 'too_many_requests');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3600);
      expect(await confirm({ token, new_password: NEW }, strict)).toMatchObject({ status: 204 });
      await strict.close();
    });
  });

  describe('by an admin', () => {
    let root: Person;
    beforeEach(async () => {
      root = await admin(app);
    });
    const reset = (id: string, body: object = {}) => root.api.post(`/api/users/${id}/password-reset`, body);

    it('goes to the user by mail', async () => {
      expect(await reset(ada.id)).toMatchObject({ status: 202, body: { status: 'accepted' } });
      const { token } = await mailTo(app, ada.email, 'reset');
      expect(await ada.api.get('/api/auth/me')).toMatchObject({ status: 200 });
      expect(await confirm({ token, new_password: NEW })).toMatchObject({ status: 204 });
    });

    it('is shown as a link, once, and sends nothing', async () => {
      const answer = await reset(ada.id, { deliver: 'link' });
      expect(answer).toMatchObject({
        status: 201,
        body: { url: expect.stringContaining('/reset-password#token=pr_') as string },
      });
      expect(answer.headers.get('cache-control')).toContain('no-store');
      expect(await queuedTo(app, ada.email)).toEqual(['verify']);
      const { code } = answer.body as { code: string };
      expect(await confirm({ email: ada.email, code, new_password: NEW })).toMatchObject({ status: 204 });
    });

    it('ends the sessions at once if asked', async () => {
      await reset(ada.id, { deliver: 'link', end_sessions: true });
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect((await root.api.get(`/api/audit-events?user_id=${ada.id}&limit=2`)).body.items).toMatchObject([{ actor_id: root.id }, { actor_id: root.id }]); // prettier-ignore
    });

    it('leaves the link that the user has asked for good, also when the sessions end', async () => {
      await app.api.post('/api/auth/password-reset', { email: ada.email });
      const { token } = await mailTo(app, ada.email, 'reset');
      const shown = await reset(ada.id, { deliver: 'link', end_sessions: true });
      expect((shown.body as { url: string }).url).toContain(token);
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await confirm({ token, new_password: NEW })).toMatchObject({ status: 204 });
    });

    it('leaves the link that the user has asked for good when their second factor changes', async () => {
      await app.api.post('/api/auth/password-reset', { email: ada.email });
      const { token } = await mailTo(app, ada.email, 'reset');
      await withTotp(app, ada); // every other session ends
      const boss = await withTotp(app, root);
      expect(await boss.api.delete(`/api/users/${ada.id}/mfa`)).toMatchObject({ status: 204 }); // and every one
      expect(await confirm({ token, new_password: NEW })).toMatchObject({ status: 204 });
    });

    it('is refused for who is gone or may not sign in', async () => {
      expect(await reset('0199c2f4-5a10-7c3e-9b7d-2f6c1e0a4b11')).toFailWith(404, 'not_found');
      await root.api.patch(`/api/users/${ada.id}`, { is_active: false });
      expect(await reset(ada.id)).toFailWith(409, 'conflict');
      expect(await reset(ada.id, { deliver: 'pigeon' })).toFailWith(422, 'validation_failed');
    });

    it('gives a new account its password', async () => {
      const bob = { username: 'bob', email: 'bob@example.com' };
      const made = await root.api.post('/api/users', bob);
      expect(made).toMatchObject({ status: 201, body: { email_verified: false } });
      expect(made.body).not.toHaveProperty('password_reset');
      expect(await login('', 'bob')).toMatchObject({ status: 401 });
      const { token } = await mailTo(app, bob.email, 'reset');
      expect(await queuedTo(app, bob.email)).toEqual(['reset']);
      expect(await confirm({ token, new_password: NEW })).toMatchObject({ status: 204 });
      expect(await login(NEW, 'bob')).toMatchObject({ status: 200 });
    });

    it('gives a new account its password by a link, if asked', async () => {
      const made = await root.api.post('/api/users', { username: 'bob', email: 'bob@example.com', deliver: 'link' });
      expect(made).toMatchObject({ status: 201, body: { password_reset: { code: expect.stringMatching(/^\d{6}$/) as string } } }); // prettier-ignore
      expect(made.headers.get('cache-control')).toContain('no-store');
      expect(await queuedTo(app, 'bob@example.com')).toEqual([]);
    });
  });

  describe('where no mail is set up', () => {
    const PRODUCTION = {
      NODE_ENV: 'production',
      CORS_ORIGINS: 'https://app.example.com',
      BCRYPT_ROUNDS: '10',
      LOG_LEVEL: 'silent',
    };

    it('is 503 for every address, and a link is what admins get', async () => {
      const mute = await app.replica(PRODUCTION);
      for (const email of [ada.email, 'nobody@example.com']) {
        expect(await mute.api.post('/api/auth/password-reset', { email })).toFailWith(503, 'mail_not_configured');
        expect(await mute.api.post('/api/auth/verify-email/send', { email })).toFailWith(503, 'mail_not_configured');
      }
      const root = await admin(app);
      const api = mute.api.as(root.tokens);
      expect(await api.post(`/api/users/${ada.id}/password-reset`, { deliver: 'mail' })).toFailWith(
        503,
        'mail_not_configured',
      );
      const answer = await api.post(`/api/users/${ada.id}/password-reset`, {});
      expect(answer).toMatchObject({ status: 201 });
      const token = (answer.body.url as string).split('#token=')[1];
      expect(await mute.api.post('/api/auth/password-reset/confirm', { token, new_password: NEW })).toMatchObject({ status: 204 }); // prettier-ignore
      expect(await api.post('/api/invitations', { email: 'x@example.com' })).toFailWith(503, 'mail_not_configured');
      expect(await app.sql(`SELECT id FROM outbox WHERE kind = 'password_reset'`)).toEqual([]);
      await mute.close();
    });
  });
});

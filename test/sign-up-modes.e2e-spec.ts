import { startApp, type TestApp } from './support/app.js';
import { mailTo, queuedTo } from './support/mailbox.js';
import { admin, PASSWORD, person, signIn } from './support/people.js';

describe('who gets an account', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(() => app.sql('TRUNCATE users, outbox, dev_mails, audit_events, throttle_counters CASCADE'));

  const eve = { email: 'eve@example.com', username: 'eve', password: PASSWORD };

  describe.each(['invite_only', 'closed'])('with REGISTRATION=%s', (REGISTRATION) => {
    it('nobody by themselves, and admins give accounts on', async () => {
      const closed = await app.replica({ REGISTRATION });
      expect(await closed.api.post('/api/auth/register', eve)).toFailWith(403, 'registration_closed');
      const root = await admin(closed);
      expect(await root.api.post('/api/users', eve)).toMatchObject({ status: 201 });
      await closed.close();
    });
  });

  describe('with REGISTRATION_REVEALS=false', () => {
    let quiet: TestApp;
    beforeAll(async () => {
      quiet = await app.replica({ REGISTRATION_REVEALS: 'false' });
    });
    afterAll(() => quiet.close());
    const register = (body: object) => quiet.api.post('/api/auth/register', { ...eve, ...body });

    it('a free and a taken address are answered alike', async () => {
      await person(app, 'ada');
      const free = await register({});
      const taken = await register({ email: ' ADA@example.com', username: 'other' });
      for (const answer of [free, taken]) expect(answer).toMatchObject({ status: 202, body: { status: 'accepted' } });
      expect([...taken.headers.keys()]).toEqual([...free.headers.keys()]);
      expect(free.headers.has('location') || free.headers.has('etag')).toBe(false);
    });

    it('a free address gets its account and its mail', async () => {
      await register({});
      const { token } = await mailTo(app, eve.email, 'verify');
      expect(await app.api.post('/api/auth/verify-email', { token, password: PASSWORD })).toMatchObject({
        status: 204,
      });
      expect(await signIn(app, 'eve')).toHaveProperty('access_token');
    });

    it('whoever has a taken address is told, and nothing is changed', async () => {
      await person(app, 'ada');
      await register({ email: 'ada@example.com', username: 'other' });
      await mailTo(app, 'ada@example.com', 'already_registered');
      expect(await app.sql('SELECT username FROM users')).toEqual([{ username: 'ada' }]);
    });

    it('a taken name is told, whether the address is taken or not', async () => {
      await person(app, 'ada');
      for (const email of ['ada@example.com', 'free@example.com']) {
        expect(await register({ email, username: 'ADA' })).toFailWith(409, 'username_taken');
      }
      expect(await queuedTo(app, 'ada@example.com')).toEqual(['verify']);
      expect(await queuedTo(app, 'free@example.com')).toEqual([]);
    });

    it('one address is registered once by ten at once', async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => register({ username: `eve${i}` })));
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
      expect(await app.sql('SELECT id FROM users')).toHaveLength(1);
    });

    it('a change to a taken address looks like any other, and its owner is told', async () => {
      await person(app, 'ada');
      const bob = await person(app, 'bob');
      await bob.api.post('/api/auth/verify-email', { token: (await mailTo(app, bob.email, 'verify')).token });
      const api = quiet.api.as(bob.tokens);
      const change = { email: 'ada@example.com', current_password: PASSWORD };
      expect(await api.patch(`/api/users/${bob.id}`, change)).toMatchObject({ status: 200, body: { email: bob.email, pending_email: 'ada@example.com' } }); // prettier-ignore
      await mailTo(app, 'ada@example.com', 'address_in_use');
      expect(await queuedTo(app, 'ada@example.com')).toEqual(['verify', 'address_in_use']);
      expect(await bob.api.patch(`/api/users/${bob.id}`, change)).toFailWith(409, 'email_taken'); // where it is told
    });
  });

  describe('with REQUIRE_VERIFIED_EMAIL=true', () => {
    let strict: TestApp;
    beforeAll(async () => {
      strict = await app.replica({ REQUIRE_VERIFIED_EMAIL: 'true' });
    });
    afterAll(() => strict.close());
    const login = (password = PASSWORD) => strict.api.post('/api/auth/login', { username: 'eve', password });

    it('nobody signs in before their address is verified, and who knows the password gets the mail', async () => {
      await strict.api.post('/api/auth/register', eve);
      await mailTo(app, eve.email, 'verify', 1);
      expect(await login('wrong horse')).toFailWith(401, 'invalid_credentials');
      expect(await queuedTo(app, eve.email)).toEqual(['verify']);
      expect(await login()).toFailWith(403, 'email_not_verified');
      const { code } = await mailTo(app, eve.email, 'verify', 2);
      expect(await app.sql('SELECT id FROM sessions')).toEqual([]);
      expect(await strict.api.post('/api/auth/verify-email', { email: eve.email, code, password: PASSWORD })).toMatchObject({ status: 204 }); // prettier-ignore
      expect(await login()).toMatchObject({ status: 200 });
    });

    it('the token route says so as OAuth clients read it', async () => {
      await strict.api.post('/api/auth/register', eve);
      const answer = await strict.api.form('/api/auth/token', { username: 'eve', password: PASSWORD });
      expect(answer).toMatchObject({ status: 400, body: { error: 'email_not_verified' } });
    });

    it('nobody refreshes before, either', async () => {
      const ada = await person(app, 'ada');
      const refresh = () => strict.api.post('/api/auth/refresh', { refresh_token: ada.tokens.refresh_token });
      expect(await refresh()).toFailWith(403, 'email_not_verified');
      await app.sql('UPDATE users SET email_verified_at = now()');
      expect(await refresh()).toMatchObject({ status: 200 });
    });
  });

  describe('the language of mails', () => {
    const register = (body: object, headers: Record<string, string> = {}) =>
      app.api.with(headers).post('/api/auth/register', { ...eve, ...body });

    it.each<[string, object, Record<string, string>, string | null]>([
      ['what is said', { locale: 'de-at' }, { 'accept-language': 'en' }, 'de-AT'],
      ['else what the client prefers', {}, { 'accept-language': 'fr;q=0.5, de-DE' }, 'de-DE'],
      ['else nothing', {}, { 'accept-language': '*' }, null],
    ])('is kept: %s', async (_, body, headers, kept) => {
      expect(await register(body, headers)).toMatchObject({ status: 201, body: { locale: kept } });
    });

    it('is spoken, and can be changed', async () => {
      await register({ locale: 'de' });
      expect((await mailTo(app, eve.email, 'verify')).text).toContain('Code');
      expect((await mailTo(app, eve.email, 'verify')).subject).toMatch(/ist Ihr|ist dein|lautet|Code/);
      const { access_token } = await signIn(app, 'eve');
      const api = app.api.as(access_token);
      const { body } = await api.get('/api/auth/me');
      expect(await api.patch(`/api/users/${body.id}`, { locale: 'en' })).toMatchObject({ body: { locale: 'en' } });
      expect(await api.patch(`/api/users/${body.id}`, { locale: null })).toMatchObject({ body: { locale: null } });
      expect(await api.patch(`/api/users/${body.id}`, { locale: 'no such language' })).toFailWith(
        422,
        'validation_failed',
      );
    });
  });

  describe('an account for a program', () => {
    it('has neither address nor password', async () => {
      const root = await admin(app);
      const made = await root.api.post('/api/users', { kind: 'service', username: 'deploy-bot' });
      expect(made).toMatchObject({ status: 201, body: { email: null, email_verified: false, role: 'user' } });
      expect(await root.api.post('/api/users', { kind: 'service', username: 'other', email: 'x@example.com' })).toFailWith(422, 'validation_failed'); // prettier-ignore
      expect(await root.api.post('/api/users', { username: 'nobody' })).toFailWith(422, 'validation_failed');
      expect(await root.api.post(`/api/users/${made.body.id}/password-reset`, {})).toFailWith(409, 'conflict');
    });
  });
});

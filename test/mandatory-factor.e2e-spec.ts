import { startApp, type TestApp } from './support/app.js';
import { addPasskey, codeOf, passkeySignIn, withTotp, wrongCode } from './support/factors.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';
import { decode } from './support/tokens.js';

describe('a second factor that must be', () => {
  let app: TestApp;
  let root: Person;
  let made = 0;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.close());

  const somebody = () => person(app, `ada${++made}`);
  const login = ({ email }: Person, server = app) => server.api.post('/api/auth/login', { email, password: PASSWORD });
  const require = ({ id }: Person, mfa_required = true) => root.api.patch(`/api/users/${id}`, { mfa_required });

  describe('is set up at sign-in', () => {
    const challenged = async () => {
      const ada = await somebody();
      await require(ada);
      const answer = await login(ada);
      expect(answer).toFailWith(403, 'mfa_enrollment_required');
      expect(answer.body.mfa).toEqual({ token: expect.stringMatching(/^mt_/) as string, methods: [], expires_in: 300 });
      const mfa_token = answer.body.mfa.token as string;
      const setup = async () => (await app.api.post('/api/auth/mfa/enroll', { mfa_token })).body as { secret: string; setup_token: string }; // prettier-ignore
      const confirm = (body: object) => app.api.post('/api/auth/mfa/enroll/confirm', { mfa_token, ...body });
      return { ada, mfa_token, setup, confirm };
    };

    it('with a code of the app that was set up, and with recovery codes', async () => {
      const { ada, setup, confirm } = await challenged();
      const { secret, setup_token, ...more } = await setup();
      expect(more).toEqual({ otpauth_uri: expect.stringContaining(secret) as string, expires_in: 600 });
      expect(await confirm({ setup_token, code: wrongCode({ secret }) })).toFailWith(401, 'invalid_code');
      const { status, body } = await confirm({ setup_token, code: codeOf({ secret }) });
      expect(status).toBe(200);
      expect(body.recovery_codes).toHaveLength(10);
      expect(decode(body.access_token as string).payload).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' });
      expect((await app.api.as(body).get('/api/auth/mfa')).body).toMatchObject({ enabled: true, mandatory: true });
      expect(await app.api.post('/api/auth/refresh', { refresh_token: body.refresh_token as string })).toMatchObject({ status: 200 }); // prettier-ignore
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token'); // other sessions have ended
      expect(await login(ada)).toFailWith(403, 'mfa_required');
    });

    it('is answered at the token route in the words of OAuth', async () => {
      const { ada } = await challenged();
      const { status, body } = await app.api.form('/api/auth/token', { username: ada.email, password: PASSWORD });
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: 'mfa_enrollment_required', mfa_token: expect.stringMatching(/^mt_/) as string, mfa_methods: [] }); // prettier-ignore
    });

    it('once, of fifty at once', async () => {
      const { ada, setup, confirm } = await challenged();
      const { secret, setup_token } = await setup();
      const body = { setup_token, code: codeOf({ secret }) };
      const answers = await Promise.all(Array.from({ length: 50 }, () => confirm(body)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      for (const answer of answers.filter(({ status }) => ![200, 503].includes(status))) {
        expect(answer).toFailWith(401, 'invalid_mfa_token');
      }
      expect(await app.sql('SELECT FROM recovery_codes WHERE user_id = $1', [ada.id])).toHaveLength(10);
    });

    it('only while there is none: a password alone adds no factor to those of the owner', async () => {
      const { ada, mfa_token, setup, confirm } = await challenged();
      const { secret, setup_token } = await setup();
      await addPasskey(ada); // by the owner, meanwhile
      expect(await app.api.post('/api/auth/mfa/enroll', { mfa_token })).toFailWith(401, 'invalid_mfa_token');
      expect(await confirm({ setup_token, code: codeOf({ secret }) })).toFailWith(401, 'invalid_mfa_token');
      const answer = await login(ada);
      expect(answer).toFailWith(403, 'mfa_required');
      expect(answer.body.mfa.methods).toEqual(['passkey']);
    });

    it('with nothing else than what that token was given for', async () => {
      const { ada, mfa_token, confirm } = await challenged();
      const other = await challenged();
      const { secret, setup_token } = await other.setup();
      expect(await confirm({ setup_token, code: codeOf({ secret }) })).toFailWith(422, 'validation_failed');
      expect(await app.api.post('/api/auth/mfa/verify', { mfa_token, code: '123456' })).toFailWith(401, 'invalid_mfa_token'); // prettier-ignore
      await app.sql('UPDATE users SET session_generation = session_generation + 1 WHERE id = $1', [ada.id]);
      expect(await app.api.post('/api/auth/mfa/enroll', { mfa_token })).toFailWith(401, 'invalid_mfa_token');
    });
  });

  it('is not taken away', async () => {
    const ada = await withTotp(app, await somebody());
    await require(ada);
    expect((await ada.api.get('/api/auth/mfa')).body).toMatchObject({ mandatory: true });
    expect(await ada.api.delete('/api/auth/mfa/totp')).toFailWith(409, 'mfa_mandatory');
    expect(await ada.api.put('/api/auth/mfa', { enabled: false })).toFailWith(409, 'mfa_mandatory');
    const { id } = await addPasskey(ada);
    expect(await ada.api.delete('/api/auth/mfa/totp')).toMatchObject({ status: 204 });
    expect(await ada.api.delete(`/api/auth/passkeys/${id}`)).toFailWith(409, 'mfa_mandatory');
    await require(ada, false);
    expect(await ada.api.delete(`/api/auth/passkeys/${id}`)).toMatchObject({ status: 204 });
  });

  describe('of living sessions', () => {
    it('is asked for at their next request, everywhere but where it can be set up', async () => {
      const ada = await somebody();
      await require(ada);
      for (const [method, path, body] of [
        ['GET', '/api/users'],
        ['GET', '/api/posts'],
        ['POST', '/api/posts', { content: 'x' }],
        ['GET', `/api/users/${ada.id}/tasks`],
        ['PATCH', `/api/users/${ada.id}`, { display_name: 'Ada' }],
        ['DELETE', `/api/users/${ada.id}`],
        ['GET', '/api/auth/devices'],
        ['GET', '/api/auth/events'],
        ['PUT', '/api/auth/password', { current_password: PASSWORD, new_password: PASSWORD }],
        ['POST', '/api/auth/tokens', { name: 'x', scopes: [] }],
      ] as const) {
        expect(await ada.api.send(method, path, body)).toFailWith(403, 'mfa_enrollment_required');
      }
      expect(await ada.api.get('/api/auth/me')).toMatchObject({ status: 200, body: { mfa_required: true } });
      expect(await ada.api.get('/api/auth/sessions')).toMatchObject({ status: 200 });
      expect(await ada.api.get('/api/auth/mfa')).toMatchObject({ status: 200, body: { mandatory: true } });
      const now = await withTotp(app, ada);
      expect(await now.api.get('/api/posts')).toMatchObject({ status: 200 });
      const old = await ada.api.get('/api/posts'); // the token from before
      expect(old).toFailWith(403, 'step_up_required');
      expect(old.body.step_up).toEqual({ acr: 'aal2', max_age: 600, methods: ['totp', 'recovery_code'] });
    });

    it('is shown by a passkey that is there, in the session or at the next sign-in', async () => {
      const ada = await somebody();
      const { authenticator } = await addPasskey(ada);
      await require(ada);
      const answer = await ada.api.get('/api/posts');
      expect(answer).toFailWith(403, 'step_up_required');
      expect(answer.body.step_up).toEqual({ acr: 'aal2', max_age: 600, methods: ['passkey'] });
      const { body: options } = await ada.api.post('/api/auth/step-up/passkey-options');
      const { body } = await ada.api.post('/api/auth/step-up', { passkey: authenticator.get(options as never) });
      expect(await app.api.as(body).get('/api/posts')).toMatchObject({ status: 200 });
      const { body: pair } = await passkeySignIn(app.api, authenticator);
      expect(await app.api.as(pair as { access_token: string }).get('/api/posts')).toMatchObject({ status: 200 });
    });
  });

  describe('for all who may do much', () => {
    let strict: TestApp;

    beforeAll(async () => {
      strict = await app.replica({ MFA_REQUIRED: 'admins' });
    });
    afterAll(() => strict.close());

    it('asks admins, and nobody else', async () => {
      const ada = await somebody();
      expect(await login(ada, strict)).toMatchObject({ status: 200 });
      expect(await login(root, strict)).toFailWith(403, 'mfa_enrollment_required');
      expect(await strict.api.as(root.tokens).get('/api/audit-events')).toFailWith(403, 'mfa_enrollment_required');
    });

    it('asks whoever becomes one at their next request', async () => {
      const ada = await somebody();
      const there = strict.api.as(ada.tokens);
      expect(await there.get('/api/posts')).toMatchObject({ status: 200 });
      await root.api.patch(`/api/users/${ada.id}`, { role: 'admin' });
      expect(await there.get('/api/posts')).toFailWith(403, 'mfa_enrollment_required');
    });
  });

  it('may be everybody', async () => {
    const strict = await app.replica({ MFA_REQUIRED: 'all' });
    try {
      const ada = await somebody();
      expect(await login(ada, strict)).toFailWith(403, 'mfa_enrollment_required');
      expect(await strict.api.as(ada.tokens).get('/api/posts')).toFailWith(403, 'mfa_enrollment_required');
    } finally {
      await strict.close();
    }
  });

  it('is for admins to say, and on record', async () => {
    const ada = await somebody();
    const answer = await ada.api.patch(`/api/users/${ada.id}`, { mfa_required: true });
    expect(answer).toFailWith(403, 'field_forbidden');
    expect(await require(ada)).toMatchObject({ status: 200, body: { mfa_required: true, mfa_enabled: false } });
    const events = await app.sql(`SELECT actor_id, details FROM audit_events WHERE user_id = $1 AND action = 'mfa_required_changed'`, [ada.id]); // prettier-ignore
    expect(events).toMatchObject([{ actor_id: root.id, details: { mfa_required: 'true' } }]);
    const { body } = await (await somebody()).api.get(`/api/users/${ada.id}`);
    expect(body).toMatchObject({ id: ada.id });
    for (const member of ['mfa_required', 'mfa_enabled']) expect(body).not.toHaveProperty(member);
  });
});

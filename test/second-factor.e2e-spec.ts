import { startApp, type TestApp } from './support/app.js';
import { codeOf, firstFactor, withTotp } from './support/factors.js';
import { PASSWORD, person, type Person } from './support/people.js';
import { decode } from './support/tokens.js';

describe('second factor', () => {
  let app: TestApp;
  let made = 0;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const somebody = () => person(app, `ada${++made}`);
  const somebodyProtected = async () => withTotp(app, await somebody());
  const verify = (mfa_token: string, factor: object) => app.api.post('/api/auth/mfa/verify', { mfa_token, ...factor });
  const stateOf = async (who: Person) => (await who.api.get('/api/auth/mfa')).body as Record<string, unknown>;

  describe('setting up an authenticator app', () => {
    it('stores nothing before a code confirms it', async () => {
      const ada = await somebody();
      const { body } = await ada.api.post('/api/auth/mfa/totp');
      expect(body).toEqual({
        secret: expect.stringMatching(/^[A-Z2-7]{32}$/) as string,
        otpauth_uri: `otpauth://totp/UserHub:${encodeURIComponent(ada.email)}?secret=${body.secret}&issuer=UserHub&algorithm=SHA1&digits=6&period=30`,
        setup_token: expect.any(String) as string,
        expires_in: 600,
      });
      expect(await app.sql('SELECT * FROM totp_factors WHERE user_id = $1', [ada.id])).toEqual([]);
      expect(await stateOf(ada)).toEqual({
        enabled: false,
        mandatory: false,
        totp: null,
        passkeys: 0,
        recovery_codes_left: 0,
        remembered_devices: 0,
      });
    });

    it('gives ten recovery codes, and a fresh token that says that two factors were shown', async () => {
      const ada = await somebody();
      const { body: setup } = await ada.api.post('/api/auth/mfa/totp');
      const code = codeOf(setup);
      const { status, body } = await ada.api.post('/api/auth/mfa/totp/confirm', { ...pick(setup), code });
      expect(status).toBe(200);
      expect(body).toEqual({
        recovery_codes: expect.any(Array) as string[],
        access_token: expect.any(String) as string,
        token_type: 'bearer',
        expires_in: 1800,
      });
      expect(new Set(body.recovery_codes).size).toBe(10);
      expect(decode(body.access_token).payload).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' });
      expect(await stateOf({ ...ada, api: app.api.as(body.access_token) })).toMatchObject({
        enabled: true,
        totp: { created_at: expect.any(String) as string, last_used_at: null },
        recovery_codes_left: 10,
      });
    });
  });

  it('is asked for by every way to show the password', async () => {
    const ada = await somebodyProtected();
    const [before] = await app.sql(`SELECT last_login_at FROM users WHERE id = $1`, [ada.id]);
    const login = await app.api.post('/api/auth/login', { email: ada.email, password: PASSWORD });
    expect(login).toFailWith(403, 'mfa_required');
    expect(login.headers.get('cache-control')).toBe('no-store');
    expect(login.body.mfa).toEqual({
      token: expect.stringMatching(/^mt_[\w-]{94}$/) as string,
      methods: ['totp', 'recovery_code'],
      expires_in: 300,
    });
    const token = await app.api.form('/api/auth/token', { username: ada.email, password: PASSWORD });
    expect(token).toMatchObject({
      status: 400,
      body: { error: 'mfa_required', mfa_methods: ['totp', 'recovery_code'] },
    });
    expect(token.headers.get('cache-control')).toBe('no-store');
    const sessions = await app.sql(`SELECT amr FROM sessions WHERE user_id = $1 AND ended_at IS NULL`, [ada.id]);
    expect(sessions).toEqual([{ amr: ['pwd', 'otp', 'mfa'] }]);
    expect(await app.sql(`SELECT last_login_at FROM users WHERE id = $1`, [ada.id])).toEqual([before]);
  });

  it('ends a sign-in', async () => {
    const ada = await somebodyProtected();
    const answer = await verify(await firstFactor(app.api, ada), { code: codeOf(ada) });
    expect(answer.status).toBe(200);
    expect(decode(answer.body.access_token).payload).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' });
    expect(answer.body).not.toHaveProperty('device_token');
  });
});

const pick = ({ setup_token }: { setup_token: string }) => ({ setup_token });

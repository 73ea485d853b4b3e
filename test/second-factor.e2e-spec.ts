import { jest } from '@jest/globals';
import { startApp, type TestApp } from './support/app.js';
import { addPasskey, codeOf, firstFactor, letTimePass, withTotp, wrongCode } from './support/factors.js';
import { mailTo, queuedTo } from './support/mailbox.js';
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
  const login = ({ email }: Person, more: object = {}) =>
    app.api.post('/api/auth/login', { email, password: PASSWORD, ...more });
  const verify = (mfa_token: string, factor: object) => app.api.post('/api/auth/mfa/verify', { mfa_token, ...factor });
  const stateOf = async ({ api }: Person) => (await api.get('/api/auth/mfa')).body as Record<string, unknown>;
  const livingSessions = ({ id }: Person) =>
    app.sql<{ amr: string[] }>(
      `SELECT s.amr FROM sessions s JOIN users u ON u.id = s.user_id
       WHERE u.id = $1 AND s.ended_at IS NULL AND s.generation = u.session_generation ORDER BY s.id`,
      [id],
    );
  const eventsOf = async ({ id }: Person) =>
    (await app.sql<{ action: string }>(`SELECT action FROM audit_events WHERE user_id = $1 ORDER BY at, id`, [id])).map(
      ({ action }) => action,
    );

  describe('setting up an authenticator app', () => {
    it('stores nothing before a code confirms it', async () => {
      const ada = await somebody();
      const { body, headers } = await ada.api.post('/api/auth/mfa/totp');
      expect(body).toEqual({
        secret: expect.stringMatching(/^[A-Z2-7]{32}$/) as string,
        otpauth_uri: `otpauth://totp/UserHub:${encodeURIComponent(ada.email)}?secret=${body.secret}&issuer=UserHub&algorithm=SHA1&digits=6&period=30`,
        setup_token: expect.any(String) as string,
        expires_in: 600,
      });
      expect(headers.get('cache-control')).toContain('no-store');
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
      const { status, body } = await ada.api.post('/api/auth/mfa/totp/confirm', confirmation(setup));
      expect(status).toBe(200);
      expect(body).toEqual({
        recovery_codes: expect.any(Array) as string[],
        access_token: expect.any(String) as string,
        token_type: 'bearer',
        expires_in: 1800,
      });
      expect(new Set(body.recovery_codes).size).toBe(10);
      expect(decode(body.access_token as string).payload).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' });
      const now = { ...ada, api: app.api.as(body.access_token as string) };
      expect(await stateOf(now)).toMatchObject({
        enabled: true,
        totp: { created_at: expect.any(String) as string, last_used_at: null },
        recovery_codes_left: 10,
      });
      expect((await now.api.get('/api/auth/me')).body).toMatchObject({ mfa_enabled: true, has_password: true });
      expect(await eventsOf(ada)).toEqual(expect.arrayContaining(['totp_added', 'recovery_codes_made']));
    });

    it('ends all other sessions, and what waits for a second factor', async () => {
      const ada = await somebody();
      const { body: phone } = await login(ada);
      await withTotp(app, ada);
      expect(await app.api.as(phone).get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await ada.api.get('/api/auth/me')).toMatchObject({ status: 200 });
    });

    it('spends the code that confirms it', async () => {
      const ada = await somebody();
      const { body: setup } = await ada.api.post('/api/auth/mfa/totp');
      const code = codeOf(setup);
      await ada.api.post('/api/auth/mfa/totp/confirm', { setup_token: setup.setup_token, code });
      expect(await verify(await firstFactor(app.api, ada), { code })).toFailWith(401, 'code_used');
      expect(await verify(await firstFactor(app.api, ada), { code: codeOf(setup, 1) })).toMatchObject({ status: 200 });
    });

    it.each([
      ['a wrong code', 403, 'wrong_code', (setup: Setup) => ({ ...confirmation(setup), code: wrongCode(setup) })],
      [
        'a token that is none',
        422,
        'validation_failed',
        (setup: Setup) => ({ ...confirmation(setup), setup_token: 'x' }),
      ],
      [
        'a token that was changed',
        422,
        'validation_failed',
        (setup: Setup) => ({ ...confirmation(setup), setup_token: changed(setup.setup_token) }),
      ],
    ] as const)('refuses %s', async (_, status, code, body) => {
      const ada = await somebody();
      const { body: setup } = await ada.api.post('/api/auth/mfa/totp');
      const answer = await ada.api.post('/api/auth/mfa/totp/confirm', body(setup as Setup));
      expect(answer).toFailWith(status, code);
      if (status === 422) expect(answer.body.errors).toMatchObject([{ pointer: '/setup_token' }]);
      expect(await stateOf(ada)).toMatchObject({ enabled: false, totp: null });
    });

    it("refuses somebody else's token", async () => {
      const [ada, mallory] = [await somebody(), await somebody()];
      const { body: setup } = await mallory.api.post('/api/auth/mfa/totp');
      expect(await ada.api.post('/api/auth/mfa/totp/confirm', confirmation(setup))).toFailWith(
        422,
        'validation_failed',
      );
    });

    it('replaces an older app, and leaves the recovery codes', async () => {
      const ada = await somebodyProtected();
      const { body: setup } = await ada.api.post('/api/auth/mfa/totp');
      expect(await verify(await firstFactor(app.api, ada), { code: codeOf(ada) })).toMatchObject({ status: 200 });
      const { body } = await ada.api.post('/api/auth/mfa/totp/confirm', confirmation(setup));
      expect(body.recovery_codes).toBeNull();
      expect(await verify(await firstFactor(app.api, ada), { code: codeOf(ada, 1) })).toFailWith(401, 'invalid_code');
      expect(await verify(await firstFactor(app.api, ada), { code: codeOf(setup, 1) })).toMatchObject({ status: 200 });
    });

    it('keeps nothing in the database that makes codes', async () => {
      const [ada, bob] = [await somebodyProtected(), await somebodyProtected()];
      const [row] = await app.sql<{ secret: Buffer }>('SELECT secret FROM totp_factors WHERE user_id = $1', [ada.id]);
      expect(row?.secret).toHaveLength(52);
      // moved to another row it doesn't open
      await app.sql('UPDATE totp_factors SET secret = $2 WHERE user_id = $1', [bob.id, row?.secret]);
      const { body } = await login(bob);
      expect(body.mfa.methods).toEqual(['recovery_code']);
      expect(await verify(body.mfa.token as string, { code: codeOf(ada) })).toFailWith(401, 'invalid_code');
    });
  });

  describe('signing in', () => {
    it('is answered with what it takes, and with no session', async () => {
      const ada = await somebodyProtected();
      const before = await app.sql(`SELECT last_login_at FROM users WHERE id = $1`, [ada.id]);
      const answer = await login(ada);
      expect(answer).toFailWith(403, 'mfa_required');
      expect(answer.headers.get('cache-control')).toContain('no-store');
      expect(answer.body.mfa).toEqual({
        token: expect.stringMatching(/^mt_[\w-]{94}$/) as string,
        methods: ['totp', 'recovery_code'],
        expires_in: 300,
      });
      expect(await livingSessions(ada)).toHaveLength(1);
      expect(await app.sql(`SELECT last_login_at FROM users WHERE id = $1`, [ada.id])).toEqual(before);
      expect((await eventsOf(ada)).at(-1)).toBe('mfa_challenged');
    });

    it('is answered at the token route in the words of OAuth', async () => {
      const ada = await somebodyProtected();
      const { status, body, headers } = await app.api.form('/api/auth/token', {
        username: ada.email,
        password: PASSWORD,
      });
      expect(status).toBe(400);
      expect(headers.get('cache-control')).toContain('no-store');
      expect(headers.get('www-authenticate')).toBeNull();
      expect(body).toEqual({
        error: 'mfa_required',
        error_description: expect.any(String) as string,
        mfa_token: expect.stringMatching(/^mt_/) as string,
        mfa_methods: ['totp', 'recovery_code'],
        expires_in: 300,
      });
    });

    it('ends with a code', async () => {
      const ada = await somebodyProtected();
      const { status, body, headers } = await verify(await firstFactor(app.api, ada), { code: codeOf(ada) });
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toContain('no-store');
      expect(Object.keys(body as object).sort()).toEqual(['access_token', 'expires_in', 'refresh_expires_in', 'refresh_token', 'token_type']); // prettier-ignore
      expect(decode(body.access_token as string).payload).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' });
      expect(await livingSessions(ada)).toEqual([{ amr: ['pwd', 'otp', 'mfa'] }, { amr: ['pwd', 'otp', 'mfa'] }]);
      const { body: list } = await app.api.as(body).get('/api/auth/sessions');
      expect(list.items[0]).toMatchObject({
        current: true,
        amr: ['pwd', 'otp', 'mfa'],
        acr: 'aal2',
        remembered: false,
      });
      const [event] = await app.sql(`SELECT action, details FROM audit_events WHERE user_id = $1 ORDER BY at DESC, id DESC LIMIT 1`, [ada.id]); // prettier-ignore
      expect(event).toEqual({ action: 'login', details: { amr: 'pwd otp mfa' } });
    });

    it.each(['login', 'token'] as const)('ends in one step where a code comes along: /%s', async (route) => {
      const ada = await somebodyProtected();
      const body = { username: ada.email, password: PASSWORD, otp: codeOf(ada) };
      const answer = await app.api.form(`/api/auth/${route}`, body);
      expect(answer).toMatchObject({ status: 200 });
      expect(decode(answer.body.access_token as string).payload).toMatchObject({ acr: 'aal2' });
      await letTimePass(app, ada);
      const spaced = `${codeOf(ada).slice(0, 3)} ${codeOf(ada).slice(3)}`;
      expect(await login(ada, { otp: spaced })).toMatchObject({ status: 200 });
      expect(await login(ada, { otp: ada.recoveryCodes[0] })).toMatchObject({ status: 200 });
    });

    it('ends by a grant of its own, for OAuth clients', async () => {
      const ada = await somebodyProtected();
      const { body } = await app.api.form('/api/auth/token', { username: ada.email, password: PASSWORD });
      const grant = { grant_type: 'urn:userhub:grant:mfa', mfa_token: body.mfa_token as string };
      const wrong = await app.api.form('/api/auth/token', { ...grant, otp: wrongCode(ada) });
      expect(wrong).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
      const right = await app.api.form('/api/auth/token', { ...grant, otp: codeOf(ada) });
      expect(right).toMatchObject({ status: 200, body: { token_type: 'bearer' } });
      const again = await app.api.form('/api/auth/token', { ...grant, otp: codeOf(ada, 1) });
      expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
      const none = await app.api.form('/api/auth/token', { grant_type: 'urn:userhub:grant:mfa', otp: '123456' });
      expect(none).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    });

    it('tells a wrong code apart from a wrong password only to who has the password', async () => {
      const ada = await somebodyProtected();
      expect(await login(ada, { otp: wrongCode(ada) })).toFailWith(401, 'invalid_code');
      expect(await app.api.form('/api/auth/token', { username: ada.email, password: PASSWORD, otp: wrongCode(ada) })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } }); // prettier-ignore
      const answers = await Promise.all([
        login(ada, { password: 'wrong horse battery', otp: codeOf(ada) }),
        login(ada, { password: 'wrong horse battery' }),
        app.api.post('/api/auth/login', { email: 'nobody@example.com', password: PASSWORD, otp: '123456' }),
      ]);
      for (const answer of answers) expect(answer).toFailWith(401, 'invalid_credentials');
      expect(await verify(await firstFactor(app.api, ada), { code: codeOf(ada) })).toMatchObject({ status: 200 });
    });

    it.each([
      ['nothing', {}],
      ['two factors', { code: '123456', recovery_code: '0000-0000-0000-0000' }],
      ['a number for a code', { code: 123456 }],
      ['a passkey that is none', { passkey: { id: 'x' } }],
      ['an unknown member', { code: '123456', otp: '123456' }],
    ])('takes exactly one factor, not %s', async (_, factor) => {
      const ada = await somebodyProtected();
      expect(await verify(await firstFactor(app.api, ada), factor)).toFailWith(422, 'validation_failed');
    });

    it('goes on while nothing of the account has changed', async () => {
      const ada = await somebodyProtected();
      const dead = async (change: () => Promise<unknown>) => {
        const token = await firstFactor(app.api, ada);
        await change();
        await letTimePass(app, ada);
        expect(await verify(token, { code: codeOf(ada) })).toFailWith(401, 'invalid_mfa_token');
      };
      await dead(async () => {
        const { body: setup } = await ada.api.post('/api/auth/mfa/totp');
        await ada.api.post('/api/auth/mfa/totp/confirm', confirmation(setup));
        await app.sql(`UPDATE totp_factors SET last_step = 0 WHERE user_id = $1`, [ada.id]);
        ada.secret = setup.secret as string;
      });
      await dead(() => ada.api.put('/api/auth/password', { current_password: PASSWORD, new_password: PASSWORD }));
      await dead(() => app.sql(`UPDATE users SET is_active = false WHERE id = $1`, [ada.id]));
    });

    it.each(['', 'mt_', 'mt_x', `mt_${'A'.repeat(94)}`, 'rt_AAAA'])('goes on with no %j', async (mfa_token) => {
      expect(await verify(mfa_token, { code: '123456' })).toFailWith(401, 'invalid_mfa_token');
      expect(await app.api.post('/api/auth/mfa/passkey-options', { mfa_token })).toFailWith(401, 'invalid_mfa_token');
      expect(await app.api.post('/api/auth/mfa/enroll', { mfa_token })).toFailWith(401, 'invalid_mfa_token');
    });

    it('goes on with no token that was changed, nor with one for another purpose, nor with one that is too old', async () => {
      const ada = await somebodyProtected();
      const token = await firstFactor(app.api, ada);
      expect(await verify(changed(token), { code: codeOf(ada) })).toFailWith(401, 'invalid_mfa_token');
      expect(await app.api.post('/api/auth/mfa/enroll', { mfa_token: token })).toFailWith(401, 'invalid_mfa_token');
      expect(await app.api.as(token).get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await app.api.post('/api/auth/refresh', { refresh_token: token })).toFailWith(
        401,
        'invalid_refresh_token',
      );
      const now = Date.now();
      jest.spyOn(Date, 'now').mockImplementation(() => now + 5 * 60_000 + 1000);
      try {
        expect(await verify(token, { code: '123456' })).toFailWith(401, 'invalid_mfa_token');
      } finally {
        jest.restoreAllMocks();
      }
    });
  });

  describe('a code', () => {
    it('works once, and never an older one after a newer', async () => {
      const ada = await somebodyProtected();
      const codes = [-1, 0, 1].map((steps) => codeOf(ada, steps));
      for (const code of codes) {
        expect(await verify(await firstFactor(app.api, ada), { code })).toMatchObject({ status: 200 });
      }
      for (const code of codes) {
        expect(await verify(await firstFactor(app.api, ada), { code })).toFailWith(401, 'code_used');
      }
    });

    it('works at one place only', async () => {
      const ada = await somebodyProtected();
      const code = codeOf(ada);
      expect(await ada.api.post('/api/auth/step-up', { code })).toMatchObject({ status: 200 });
      expect(await verify(await firstFactor(app.api, ada), { code })).toFailWith(401, 'code_used');
      expect(await ada.api.post('/api/auth/step-up', { code })).toFailWith(403, 'code_used');
    });

    it('of two steps ago is wrong', async () => {
      const ada = await somebodyProtected();
      expect(await verify(await firstFactor(app.api, ada), { code: codeOf(ada, -2) })).toFailWith(401, 'invalid_code');
    });
  });

  describe('a recovery code', () => {
    it('works once, however it is typed', async () => {
      const ada = await somebodyProtected();
      const [first = '', second = ''] = ada.recoveryCodes;
      const answer = await verify(await firstFactor(app.api, ada), { recovery_code: first });
      expect(decode(answer.body.access_token as string).payload).toMatchObject({
        amr: ['pwd', 'otp', 'mfa'],
        acr: 'aal2',
      });
      const typed = ` ${second.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')}`;
      expect(await verify(await firstFactor(app.api, ada), { recovery_code: typed })).toMatchObject({ status: 200 });
      for (const recovery_code of [first, second]) {
        expect(await verify(await firstFactor(app.api, ada), { recovery_code })).toFailWith(401, 'code_used');
      }
      expect(await stateOf(ada)).toMatchObject({ recovery_codes_left: 8 });
      expect((await eventsOf(ada)).filter((action) => action === 'recovery_code_used')).toHaveLength(2);
    });

    it('of somebody else is wrong', async () => {
      const [ada, bob] = [await somebodyProtected(), await somebodyProtected()];
      const answer = await verify(await firstFactor(app.api, ada), { recovery_code: bob.recoveryCodes[0] });
      expect(answer).toFailWith(401, 'invalid_code');
    });

    it('is all that it takes to be rid of a lost app', async () => {
      const ada = await somebodyProtected();
      const { body } = await verify(await firstFactor(app.api, ada), { recovery_code: ada.recoveryCodes[0] });
      expect(await app.api.as(body).delete('/api/auth/mfa/totp')).toMatchObject({ status: 204 });
      expect(await login(ada)).toMatchObject({ status: 200 });
    });

    it('is void once there are new ones', async () => {
      const ada = await somebodyProtected();
      const { status, body } = await ada.api.post('/api/auth/mfa/recovery-codes');
      expect(status).toBe(200);
      expect(body.recovery_codes).toHaveLength(10);
      const old = { recovery_code: ada.recoveryCodes[0] };
      expect(await verify(await firstFactor(app.api, ada), old)).toFailWith(401, 'invalid_code');
      const fresh = { recovery_code: body.recovery_codes[0] as string };
      expect(await verify(await firstFactor(app.api, ada), fresh)).toMatchObject({ status: 200 });
    });

    it('is told of by mail, and when few are left', async () => {
      const ada = await somebodyProtected();
      for (const recovery_code of ada.recoveryCodes.slice(0, 7)) {
        await verify(await firstFactor(app.api, ada), { recovery_code });
      }
      const kinds = (await queuedTo(app, ada.email)).filter((kind) => kind.startsWith('recovery'));
      expect(kinds.filter((kind) => kind === 'recovery_code_used')).toHaveLength(7);
      expect(kinds.filter((kind) => kind === 'recovery_codes_low')).toHaveLength(1);
      expect((await mailTo(app, ada.email, 'recovery_codes_low')).text).toContain('Recovery codes left: 3.');
      expect(await stateOf(ada)).toMatchObject({ recovery_codes_left: 3 });
    });

    it('replaces nothing where there is nothing to replace', async () => {
      const ada = await somebody();
      expect(await ada.api.post('/api/auth/mfa/recovery-codes')).toFailWith(409, 'conflict');
    });
  });

  describe('taking it away', () => {
    it('takes recovery codes and devices with the last factor, and signing in takes one less', async () => {
      const ada = await somebodyProtected();
      await verify(await firstFactor(app.api, ada), { code: codeOf(ada), remember_device: true });
      expect(await stateOf(ada)).toMatchObject({ remembered_devices: 1 });
      expect(await ada.api.delete('/api/auth/mfa/totp')).toMatchObject({ status: 204 });
      expect(await stateOf(ada)).toEqual({
        enabled: false,
        mandatory: false,
        totp: null,
        passkeys: 0,
        recovery_codes_left: 0,
        remembered_devices: 0,
      });
      expect(await login(ada)).toMatchObject({ status: 200 });
      expect(await ada.api.delete('/api/auth/mfa/totp')).toMatchObject({ status: 204 });
      expect(await eventsOf(ada)).toContain('totp_removed');
    });

    it('can be done by a switch that leaves what was set up', async () => {
      const ada = await somebodyProtected();
      const { body: phone } = await verify(await firstFactor(app.api, ada), { code: codeOf(ada) });
      expect(await ada.api.put('/api/auth/mfa', { enabled: false })).toMatchObject({ status: 204, text: '' });
      expect(await app.api.as(phone).get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await stateOf(ada)).toMatchObject({ enabled: false, totp: {}, recovery_codes_left: 10 });
      const { body: other } = await login(ada);
      const on = await app.api.as(other).put('/api/auth/mfa', { enabled: true });
      expect(on).toMatchObject({ status: 200, body: { recovery_codes: null, token_type: 'bearer' } });
      expect(decode(on.body.access_token as string).payload).toMatchObject({ acr: 'aal2' });
      expect(await login(ada)).toFailWith(403, 'mfa_required');
      expect(await app.api.as(on.body).put('/api/auth/mfa', { enabled: true })).toMatchObject({ status: 200 });
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
    });

    it('needs something to switch on', async () => {
      const ada = await somebody();
      expect(await ada.api.put('/api/auth/mfa', { enabled: true })).toFailWith(409, 'conflict');
      expect(await ada.api.put('/api/auth/mfa', { enabled: false })).toMatchObject({ status: 204 });
      expect(await ada.api.put('/api/auth/mfa', {})).toFailWith(422, 'validation_failed');
    });

    it('is told of by mail, as is setting it up', async () => {
      const ada = await somebodyProtected();
      await ada.api.delete('/api/auth/mfa/totp');
      expect(await queuedTo(app, ada.email)).toEqual(expect.arrayContaining(['factor_added', 'factor_removed']));
      expect((await mailTo(app, ada.email, 'factor_added')).text).toContain('Authenticator app');
      expect((await mailTo(app, ada.email, 'factor_removed')).text).toContain('Authenticator app');
    });

    it('goes with the account: nothing is kept for a restore', async () => {
      const ada = await somebodyProtected();
      await addPasskey(ada);
      const factor = { code: codeOf(ada), remember_device: true };
      expect(await verify(await firstFactor(app.api, ada), factor)).toMatchObject({ status: 200 });
      const tables = ['totp_factors', 'recovery_codes', 'passkeys', 'remembered_devices'];
      const rowsIn = (table: string) => app.sql(`SELECT FROM ${table} WHERE user_id = $1`, [ada.id]);
      for (const table of tables) expect(await rowsIn(table)).not.toEqual([]);
      expect(await ada.api.delete(`/api/users/${ada.id}`)).toMatchObject({ status: 204 });
      for (const table of tables) expect(await rowsIn(table)).toEqual([]);
      expect(await app.sql(`SELECT mfa_enabled FROM users WHERE id = $1`, [ada.id])).toEqual([{ mfa_enabled: false }]);
    });
  });

  describe('a lost or changed DATA_ENCRYPTION_KEY', () => {
    const OTHER = 'another key for data that the tests know';

    it('leaves the factor required: the app is of no use, recovery codes are', async () => {
      const ada = await somebodyProtected();
      const replica = await app.replica({ DATA_ENCRYPTION_KEY: OTHER });
      try {
        const { body } = await replica.api.post('/api/auth/login', { email: ada.email, password: PASSWORD });
        expect(body).toMatchObject({ code: 'mfa_required', mfa: { methods: ['recovery_code'] } });
        const mfa_token = body.mfa.token as string;
        const attempt = (factor: object) => replica.api.post('/api/auth/mfa/verify', { mfa_token, ...factor });
        expect(await attempt({ code: codeOf(ada) })).toFailWith(401, 'invalid_code');
        expect(await attempt({ recovery_code: ada.recoveryCodes[0] })).toMatchObject({ status: 200 });
      } finally {
        await replica.close();
      }
    });

    it('is of no consequence when the old one is kept behind it: what is used is encrypted anew', async () => {
      const ada = await somebodyProtected();
      const replica = await app.replica({ DATA_ENCRYPTION_KEY: `${OTHER},${app.settings.mfa.encryptionKeys[0]}` });
      const only = await app.replica({ DATA_ENCRYPTION_KEY: OTHER });
      try {
        const body = { email: ada.email, password: PASSWORD, otp: codeOf(ada) };
        expect(await replica.api.post('/api/auth/login', body)).toMatchObject({ status: 200 });
        expect(await only.api.post('/api/auth/login', { ...body, otp: codeOf(ada, 1) })).toMatchObject({ status: 200 });
      } finally {
        await Promise.all([replica.close(), only.close()]);
      }
    });
  });

  describe('where it is off', () => {
    it('asks in production for no key: setting up is not enabled, and nothing else suffers', async () => {
      const production = await startApp({
        NODE_ENV: 'production',
        DATA_ENCRYPTION_KEY: '',
        BCRYPT_ROUNDS: '10',
        CORS_ORIGINS: 'https://app.example.com',
        MAIL_URL: 'smtp://localhost:1',
        MAIL_FROM: 'no-reply@example.com',
        APP_URL: 'https://app.example.com',
      });
      try {
        const ada = await person(production, 'ada');
        expect(await ada.api.post('/api/auth/mfa/totp')).toFailWith(404, 'not_enabled');
        expect(await ada.api.post('/api/auth/passkeys/options')).toFailWith(404, 'not_enabled');
        expect(await production.api.post('/api/auth/passkeys/sign-in-options')).toFailWith(404, 'not_enabled');
        expect(await ada.api.get('/api/auth/mfa')).toMatchObject({ status: 200, body: { enabled: false } });
      } finally {
        await production.close();
      }
    });
  });
});

interface Setup {
  secret: string;
  setup_token: string;
}

const confirmation = (setup: unknown) => ({
  setup_token: (setup as Setup).setup_token,
  code: codeOf(setup as Setup),
});

const changed = (token: string) => token.slice(0, -8) + (token.at(-8) === 'A' ? 'B' : 'A') + token.slice(-7);

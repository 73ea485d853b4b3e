import { startApp, type TestApp } from './support/app.js';
import { Authenticator } from './support/authenticator.js';
import { addPasskey, codeOf, firstFactor, letTimePass, passkeySignIn, type Protected, stale, withTotp, wrongCode } from './support/factors.js'; // prettier-ignore
import { admin, PASSWORD, person, type Person } from './support/people.js';
import { decode, forge } from './support/tokens.js';

describe('a fresh sign-in', () => {
  let app: TestApp;
  let made = 0;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const somebody = () => person(app, `ada${++made}`);
  const staleAndProtected = async (): Promise<Protected> => {
    const ada = await withTotp(app, await somebody());
    return { ...(await stale(app, ada)), secret: ada.secret, recoveryCodes: ada.recoveryCodes };
  };
  const stepUp = ({ api }: Person, factor: object) => api.post('/api/auth/step-up', factor);

  it('is asked for by a 403 that says how, also in the words of RFC 9470', async () => {
    const ada = await staleAndProtected();
    const answer = await ada.api.post('/api/auth/mfa/totp');
    expect(answer).toFailWith(403, 'step_up_required');
    expect(answer.body.step_up).toEqual({ acr: 'aal2', max_age: 600, methods: ['totp', 'recovery_code'] });
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_user_authentication", acr_values="aal2", max_age="600"',
    );
  });

  it('is whatever the account has: the password, passkeys that were added all the same, or nothing', async () => {
    const ada = await stale(app, await somebody());
    const asked = async () => (await ada.api.post('/api/auth/mfa/totp')).body.step_up as unknown;
    expect(await asked()).toEqual({ acr: 'aal1', max_age: 600, methods: ['password'] });
    const fresh = app.api.as((await stepUp(ada, { current_password: PASSWORD })).body as { access_token: string });
    await addPasskey({ api: fresh });
    expect(await asked()).toEqual({ acr: 'aal1', max_age: 600, methods: ['password', 'passkey'] });
    await app.sql('UPDATE users SET password_hash = NULL WHERE id = $1', [ada.id]);
    expect(await asked()).toEqual({ acr: 'aal1', max_age: 600, methods: ['passkey'] });
    await app.sql('DELETE FROM passkeys WHERE user_id = $1', [ada.id]);
    expect(await asked()).toEqual({ acr: 'aal1', max_age: 600, methods: [] });
  });

  describe('comes of', () => {
    it.each([
      ['a code', (ada: Protected) => ({ code: codeOf(ada) })],
      ['a recovery code', (ada: Protected) => ({ recovery_code: ada.recoveryCodes[0] })],
    ])('%s: a new access token, while the old one stays as old as it is', async (_, factor) => {
      const ada = await staleAndProtected();
      const { status, body, headers } = await stepUp(ada, factor(ada));
      expect(status).toBe(200);
      expect(Object.keys(body as object).sort()).toEqual(['access_token', 'expires_in', 'token_type']);
      expect(headers.get('cache-control')).toContain('no-store');
      const { payload } = decode(body.access_token as string);
      expect(payload).toMatchObject({ sid: decode(ada.tokens.access_token).payload['sid'], acr: 'aal2' });
      expect(Math.abs(Date.now() / 1000 - (payload['auth_time'] as number))).toBeLessThan(30);
      expect(await app.api.as(body).post('/api/auth/mfa/totp')).toMatchObject({ status: 200 });
      expect(await ada.api.post('/api/auth/mfa/totp')).toFailWith(403, 'step_up_required');
    });

    it('the password, for an account without a second factor, and for no other', async () => {
      const ada = await stale(app, await somebody());
      expect(await stepUp(ada, { current_password: 'wrong horse battery' })).toFailWith(403, 'wrong_password');
      const { status, body } = await stepUp(ada, { current_password: PASSWORD });
      expect(status).toBe(200);
      expect(decode(body.access_token as string).payload).toMatchObject({ amr: ['pwd'], acr: 'aal1' });
      expect(await app.api.as(body).post('/api/auth/mfa/totp')).toMatchObject({ status: 200 });
      const bob = await staleAndProtected();
      const answer = await stepUp(bob, { current_password: PASSWORD });
      expect(answer).toFailWith(403, 'step_up_required');
      expect(answer.body.step_up.methods).toEqual(['totp', 'recovery_code']);
    });

    it('a passkey: as of the moment when its challenge was made, so that repeating it gains nothing', async () => {
      const ada = await somebody();
      const { authenticator } = await addPasskey(ada, new Authenticator({ isSynced: true, verifiesUser: false }));
      const old = await stale(app, ada);
      const { body: options } = await old.api.post('/api/auth/step-up/passkey-options');
      expect(options).toMatchObject({ allowCredentials: [{ type: 'public-key' }], userVerification: 'preferred' });
      const passkey = authenticator.get(options as never);
      const { status, body } = await stepUp(old, { passkey });
      expect(status).toBe(200);
      const first = decode(body.access_token as string).payload;
      expect(first).toMatchObject({ amr: ['pwd', 'swk', 'mfa'], acr: 'aal2' });
      await app.sql(`UPDATE sessions SET auth_time = now() - interval '1 hour' WHERE user_id = $1`, [ada.id]);
      const { body: again } = await stepUp(old, { passkey });
      expect(decode(again.access_token as string).payload['auth_time']).toBe(first['auth_time']);
    });

    it('a refresh: no, it copies what the session has', async () => {
      const ada = await staleAndProtected();
      const { body } = await stepUp(ada, { code: codeOf(ada) });
      const { auth_time } = decode(body.access_token as string).payload;
      await app.sql(`UPDATE sessions SET auth_time = auth_time - interval '100 seconds' WHERE user_id = $1`, [ada.id]);
      const { body: pair } = await app.api.post('/api/auth/refresh', { refresh_token: ada.tokens.refresh_token });
      expect(decode(pair.access_token as string).payload).toMatchObject({
        auth_time: (auth_time as number) - 100,
        acr: 'aal2',
      });
    });
  });

  it.each([
    ['a wrong code', 403, 'wrong_code', (ada: Protected) => ({ code: wrongCode(ada) })],
    ['a wrong recovery code', 403, 'wrong_code', () => ({ recovery_code: '0000-0000-0000-0000' })],
    ['nothing', 422, 'validation_failed', () => ({})],
    ['two of them', 422, 'validation_failed', (ada: Protected) => ({ code: codeOf(ada), current_password: PASSWORD })],
    ['an unknown member', 422, 'validation_failed', (ada: Protected) => ({ otp: codeOf(ada) })],
  ] as const)('does not come of %s', async (_, status, code, factor) => {
    const ada = await staleAndProtected();
    expect(await stepUp(ada, factor(ada))).toFailWith(status, code);
  });

  it("doesn't come of a passkey of somebody else's, of another session's challenge, nor of one for signing in", async () => {
    const [ada, bob] = [await somebody(), await somebody()];
    const { authenticator } = await addPasskey(ada);
    const { authenticator: theirs } = await addPasskey(bob);
    const { body: options } = await ada.api.post('/api/auth/step-up/passkey-options');
    const { body: ofBob } = await bob.api.post('/api/auth/step-up/passkey-options');
    const { body: ofSignIn } = await app.api.post('/api/auth/passkeys/sign-in-options');
    const [credential] = theirs.credentials;
    if (!credential) throw new Error('There is one');
    for (const passkey of [
      theirs.sign(credential, options.challenge as string),
      authenticator.get({ ...(options as object), challenge: ofBob.challenge as string }),
      authenticator.get(ofSignIn as never),
    ]) {
      const answer = await stepUp(ada, { passkey });
      expect(answer).toFailWith(403, 'invalid_passkey');
      expect(answer.headers.get('www-authenticate')).toBeNull();
    }
    expect(await stepUp(ada, { passkey: authenticator.get(options as never) })).toMatchObject({ status: 200 });
  });

  it('is none when the token says nothing of it, as those from before did', async () => {
    const ada = await somebody();
    const { header, payload } = decode(ada.tokens.access_token);
    const said = Object.entries(payload).filter(([name]) => !['auth_time', 'amr', 'acr'].includes(name));
    const old = app.api.as(forge(header, Object.fromEntries(said)));
    expect(await old.get('/api/auth/me')).toMatchObject({ status: 200 });
    expect(await old.post('/api/auth/mfa/totp')).toFailWith(403, 'step_up_required');
  });

  it('is as old as a session from before the upgrade', async () => {
    const ada = await somebody();
    await app.sql(`UPDATE sessions SET auth_time = NULL, created_at = now() - interval '1 hour' WHERE user_id = $1`, [ada.id]); // prettier-ignore
    const { body } = await app.api.post('/api/auth/refresh', { refresh_token: ada.tokens.refresh_token });
    const { payload } = decode(body.access_token as string);
    expect(payload).toMatchObject({ amr: ['pwd'], acr: 'aal1' });
    expect(Date.now() / 1000 - (payload['auth_time'] as number)).toBeGreaterThan(3599);
    expect((await app.api.as(body).get('/api/auth/sessions')).body.items).toMatchObject([
      { amr: ['pwd'], acr: 'aal1' },
    ]);
  });

  it('lasts as long as STEP_UP_MAX_AGE_SECONDS says', async () => {
    const strict = await app.replica({ STEP_UP_MAX_AGE_SECONDS: '60' });
    try {
      const ada = await somebody();
      await app.sql(`UPDATE sessions SET auth_time = now() - interval '2 minutes' WHERE user_id = $1`, [ada.id]);
      const { body } = await app.api.post('/api/auth/refresh', { refresh_token: ada.tokens.refresh_token });
      const answer = await strict.api.as(body).post('/api/auth/mfa/totp');
      expect(answer).toFailWith(403, 'step_up_required');
      expect(answer.body.step_up).toMatchObject({ max_age: 60 });
      expect(await app.api.as(body).post('/api/auth/mfa/totp')).toMatchObject({ status: 200 });
    } finally {
      await strict.close();
    }
  });

  describe('is needed', () => {
    it.each([
      ['POST', '/api/auth/mfa/totp', undefined],
      ['POST', '/api/auth/mfa/totp/confirm', { setup_token: 'x', code: '1' }],
      ['DELETE', '/api/auth/mfa/totp', undefined],
      ['PUT', '/api/auth/mfa', { enabled: false }],
      ['POST', '/api/auth/mfa/recovery-codes', undefined],
      ['POST', '/api/auth/passkeys/options', undefined],
      ['POST', '/api/auth/passkeys', {}],
      ['DELETE', '/api/auth/passkeys/0199c2f4-5a10-7c3e-9b7d-2f6c1e0a4b11', undefined],
      ['POST', '/api/auth/tokens', { name: 'x', scopes: ['posts:read'] }],
    ])('by everybody: %s %s', async (method, path, body) => {
      const ada = await stale(app, await somebody());
      expect(await ada.api.send(method, path, body)).toFailWith(403, 'step_up_required');
    });

    it.each([
      ['PUT', '/api/auth/password', { current_password: PASSWORD, new_password: 'a better horse battery' }, 204],
      ['PATCH', '/api/users/{id}', { email: 'other@example.com', current_password: PASSWORD }, 200],
      ['PUT', '/api/users/{id}', { email: 'another@example.com', current_password: PASSWORD }, 200],
      ['DELETE', '/api/users/{id}', undefined, 204],
      ['POST', '/api/auth/delete-account', { current_password: PASSWORD }, 202],
    ] as const)('by those who have a second factor, and by nobody else: %s %s', async (method, path, body, status) => {
      const ada = await staleAndProtected();
      const send = (who: Person) => who.api.send(method, path.replace('{id}', who.id), body);
      expect(await send(ada)).toFailWith(403, 'step_up_required');
      expect(await send(await stale(app, await somebody()))).toMatchObject({ status });
      const { body: fresh } = await stepUp(ada, { code: codeOf(ada) });
      const other = body && 'email' in body ? { ...body, email: `fresh${made}@example.com` } : body;
      expect(await app.api.as(fresh).send(method, path.replace('{id}', ada.id), other)).toMatchObject({ status });
    });

    it('not to look around, to write, or to change what lets nobody in', async () => {
      const ada = await staleAndProtected();
      expect(await ada.api.get('/api/auth/mfa')).toMatchObject({ status: 200 });
      expect(await ada.api.get('/api/auth/devices')).toMatchObject({ status: 200 });
      expect(await ada.api.get('/api/auth/passkeys')).toMatchObject({ status: 200 });
      expect(await ada.api.post('/api/posts', { content: 'x' })).toMatchObject({ status: 201 });
      const path = `/api/users/${ada.id}`;
      expect(await ada.api.patch(path, { display_name: 'Ada', email: ada.email })).toMatchObject({ status: 200 });
      expect(await ada.api.delete('/api/auth/sessions')).toMatchObject({ status: 204 });
    });

    it("by admins with a second factor: for roles, for who must have one, and for what can't be undone", async () => {
      const root = await withTotp(app, await admin(app, `root${++made}`));
      const bob = await somebody();
      const old = await stale(app, root);
      const path = `/api/users/${bob.id}`;
      expect(await old.api.patch(path, { role: 'admin' })).toFailWith(403, 'step_up_required');
      expect(await old.api.patch(path, { mfa_required: true })).toFailWith(403, 'step_up_required');
      expect(await old.api.delete(`${path}?purge=true`)).toFailWith(403, 'step_up_required');
      expect(await old.api.get('/api/users.csv')).toFailWith(403, 'step_up_required');
      const another = { email: `root${++made}@example.com`, role: 'admin' };
      expect(await old.api.post('/api/users', { ...another, username: `root${made}` })).toFailWith(
        403,
        'step_up_required',
      );
      expect(await old.api.post('/api/invitations', another)).toFailWith(403, 'step_up_required');
      const raw = JSON.stringify({ email: bob.email, role: 'admin', password: 'taken over 12345' });
      const headers = { 'content-type': 'application/x-ndjson' };
      const imported = await old.api.post('/api/users/import?on_conflict=update', undefined, { raw, headers });
      expect(imported).toFailWith(403, 'step_up_required');
      expect(await old.api.patch(path, { is_active: false })).toMatchObject({ status: 200 });
      const bulk = (ids: string[], action: string) => old.api.post('/api/users/bulk', { ids, action });
      expect(await bulk([bob.id], 'activate')).toMatchObject({ status: 200 });
      expect(await bulk([bob.id, root.id.toUpperCase()], 'delete')).toFailWith(403, 'step_up_required');
      await letTimePass(app, root);
      const { body } = await stepUp(old, { code: codeOf(root) });
      expect(await app.api.as(body).patch(path, { role: 'admin' })).toMatchObject({ status: 200 });
      const plain = await stale(app, await admin(app, `root${++made}`));
      expect(await plain.api.patch(path, { role: 'user' })).toMatchObject({ status: 200 });
    });
  });

  describe('of an account whose second factor an admin resets', () => {
    const reset = (who: Person, { id }: Person) => who.api.delete(`/api/users/${id}/mfa`);

    it('takes an admin with two factors of their own, shown just now', async () => {
      const ada = await withTotp(app, await somebody());
      const { authenticator } = await addPasskey(ada);
      const plain = await admin(app, `root${++made}`);
      const answer = await reset(plain, ada);
      expect(answer).toFailWith(403, 'step_up_required');
      expect(answer.body.step_up).toMatchObject({ acr: 'aal2', methods: [] });
      expect(await reset(plain, plain)).toFailWith(403, 'forbidden');
      const root = await withTotp(app, plain);
      expect(await reset(await stale(app, root), ada)).toFailWith(403, 'step_up_required');
      expect(await reset(ada, root)).toFailWith(403, 'forbidden');
      expect(await reset(root, root)).toFailWith(403, 'forbidden');
      expect(await reset(root, ada)).toMatchObject({ status: 204 });
      expect(await reset(root, ada)).toMatchObject({ status: 204 });
      expect(await root.api.delete('/api/users/0199c2f4-5a10-7c3e-9b7d-2f6c1e0a4b11/mfa')).toFailWith(404, 'not_found');

      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await passkeySignIn(app.api, authenticator)).toFailWith(401, 'unknown_passkey');
      const { status, body } = await app.api.post('/api/auth/login', { email: ada.email, password: PASSWORD });
      expect(status).toBe(200);
      expect((await app.api.as(body).get('/api/auth/mfa')).body).toEqual({
        enabled: false,
        mandatory: false,
        totp: null,
        passkeys: 0,
        recovery_codes_left: 0,
        remembered_devices: 0,
      });
      const events = await app.sql(`SELECT actor_id FROM audit_events WHERE user_id = $1 AND action = 'mfa_reset' ORDER BY at`, [ada.id]); // prettier-ignore
      expect(events[0]).toEqual({ actor_id: root.id });
      expect(
        await app.sql(`SELECT FROM outbox WHERE recipient = $1 AND kind = 'factors_reset'`, [ada.email]),
      ).not.toEqual([]);
    });
  });

  it("isn't what a remembered device gives", async () => {
    const ada = await withTotp(app, await somebody());
    const mfa_token = await firstFactor(app.api, ada);
    const { body } = await app.api.post('/api/auth/mfa/verify', {
      mfa_token,
      code: codeOf(ada),
      remember_device: true,
    });
    const { device_token } = body as { device_token: string };
    const { body: pair } = await app.api.post('/api/auth/login', {
      email: ada.email,
      password: PASSWORD,
      device_token,
    });
    expect(decode(pair.access_token as string).payload).toMatchObject({ amr: ['pwd', 'rba'], acr: 'aal1' });
    const there = { ...ada, api: app.api.as(pair) };
    expect(await there.api.delete('/api/auth/mfa/totp')).toFailWith(403, 'step_up_required');
    const { body: fresh } = await stepUp(there, { code: codeOf(ada, 1) });
    expect(decode(fresh.access_token as string).payload).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' });
    expect(await app.api.as(fresh).delete('/api/auth/mfa/totp')).toMatchObject({ status: 204 });
  });
});

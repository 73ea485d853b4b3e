/** Every way in, one by one: whether a second factor is asked for, and what session there is afterwards. */
import { startApp, type TestApp } from './support/app.js';
import { Authenticator } from './support/authenticator.js';
import {
  addPasskey,
  codeOf,
  firstFactor,
  letTimePass,
  passkeySignIn,
  type Protected,
  withTotp,
} from './support/factors.js';
import { mailTo } from './support/mailbox.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';
import { decode } from './support/tokens.js';

describe('a way in', () => {
  let app: TestApp;
  let root: Person;
  let made = 0;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.close());

  const somebody = async () => withTotp(app, await person(app, `ada${++made}`));

  /** The sessions that have begun since, by what they say of how. */
  async function sessionsBegunBy(ada: Person, work: () => Promise<unknown>): Promise<string[]> {
    const ids = async () => (await app.sql<{ id: string }>('SELECT id FROM sessions WHERE user_id = $1', [ada.id])).map(({ id }) => id); // prettier-ignore
    const before = await ids();
    await work();
    const rows = await app.sql<{ amr: string[] }>('SELECT amr FROM sessions WHERE user_id = $1 AND id <> ALL($2)', [ada.id, before]); // prettier-ignore
    return rows.map(({ amr }) => amr.join(' '));
  }

  const lastLogin = async ({ id }: Person) => app.sql('SELECT last_login_at FROM users WHERE id = $1', [id]);

  describe('by password', () => {
    const routes = [
      ['/login, JSON', (ada: Person, more: object) => app.api.post('/api/auth/login', { email: ada.email, password: PASSWORD, ...more })], // prettier-ignore
      ['/login, form', (ada: Person, more: object) => app.api.form('/api/auth/login', { username: ada.email, password: PASSWORD, ...more })], // prettier-ignore
      ['/token, form', (ada: Person, more: object) => app.api.form('/api/auth/token', { username: ada.email, password: PASSWORD, ...more })], // prettier-ignore
      ['/token, JSON', (ada: Person, more: object) => app.api.post('/api/auth/token', { username: ada.username, password: PASSWORD, ...more })], // prettier-ignore
    ] as const;

    it.each(routes)('%s: is asked, and there is no session', async (route, login) => {
      const ada = await somebody();
      const before = await lastLogin(ada);
      const begun = await sessionsBegunBy(ada, async () => {
        const { status, body } = await login(ada, {});
        if (route.startsWith('/login')) expect([status, body.code]).toEqual([403, 'mfa_required']);
        else expect([status, body.error]).toEqual([400, 'mfa_required']);
      });
      expect(begun).toEqual([]);
      expect(await lastLogin(ada)).toEqual(before);
    });

    it.each(routes)('%s: with `otp` it is one step', async (_, login) => {
      const ada = await somebody();
      const begun = await sessionsBegunBy(ada, async () => {
        expect(await login(ada, { otp: codeOf(ada) })).toMatchObject({ status: 200 });
      });
      expect(begun).toEqual(['pwd otp mfa']);
    });

    it.each(routes)('%s: on a remembered device it is replaced', async (_, login) => {
      const ada = await somebody();
      const { device_token } = await remember(ada);
      const begun = await sessionsBegunBy(ada, () => login(ada, { device_token }));
      expect(begun).toEqual(['pwd rba']);
    });

    const remember = async (ada: Protected) => {
      const body = { mfa_token: await firstFactor(app.api, ada), code: codeOf(ada), remember_device: true };
      const answer = await app.api.post('/api/auth/mfa/verify', body);
      await letTimePass(app, ada);
      return answer.body as { device_token: string };
    };
  });

  describe('after the first factor', () => {
    it.each([
      ['a code', (ada: Protected) => ({ code: codeOf(ada) })],
      ['a recovery code', (ada: Protected) => ({ recovery_code: ada.recoveryCodes[0] })],
    ])('%s: then there is a session', async (_, factor) => {
      const ada = await somebody();
      const begun = await sessionsBegunBy(ada, async () => {
        await app.api.post('/api/auth/mfa/verify', { mfa_token: await firstFactor(app.api, ada), ...factor(ada) });
      });
      expect(begun).toEqual(['pwd otp mfa']);
    });

    it('a passkey: then there is a session, and none for a passkey of somebody else', async () => {
      const [ada, mallory] = [await somebody(), await somebody()];
      const { authenticator } = await addPasskey(ada, new Authenticator({ isSynced: true }));
      const { authenticator: theirs } = await addPasskey(mallory);
      const mfa_token = await firstFactor(app.api, ada);
      const { body: options } = await app.api.post('/api/auth/mfa/passkey-options', { mfa_token });
      const [credential] = theirs.credentials;
      if (!credential) throw new Error('There is one');
      const begun = await sessionsBegunBy(ada, async () => {
        const foreign = theirs.sign(credential, options.challenge as string);
        const answer = await app.api.post('/api/auth/mfa/verify', { mfa_token, passkey: foreign });
        expect(answer).toFailWith(401, 'invalid_passkey');
        const passkey = authenticator.get(options as never);
        expect(await app.api.post('/api/auth/mfa/verify', { mfa_token, passkey })).toMatchObject({ status: 200 });
      });
      expect(begun).toEqual(['pwd swk mfa']);
    });

    it('setting one up, where one must be: then there is a session', async () => {
      const ada = await person(app, `ada${++made}`);
      await root.api.patch(`/api/users/${ada.id}`, { mfa_required: true });
      const begun = await sessionsBegunBy(ada, async () => {
        const mfa_token = await firstFactor(app.api, ada);
        const { body: setup } = await app.api.post('/api/auth/mfa/enroll', { mfa_token });
        const body = { mfa_token, setup_token: setup.setup_token as string, code: codeOf(setup as { secret: string }) };
        expect(await app.api.post('/api/auth/mfa/enroll/confirm', body)).toMatchObject({ status: 200 });
      });
      expect(begun).toEqual(['pwd otp mfa']);
    });
  });

  it('by a passkey: is two factors, and only with user verification', async () => {
    const ada = await somebody();
    const { authenticator } = await addPasskey(ada);
    const begun = await sessionsBegunBy(ada, async () => {
      expect(await passkeySignIn(app.api, authenticator, { userVerified: false })).toFailWith(401, 'invalid_passkey');
      expect(await passkeySignIn(app.api, authenticator)).toMatchObject({ status: 200 });
    });
    expect(begun).toEqual(['hwk user mfa']);
  });

  it.each(['/api/auth/refresh', '/api/auth/token'])('by a refresh at %s: keeps what was shown', async (path) => {
    const ada = await somebody();
    const body = { email: ada.email, password: PASSWORD, otp: codeOf(ada) };
    const { refresh_token } = (await app.api.post('/api/auth/login', body)).body as { refresh_token: string };
    const grant = path.endsWith('token') ? { grant_type: 'refresh_token', refresh_token } : { refresh_token };
    const begun = await sessionsBegunBy(ada, async () => {
      const answer = await app.api.post(path, grant);
      expect(decode(answer.body.access_token as string).payload).toMatchObject({
        amr: ['pwd', 'otp', 'mfa'],
        acr: 'aal2',
      });
    });
    expect(begun).toEqual([]);
  });

  it('by stepping up: is the same session, with a new access token', async () => {
    const ada = await somebody();
    const begun = await sessionsBegunBy(ada, async () => {
      const { body } = await ada.api.post('/api/auth/step-up', { code: codeOf(ada) });
      const [sid] = [body.access_token as string, ada.tokens.access_token].map((token) => decode(token).payload['sid']);
      expect(sid).toBe(decode(ada.tokens.access_token).payload['sid']);
    });
    expect(begun).toEqual([]);
  });

  it('by an access token: was made after two factors, and opens nothing of one’s account', async () => {
    const ada = await somebody();
    const { status, body } = await ada.api.post('/api/auth/tokens', { name: 'script', scopes: ['posts:write'] });
    expect(status).toBe(201);
    const script = app.api.as(body.token as string);
    const begun = await sessionsBegunBy(ada, async () => {
      expect(await script.post('/api/posts', { content: 'x' })).toMatchObject({ status: 201 });
      for (const [method, path] of [
        ['GET', '/api/auth/mfa'],
        ['POST', '/api/auth/mfa/totp'],
        ['POST', '/api/auth/step-up'],
        ['GET', '/api/auth/passkeys'],
        ['POST', '/api/auth/passkeys/options'],
        ['GET', '/api/auth/devices'],
        ['GET', '/api/auth/sessions'],
      ] as const) {
        expect((await script.send(method, path)).status).toBe(403);
      }
    });
    expect(begun).toEqual([]);
  });

  describe('that is none:', () => {
    it('a reset of the password gives no session, and leaves the second factor: the next sign-in asks for both', async () => {
      const ada = await somebody();
      await app.sql('UPDATE users SET email_verified_at = now() WHERE id = $1', [ada.id]);
      const mfa_token = await firstFactor(app.api, ada);
      await app.api.post('/api/auth/password-reset', { email: ada.email });
      const { token } = await mailTo(app, ada.email, 'reset');
      const begun = await sessionsBegunBy(ada, async () => {
        const body = { token, new_password: 'a better horse battery' };
        expect(await app.api.post('/api/auth/password-reset/confirm', body)).toMatchObject({ status: 204, text: '' });
      });
      expect(begun).toEqual([]);
      expect(await app.api.post('/api/auth/mfa/verify', { mfa_token, code: codeOf(ada) })).toFailWith(401, 'invalid_mfa_token'); // prettier-ignore
      expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      const login = await app.api.post('/api/auth/login', { email: ada.email, password: 'a better horse battery' });
      expect(login).toFailWith(403, 'mfa_required');
    });

    it('a reset of an account whose address was never verified takes along what was planted in it', async () => {
      const mallory = await somebody(); // who has registered with somebody else's address
      const { authenticator } = await addPasskey(mallory);
      const { body: planted } = await app.api.post('/api/auth/login', { email: mallory.email, password: PASSWORD, otp: codeOf(mallory) }); // prettier-ignore
      await app.sql('UPDATE users SET email_verified_at = NULL WHERE id = $1', [mallory.id]);
      await app.api.post('/api/auth/password-reset', { email: mallory.email });
      const { token } = await mailTo(app, mallory.email, 'reset');
      await app.api.post('/api/auth/password-reset/confirm', { token, new_password: 'a better horse battery' });
      expect(await app.api.as(planted).get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await passkeySignIn(app.api, authenticator)).toFailWith(401, 'unknown_passkey');
      const login = await app.api.post('/api/auth/login', { email: mallory.email, password: 'a better horse battery' });
      expect(login).toMatchObject({ status: 200 });
      const { body } = await app.api.as(login.body).get('/api/auth/mfa');
      expect(body).toMatchObject({ enabled: false, totp: null, passkeys: 0, recovery_codes_left: 0 });
    });

    it('registering, being made by an admin, and being restored give no session', async () => {
      const email = `new${++made}@example.com`;
      const given = { email, username: `new${made}`, password: PASSWORD };
      const registered = await app.api.post('/api/auth/register', given);
      const other = { email: `made${made}@example.com`, username: `made${made}`, password: PASSWORD };
      const byAdmin = await root.api.post('/api/users', other);
      for (const { status, body } of [registered, byAdmin]) {
        expect(status).toBe(201);
        expect(await root.api.delete(`/api/users/${body.id}`)).toMatchObject({ status: 204 });
        expect(await root.api.post(`/api/users/${body.id}/restore`)).toMatchObject({ status: 200 });
        expect(await app.sql('SELECT FROM sessions WHERE user_id = $1', [body.id])).toEqual([]);
      }
    });
  });
});

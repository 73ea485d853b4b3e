import type { Answer } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';

const TOKEN = {
  access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string,
  token_type: 'bearer',
  expires_in: 1800,
  refresh_token: expect.stringMatching(/^rt_[\w-]{40,}$/) as string,
  refresh_expires_in: expect.any(Number) as number,
};

describe('signing in', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await startApp();
    ada = await person(app, 'ada');
  });
  afterAll(() => app.close());

  const login = (body: object) => app.api.post('/api/auth/login', body);
  const loginForm = (form: Record<string, string>) => app.api.form('/api/auth/login', form);
  const token = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    app.api.form('/api/auth/token', form, { headers });

  describe('POST /api/auth/login', () => {
    it.each([
      ['the e-mail address', { email: 'ada@example.com' }],
      ['the username', { username: 'ada' }],
      ['the e-mail address as username', { username: 'ada@example.com' }],
      ['the username in another case', { username: 'ADA' }],
      ['the address in another case', { email: ' Ada@Example.COM ' }],
      ['the address in full-width letters', { email: 'ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ' }],
    ])('takes %s', async (_, identifier) => {
      const { status, body, headers } = await login({ ...identifier, password: PASSWORD });
      expect(status).toBe(200);
      expect(body).toEqual(TOKEN);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(await app.api.as(body).get('/api/auth/me')).toMatchObject({ status: 200, body: { id: ada.id } });
    });

    it('takes an address whose domain is written in another normal form', async () => {
      const [composed, decomposed] = ['uma@bücher.example', 'uma@bu\u0308cher.example'];
      await app.api.post('/api/auth/register', { email: composed, username: 'uma', password: PASSWORD });
      expect(await login({ email: decomposed, password: PASSWORD })).toMatchObject({ status: 200 });
    });

    it('promises seven days of refreshing', async () => {
      const { refresh_expires_in } = await signIn(app, 'ada');
      expect(refresh_expires_in).toBeGreaterThan(7 * 86_400 - 10);
      expect(refresh_expires_in).toBeLessThanOrEqual(7 * 86_400);
    });

    it('never promises more than SESSION_MAX_DAYS', async () => {
      const brief = await app.replica({ REFRESH_TOKEN_EXPIRE_DAYS: '30', SESSION_MAX_DAYS: '1' });
      expect((await signIn(brief, 'ada')).refresh_expires_in).toBeLessThanOrEqual(86_400);
      await brief.close();
    });

    it.each<[string, object]>([
      ['neither address nor username', { password: PASSWORD }],
      ['both', { email: 'ada@example.com', username: 'ada', password: PASSWORD }],
      ['no password', { username: 'ada' }],
      ['an unknown member', { username: 'ada', password: PASSWORD, remember_me: true }],
      ['a number for a password', { username: 'ada', password: 12345678 }],
      ['null for a password', { username: 'ada', password: null }],
      ['a list of usernames', { username: ['ada', 'bob'], password: PASSWORD }],
      ['an operator for a username', { username: { $gt: '' }, password: PASSWORD }],
      ['an unknown grant type', { username: 'ada', password: PASSWORD, grant_type: 'magic' }],
    ])('refuses %s', async (_, body) => {
      expect(await login(body)).toFailWith(422, 'validation_failed');
    });

    it('reads the form of the token route and answers as it does for JSON', async () => {
      const form = { username: 'ada', password: PASSWORD, grant_type: 'password' };
      expect(await loginForm(form)).toMatchObject({ status: 200, body: TOKEN });
      expect(await loginForm({ email: 'ada@example.com', password: PASSWORD })).toMatchObject({
        status: 200,
        body: TOKEN,
      });
      expect(await loginForm({ ...form, password: 'wrong horse' })).toFailWith(401, 'invalid_credentials');
      expect(await loginForm({ username: 'ada' })).toFailWith(422, 'validation_failed');
    });

    it('overlooks form members that it does not know', async () => {
      const form = { username: 'ada', password: PASSWORD, client_id: 'web', constructor: 'x', toString: 'y' };
      expect(await loginForm(form)).toMatchObject({ status: 200 });
    });

    it.each([
      [{}, ['/username', '/password']],
      [{ password: PASSWORD }, ['/username']],
      [{ email: 'ada@example.com' }, ['/password']],
      [{ grant_type: 'refresh_token' }, ['/refresh_token']],
      [{ grant_type: 'urn:userhub:grant:mfa' }, ['/mfa_token', '/otp']],
      [{ grant_type: 'authorization_code' }, ['/code', '/code_verifier', '/redirect_uri']],
    ])('names all that is missing in %j', async (body, pointers) => {
      const answer = await app.api.post('/api/auth/login', body);
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers);
    });

    it('refuses a form member that is there twice', async () => {
      const raw = `username=ada&username=bob&password=${encodeURIComponent(PASSWORD)}`;
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      expect(await app.api.send('POST', '/api/auth/login', undefined, { raw, headers })).toFailWith(
        422,
        'validation_failed',
      );
    });

    it('keeps no count of who is asked for, only a session of who came in', async () => {
      await login({ username: 'ada', password: 'wrong horse' });
      const [before] = await app.sql<{ n: number }>('SELECT count(*)::int AS n FROM sessions');
      await login({ username: 'ada', password: 'wrong horse' });
      expect(await app.sql('SELECT count(*)::int AS n FROM sessions')).toEqual([before]);
    });
  });

  describe('a password', () => {
    it('counts with its spaces and its case', async () => {
      for (const password of [` ${PASSWORD}`, `${PASSWORD} `, PASSWORD.toUpperCase()]) {
        expect(await login({ username: 'ada', password })).toFailWith(401, 'invalid_credentials');
      }
    });

    it('is the same in every normal form', async () => {
      const zoe = await person(app, 'zoe', {}).catch(() => undefined);
      expect(zoe).toBeDefined();
      const passwords = { current_password: PASSWORD, new_password: 'Zoe\u0308 rides a horse' };
      expect(await zoe?.api.put('/api/auth/password', passwords)).toMatchObject({ status: 204 });
      expect(await login({ username: 'zoe', password: 'Zoë rides a horse' })).toMatchObject({ status: 200 });
    });

    it('of more than 72 bytes is a wrong one, even when its first 72 are right', async () => {
      const password = `horse${'x'.repeat(67)}`;
      await app.api.post('/api/auth/register', { email: 'max@example.com', username: 'max', password });
      expect(await login({ username: 'max', password })).toMatchObject({ status: 200 });
      expect(await login({ username: 'max', password: `${password}x` })).toFailWith(401, 'invalid_credentials');
      expect(await login({ username: 'max', password: `horse${'x'.repeat(60_000)}` })).toFailWith(
        401,
        'invalid_credentials',
      );
      expect(await login({ username: 'max', password: '' })).toFailWith(401, 'invalid_credentials');
    });

    it('kept by an older system opens the account, and is hashed anew', async () => {
      // bcrypt hashes of PASSWORD as passlib, PHP and others write them, of the lowest cost
      const hash = '$2y$04$' + (await bcryptOf(PASSWORD)).slice(7);
      const eve = await person(app, 'eve');
      await app.sql('UPDATE users SET password_hash = $2 WHERE id = $1', [eve.id, hash]);
      const stronger = await app.replica({ BCRYPT_ROUNDS: '5' });
      expect(await stronger.api.post('/api/auth/login', { username: 'eve', password: PASSWORD })).toMatchObject({
        status: 200,
      });
      const [row] = await app.sql<{ password_hash: string }>('SELECT password_hash FROM users WHERE id = $1', [eve.id]);
      expect(row?.password_hash).toMatch(/^\$2b\$05\$/);
      expect(await login({ username: 'eve', password: PASSWORD })).toMatchObject({ status: 200 });
      await stronger.close();
    });
  });

  describe('the wrong way', () => {
    it('is answered alike for unknown, wrong, inactive and deleted', async () => {
      const root = await admin(app);
      const [bob, carol] = await Promise.all([person(app, 'bob'), person(app, 'carol')]);
      await root.api.patch(`/api/users/${bob.id}`, { is_active: false });
      await root.api.delete(`/api/users/${carol.id}`);
      const identifiers = [
        'nobody',
        'nobody@example.com',
        'ada',
        'bob',
        'bob@example.com',
        'carol',
        'no such\u202ename',
        'x'.repeat(5_000),
      ];
      const answers = await Promise.all(
        identifiers.map((username) => login({ username, password: username === 'ada' ? 'wrong horse' : PASSWORD })),
      );
      for (const answer of answers) expect(answer).toFailWith(401, 'invalid_credentials');
      expect(new Set(answers.map(withoutRequestId)).size).toBe(1);
      const grants = await Promise.all(
        identifiers.map((username) => token({ username, password: username === 'ada' ? 'wrong horse' : PASSWORD })),
      );
      expect(new Set(grants.map(withoutRequestId)).size).toBe(1);
    });
  });

  describe('POST /api/auth/token', () => {
    const form = { username: 'ada', password: PASSWORD };

    it.each<[string, Record<string, string>]>([
      ['the password grant', { ...form, grant_type: 'password' }],
      ['no grant type', form],
      ['an e-mail address', { ...form, username: 'ADA@example.com' }],
      ['an empty scope', { ...form, scope: '' }],
      ['an empty grant type, which counts as left out', { ...form, grant_type: '' }],
      [
        'what OAuth clients send besides',
        { ...form, client_id: 'web', client_secret: 's', redirect_uri: 'x', audience: 'y' },
      ],
    ])('takes %s', async (_, body) => {
      const answer = await token(body);
      expect(answer).toMatchObject({ status: 200, body: TOKEN });
      expect(answer.headers.get('cache-control')).toBe('no-store');
    });

    it('grants no scope, and says nothing of it: OAuth clients stumble over an empty one', async () => {
      for (const scope of ['read write', '', undefined]) {
        const { body } = await token({ ...form, ...(scope !== undefined && { scope }) });
        expect(body).toMatchObject(TOKEN);
        expect(body).not.toHaveProperty('scope');
      }
    });

    it.each(['Basic Og==', 'Basic d2ViOnNlY3JldA==', 'Basic', 'Bearer nonsense'])(
      'overlooks "Authorization: %s"',
      async (authorization) => {
        expect(await token(form, { authorization })).toMatchObject({ status: 200 });
      },
    );

    it('takes the refresh token grant', async () => {
      const { refresh_token } = await signIn(app, 'ada');
      const answer = await token({ grant_type: 'refresh_token', refresh_token });
      expect(answer).toMatchObject({ status: 200, body: TOKEN });
      expect(answer.body.refresh_token).not.toBe(refresh_token);
    });

    it('takes JSON too', async () => {
      expect(await app.api.post('/api/auth/token', form)).toMatchObject({ status: 200, body: TOKEN });
    });

    it.each<[string, Record<string, string>, number, string]>([
      ['a wrong password', { ...form, password: 'wrong horse' }, 400, 'invalid_grant'],
      ['an unknown user', { ...form, username: 'nobody' }, 400, 'invalid_grant'],
      ['a bad refresh token', { grant_type: 'refresh_token', refresh_token: 'rt_nonsense' }, 400, 'invalid_grant'],
      [
        'an access token for a refresh token',
        { grant_type: 'refresh_token', refresh_token: 'a.b.c' },
        400,
        'invalid_grant',
      ],
      ['another grant', { grant_type: 'client_credentials' }, 400, 'unsupported_grant_type'],
      ['no password', { username: 'ada' }, 400, 'invalid_request'],
      ['no username', { password: PASSWORD }, 400, 'invalid_request'],
      ['no refresh token', { grant_type: 'refresh_token' }, 400, 'invalid_request'],
      ['nothing', {}, 400, 'invalid_request'],
      ['an empty username', { ...form, username: '' }, 400, 'invalid_request'],
      ['an empty password, before any hash', { ...form, password: '' }, 400, 'invalid_request'],
      ['an empty refresh token', { grant_type: 'refresh_token', refresh_token: '' }, 400, 'invalid_request'],
    ])('answers %s as OAuth clients read it', async (_, body, status, error) => {
      const answer = await token(body);
      expect(answer.status).toBe(status);
      expect(answer.body).toEqual({ error, error_description: expect.any(String) as string });
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(answer.headers.get('www-authenticate')).toBeNull(); // or clients take it for a challenge, and lose the rest
      expect(answer.headers.get('x-request-id')).toBeTruthy();
    });

    it.each([
      ['application/json', '{"username":', 400],
      ['application/x-www-form-urlencoded', 'username=ada&username=bob&password=x', 400],
      ['application/x-www-form-urlencoded', `username=${'a'.repeat(70_000)}`, 413],
      ['text/plain', 'username=ada', 415],
    ])('answers bad %s (%.20s) so as well', async (type, raw, status) => {
      const answer = await app.api.send('POST', '/api/auth/token', undefined, {
        raw,
        headers: { 'content-type': type },
      });
      expect(answer).toMatchObject({ status, body: { error: 'invalid_request' } });
    });
  });

  describe('afterwards', () => {
    it('GET /api/auth/me says who one is', async () => {
      const answer = await ada.api.get('/api/auth/me');
      expect(answer).toMatchObject({
        status: 200,
        body: { id: ada.id, email: ada.email, username: 'ada', role: 'user' },
      });
      expect(answer.headers.get('etag')).toMatch(/^"/);
    });

    it('POST /api/auth/refresh trades the refresh token for a new pair', async () => {
      const { refresh_token } = await signIn(app, 'ada');
      const answer = await app.api.post('/api/auth/refresh', { refresh_token });
      expect(answer).toMatchObject({ status: 200, body: TOKEN });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(await app.api.as(answer.body).get('/api/auth/me')).toMatchObject({ status: 200 });
    });

    it.each(['', 'rt_', 'nonsense', `rt_${'A'.repeat(70)}`, `rt_${'_'.repeat(10_000)}`])(
      'refreshes nothing for %.20j',
      async (refresh_token) => {
        expect(await app.api.post('/api/auth/refresh', { refresh_token })).toFailWith(401, 'invalid_refresh_token');
      },
    );

    it('POST /api/auth/logout ends the session by its refresh token, again and again', async () => {
      const tokens = await signIn(app, 'ada');
      for (let i = 0; i < 2; i++) {
        expect(await app.api.post('/api/auth/logout', { refresh_token: tokens.refresh_token })).toMatchObject({ status: 204, text: '' }); // prettier-ignore
      }
      expect(await app.api.as(tokens).get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await app.api.post('/api/auth/refresh', { refresh_token: tokens.refresh_token })).toFailWith(401, 'invalid_refresh_token'); // prettier-ignore
    });

    it('and by its access token, with or without a body', async () => {
      for (const body of [undefined, {}]) {
        const me = app.api.as(await signIn(app, 'ada'));
        expect(await me.post('/api/auth/logout', body)).toMatchObject({ status: 204 });
        expect(await me.post('/api/auth/logout', body)).toMatchObject({ status: 204 });
        expect(await me.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      }
    });

    it('an unknown token ends nothing, and no token is 401', async () => {
      expect(await app.api.post('/api/auth/logout', { refresh_token: 'rt_unknown' })).toMatchObject({ status: 204 });
      expect(await app.api.as('unknown').post('/api/auth/logout')).toMatchObject({ status: 204 });
      expect(await app.api.post('/api/auth/logout', {})).toFailWith(401, 'not_authenticated');
      expect(await app.api.post('/api/auth/logout')).toFailWith(401, 'not_authenticated');
    });

    it('PUT /api/auth/password changes it and ends every other session', async () => {
      const dora = await person(app, 'dora');
      const elsewhere = app.api.as(await signIn(app, 'dora'));
      const passwords = { current_password: PASSWORD, new_password: 'a better horse battery' };
      expect(await dora.api.put('/api/auth/password', { ...passwords, new_password: 'password' })).toFailWith(
        422,
        'validation_failed',
      );
      expect(await dora.api.put('/api/auth/password', { ...passwords, current_password: 'wrong horse' })).toFailWith(
        403,
        'wrong_password',
      );
      expect(await elsewhere.get('/api/auth/me')).toMatchObject({ status: 200 });

      expect(await dora.api.put('/api/auth/password', passwords)).toMatchObject({ status: 204 });
      expect(await dora.api.get('/api/auth/me')).toMatchObject({ status: 200 });
      expect(await elsewhere.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await login({ username: 'dora', password: PASSWORD })).toFailWith(401, 'invalid_credentials');
      expect(await login({ username: 'dora', password: passwords.new_password })).toMatchObject({ status: 200 });
    });

    it('GET and DELETE /api/auth/sessions show and end one’s devices', async () => {
      const fay = await person(app, 'fay');
      const phone = app.api.with({ 'user-agent': 'a phone' }).as((await app.api.post('/api/auth/login', { username: 'fay', password: PASSWORD }, { headers: { 'user-agent': 'a phone' } })).body); // prettier-ignore
      const { body } = await fay.api.get('/api/auth/sessions');
      expect(Object.keys(body)).toEqual(['items']);
      expect(body.items).toHaveLength(2);
      const [newest, own] = body.items;
      expect(newest).toEqual({
        id: expect.any(String) as string,
        created_at: expect.stringMatching(/Z$/) as string,
        last_used_at: expect.stringMatching(/Z$/) as string,
        expires_at: expect.stringMatching(/Z$/) as string,
        ip: '127.0.0.1',
        user_agent: 'a phone',
        amr: ['pwd'],
        acr: 'aal1',
        auth_time: expect.stringMatching(/Z$/) as string,
        remembered: false,
        impersonated: false,
        current: false,
      });
      expect(own).toMatchObject({ current: true });

      expect(await fay.api.delete(`/api/auth/sessions/${newest.id}`)).toMatchObject({ status: 204 });
      expect(await phone.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await fay.api.delete(`/api/auth/sessions/${newest.id}`)).toFailWith(404, 'not_found');
      expect(await ada.api.delete(`/api/auth/sessions/${own.id}`)).toFailWith(404, 'not_found');

      const tablet = app.api.as(await signIn(app, 'fay'));
      expect(await fay.api.delete('/api/auth/sessions')).toMatchObject({ status: 204 });
      expect(await tablet.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await fay.api.get('/api/auth/me')).toMatchObject({ status: 200 });
    });
  });
});

/** Everything of an answer that somebody could tell accounts apart by. */
function withoutRequestId({ status, headers, text }: Answer): string {
  const told = [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date');
  return JSON.stringify([status, told, text.replace(/"request_id":"[^"]+"/, '')]);
}

async function bcryptOf(password: string): Promise<string> {
  const { default: bcrypt } = await import('bcrypt');
  return bcrypt.hash(password, 4);
}

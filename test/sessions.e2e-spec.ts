import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person, signIn, type Tokens } from './support/people.js';
import { decode, forge } from './support/tokens.js';

const UNKNOWN = '01890000-0000-7000-8000-000000000000';

describe('Sessions', () => {
  let app: TestApp;
  let replica: TestApp;
  let root: Person;

  beforeAll(async () => {
    app = await startApp();
    replica = await app.replica();
    root = await admin(app);
  });
  afterAll(async () => {
    await replica.close();
    await app.close();
  });

  const me = (tokens: Tokens, at = app) => at.api.as(tokens).get('/api/auth/me');
  const refresh = ({ refresh_token }: Tokens, at = app) => at.api.post('/api/auth/refresh', { refresh_token });

  async function expectEnded(tokens: Tokens): Promise<void> {
    expect(await me(tokens)).toFailWith(401, 'invalid_token');
    expect(await me(tokens, replica)).toFailWith(401, 'invalid_token');
    expect(await refresh(tokens, replica)).toFailWith(401, 'invalid_refresh_token');
  }

  describe('POST /api/auth/login', () => {
    beforeAll(() => person(app, 'Grace.Hopper'));

    it.each([
      ['e-mail address', { email: 'grace.hopper@example.com' }],
      ['e-mail address in another case', { email: ' GRACE.Hopper@Example.COM ' }],
      ['e-mail address in full-width letters', { email: 'ｇｒａｃｅ.hopper@example.com' }],
      ['username', { username: 'Grace.Hopper' }],
      ['username in another case', { username: 'gRACE.hOPPER' }],
      ['e-mail address as username', { username: 'grace.hopper@example.com' }],
    ])('signs in by %s', async (_, identifier) => {
      const { status, body } = await app.api.post('/api/auth/login', { ...identifier, password: PASSWORD });
      expect([status, (await me(body as Tokens)).body]).toMatchObject([200, { username: 'Grace.Hopper' }]);
    });

    it('answers with tokens that no cache may keep', async () => {
      const answer = await app.api.post('/api/auth/login', { username: 'grace.hopper', password: PASSWORD });
      expect(answer.body).toEqual({
        access_token: expect.stringMatching(/^eyJ/),
        token_type: 'bearer',
        expires_in: 1800,
        refresh_token: expect.stringMatching(/^rt_[\w-]{70}$/),
        refresh_expires_in: 604_800,
      });
      expect(answer.headers.get('cache-control')).toBe('no-store');
    });

    it('names the session in the access token, and neither role nor address', async () => {
      const { access_token } = await signIn(app, 'grace.hopper');
      const { header, payload } = decode(access_token);
      expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: expect.any(String) });
      expect(Object.keys(payload).sort()).toEqual([
        'acr',
        'amr',
        'aud',
        'auth_time',
        'exp',
        'iat',
        'iss',
        'jti',
        'sid',
        'sub',
      ]);
    });

    it('takes the form of the token route', async () => {
      const answer = await app.api.form('/api/auth/login', { username: 'grace.hopper', password: PASSWORD });
      expect(answer).toMatchObject({ status: 200, body: { token_type: 'bearer' } });
    });

    it('answers a wrong form as JSON is answered', async () => {
      const answer = await app.api.form('/api/auth/login', { username: 'grace.hopper', password: 'wrong horse' });
      expect(answer).toFailWith(401, 'invalid_credentials');
    });

    it.each([
      ['no password', { username: 'grace.hopper' }],
      ['nobody', { password: PASSWORD }],
      ['two names', { username: 'grace.hopper', email: 'grace.hopper@example.com', password: PASSWORD }],
      ['another member', { username: 'grace.hopper', password: PASSWORD, role: 'admin' }],
      ['a password that is a list', { username: 'grace.hopper', password: [PASSWORD] }],
    ])('refuses %s', async (_, body) => {
      expect(await app.api.post('/api/auth/login', body)).toFailWith(422, 'validation_failed');
    });
  });

  describe('POST /api/auth/token', () => {
    beforeAll(() => person(app, 'barbara'));
    const token = (form: Record<string, string>, headers = {}) => app.api.form('/api/auth/token', form, { headers });

    it('grants for a password, whatever else OAuth clients send', async () => {
      const form = { grant_type: 'password', username: 'barbara', password: PASSWORD, scope: '', client_id: 'web' };
      const answer = await token(form, { authorization: 'Basic d2ViOg==' });
      expect(answer).toMatchObject({ status: 200, body: { token_type: 'bearer' } });
      expect(answer.headers.get('cache-control')).toBe('no-store');
    });

    it('leaves the scope out when one was asked for: none is granted, and an empty one breaks OAuth clients', async () => {
      const { body } = await token({ username: 'barbara', password: PASSWORD, scope: 'admin' });
      expect(body).not.toHaveProperty('scope');
    });

    it('grants for a refresh token', async () => {
      const { refresh_token } = await signIn(app, 'barbara');
      expect(await token({ grant_type: 'refresh_token', refresh_token })).toMatchObject({ status: 200 });
    });

    it.each([
      ['a wrong password', { username: 'barbara', password: 'wrong horse' }, 'invalid_grant'],
      ['a bad refresh token', { grant_type: 'refresh_token', refresh_token: 'rt_x' }, 'invalid_grant'],
      ['no refresh token', { grant_type: 'refresh_token' }, 'invalid_request'],
      ['no password', { username: 'barbara' }, 'invalid_request'],
      ['another grant', { grant_type: 'client_credentials' }, 'unsupported_grant_type'],
    ])('answers %s as RFC 6749 says', async (_, form, error) => {
      const { status, body } = await token(form);
      expect([status, body]).toEqual([400, { error, error_description: expect.any(String) }]);
    });
  });

  describe('POST /api/auth/logout', () => {
    let ada: Person;
    let tokens: Tokens;
    const logout = (body?: object, api = app.api) => api.post('/api/auth/logout', body);

    beforeAll(async () => (ada = await person(app, 'ada')));
    beforeEach(async () => (tokens = await signIn(app, 'ada')));

    it('ends the session of a refresh token, on every replica', async () => {
      expect(await logout({ refresh_token: tokens.refresh_token })).toMatchObject({ status: 204, text: '' });
      await expectEnded(tokens);
    });

    it('ends the session of a bearer token', async () => {
      expect(await logout(undefined, app.api.as(tokens))).toMatchObject({ status: 204 });
      await expectEnded(tokens);
    });

    it('ends the session of a refresh token that was rotated since', async () => {
      const { body: child } = await refresh(tokens);
      expect(await logout({ refresh_token: tokens.refresh_token })).toMatchObject({ status: 204 });
      await expectEnded(child as Tokens);
    });

    it('ends the session of an access token that has expired', async () => {
      const { header, payload } = decode(tokens.access_token);
      const now = Math.floor(Date.now() / 1000);
      const expired = forge(header, { ...payload, iat: now - 4000, exp: now - 3000 });
      expect(await app.api.as(expired).get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await logout(undefined, app.api.as(expired))).toMatchObject({ status: 204 });
      await expectEnded(tokens);
    });

    it('leaves other sessions alone', async () => {
      await logout({ refresh_token: tokens.refresh_token });
      expect(await me(ada.tokens)).toMatchObject({ status: 200 });
    });

    it('may be done again', async () => {
      await logout({ refresh_token: tokens.refresh_token });
      expect(await logout({ refresh_token: tokens.refresh_token })).toMatchObject({ status: 204 });
    });

    it.each(['', 'rt_', 'rt_nothing', 'x'.repeat(5000)])(
      'answers alike for the unknown token %.20s',
      async (unknown) => {
        expect(await logout({ refresh_token: unknown })).toMatchObject({ status: 204 });
      },
    );

    it('answers alike for an unknown bearer token', async () => {
      expect(await logout(undefined, app.api.as('eyJhbGciOiJub25lIn0.e30.'))).toMatchObject({ status: 204 });
    });

    it('ends nothing by a forged token', async () => {
      const { header, payload } = decode(tokens.access_token);
      await logout(undefined, app.api.as(forge(header, payload, { secret: 'another secret, long enough to be one' })));
      expect(await me(tokens)).toMatchObject({ status: 200 });
    });

    it('refuses who brings no token', async () => {
      expect(await logout()).toFailWith(401, 'not_authenticated');
      expect(await logout({})).toFailWith(401, 'not_authenticated');
    });
  });

  describe('GET /api/auth/sessions', () => {
    it('lists the living ones, newest first, and says which one asks', async () => {
      const bob = await person(app, 'bob');
      const phone = await app.api
        .with({ 'user-agent': 'Phone\t/1.0' + 'x'.repeat(1000) })
        .post('/api/auth/login', { username: 'bob', password: PASSWORD });
      const gone = await signIn(app, 'bob');
      await app.api.as(gone).post('/api/auth/logout');
      const { body } = await app.api.as(phone.body as Tokens).get('/api/auth/sessions');
      expect(body.items).toEqual([
        {
          id: decode((phone.body as Tokens).access_token).payload['sid'],
          created_at: expect.stringMatching(/Z$/),
          last_used_at: expect.stringMatching(/Z$/),
          expires_at: expect.stringMatching(/Z$/),
          ip: '127.0.0.1',
          user_agent: expect.stringMatching(/^Phone\?\/1\.0x{246}$/),
          amr: ['pwd'],
          acr: 'aal1',
          auth_time: expect.stringMatching(/Z$/) as string,
          remembered: false,
          impersonated: false,
          current: true,
        },
        expect.objectContaining({ id: decode(bob.tokens.access_token).payload['sid'], current: false }),
      ]);
    });

    it('leaves out the expired', async () => {
      const eve = await person(app, 'eve');
      await signIn(app, 'eve');
      await app.sql(`UPDATE sessions SET expires_at = now() WHERE user_id = $1 AND id <> $2`, [
        eve.id,
        decode(eve.tokens.access_token).payload['sid'],
      ]);
      expect((await eve.api.get('/api/auth/sessions')).body.items).toHaveLength(1);
    });
  });

  describe('DELETE /api/auth/sessions', () => {
    let carol: Person;
    let other: Tokens;
    const sessionOf = ({ access_token }: Tokens) => String(decode(access_token).payload['sid']);

    beforeAll(async () => (carol = await person(app, 'carol')));
    beforeEach(async () => (other = await signIn(app, 'carol')));

    it('ends one', async () => {
      expect(await carol.api.delete(`/api/auth/sessions/${sessionOf(other)}`)).toMatchObject({ status: 204 });
      await expectEnded(other);
      expect(await me(carol.tokens)).toMatchObject({ status: 200 });
    });

    it('ends all but the one that asks', async () => {
      const third = await signIn(app, 'carol');
      expect(await carol.api.delete('/api/auth/sessions')).toMatchObject({ status: 204 });
      await expectEnded(other);
      await expectEnded(third);
      expect(await me(carol.tokens)).toMatchObject({ status: 200 });
    });

    it('ends none of somebody else', async () => {
      const mallory = await person(app, 'mallory');
      expect(await mallory.api.delete(`/api/auth/sessions/${sessionOf(other)}`)).toFailWith(404, 'not_found');
      expect(await me(other)).toMatchObject({ status: 200 });
    });

    it('knows what is none', async () => {
      expect(await carol.api.delete(`/api/auth/sessions/${UNKNOWN}`)).toFailWith(404, 'not_found');
      expect(await carol.api.delete('/api/auth/sessions/1')).toFailWith(422, 'validation_failed');
    });
  });

  describe('/api/users/{id}/sessions', () => {
    let dave: Person;
    beforeAll(async () => (dave = await person(app, 'dave')));

    it('lists them for an admin', async () => {
      const { status, body } = await root.api.get(`/api/users/${dave.id}/sessions`);
      expect([status, body.items]).toMatchObject([200, [{ current: false, ip: '127.0.0.1' }]]);
    });

    it('ends all of them for an admin', async () => {
      const other = await signIn(app, 'dave');
      expect(await root.api.delete(`/api/users/${dave.id}/sessions`)).toMatchObject({ status: 204 });
      await expectEnded(other);
      await expectEnded(dave.tokens);
    });

    it('is for admins only', async () => {
      const { api } = await person(app, 'heidi');
      expect(await api.get(`/api/users/${root.id}/sessions`)).toFailWith(403, 'forbidden');
      expect(await api.delete(`/api/users/${root.id}/sessions`)).toFailWith(403, 'forbidden');
    });

    it('knows who is nobody', async () => {
      expect(await root.api.get(`/api/users/${UNKNOWN}/sessions`)).toFailWith(404, 'not_found');
      expect(await root.api.delete(`/api/users/${UNKNOWN}/sessions`)).toFailWith(404, 'not_found');
    });
  });

  describe('at once, on every replica', () => {
    it('a new password ends the other sessions and keeps this one', async () => {
      const frank = await person(app, 'frank');
      const other = await signIn(app, 'frank');
      const change = { current_password: PASSWORD, new_password: 'another horse battery' };
      expect(await frank.api.put('/api/auth/password', change)).toMatchObject({ status: 204, text: '' });
      await expectEnded(other);
      expect(await me(frank.tokens, replica)).toMatchObject({ status: 200 });
      expect(await refresh(frank.tokens, replica)).toMatchObject({ status: 200 });
    });

    it('deactivation ends all, and activation brings none back', async () => {
      const grace = await person(app, 'grace');
      await root.api.patch(`/api/users/${grace.id}`, { is_active: false });
      await expectEnded(grace.tokens);
      await root.api.patch(`/api/users/${grace.id}`, { is_active: true });
      await expectEnded(grace.tokens);
      expect(await me(await signIn(app, 'grace'), replica)).toMatchObject({ status: 200 });
    });

    it('deletion ends all, and restoring brings none back', async () => {
      const judy = await person(app, 'judy');
      await judy.api.delete(`/api/users/${judy.id}`);
      await expectEnded(judy.tokens);
      await root.api.post(`/api/users/${judy.id}/restore`);
      await expectEnded(judy.tokens);
      expect(await me(await signIn(app, 'judy'))).toMatchObject({ status: 200 });
    });

    it('purging ends all', async () => {
      const oscar = await person(app, 'oscar');
      await root.api.delete(`/api/users/${oscar.id}?purge=true`);
      await expectEnded(oscar.tokens);
    });

    it('a role given or taken counts for the next request', async () => {
      const trent = await person(app, 'trent');
      expect(await trent.api.get('/api/audit-events')).toFailWith(403, 'forbidden');
      await root.api.patch(`/api/users/${trent.id}`, { role: 'admin' });
      const there = replica.api.as(trent.tokens);
      expect(await there.get('/api/audit-events')).toMatchObject({ status: 200 });
      await root.api.patch(`/api/users/${trent.id}`, { role: 'user' });
      expect(await there.get('/api/audit-events')).toFailWith(403, 'forbidden');
    });
  });

  it('keeps nothing at rest that could be replayed', async () => {
    const { tokens } = await person(app, 'peggy');
    const [dump] = await app.sql<{ text: string }>(
      `SELECT string_agg(row_to_json(s)::text, '') || (SELECT string_agg(row_to_json(e)::text, '') FROM audit_events e) AS text
       FROM sessions s`,
    );
    const parts = [...tokens.access_token.split('.'), tokens.refresh_token.slice(3)];
    expect(parts.filter((part) => dump?.text.includes(part))).toEqual([]);
    expect(dump?.text).not.toMatch(/eyJ|rt_|\$2b\$/);
  });
});

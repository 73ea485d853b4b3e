import { createHash } from 'node:crypto';
import { jest } from '@jest/globals';
import { startApp, type TestApp } from './support/app.js';
import { person } from './support/people.js';
import { attempt, Browser, redeem, redemption, SIGNED_IN, signInBy, through } from './support/providers.js';
import { StubIssuer } from './support/stub-issuer.js';

describe('signing in with a provider', () => {
  let issuer: StubIssuer;
  let app: TestApp;

  beforeAll(async () => {
    issuer = await StubIssuer.start();
    app = await startApp({
      OIDC_WORK_ISSUER: issuer.url,
      OIDC_WORK_CLIENT_ID: 'userhub',
      OIDC_WORK_CLIENT_SECRET: 'a secret of the issuer',
      OIDC_WORK_LABEL: 'Work',
      OAUTH_REDIRECT_URIS: `${SIGNED_IN},http://127.0.0.1:5173/profile?tab=accounts,com.example.app:/signed-in`,
    });
  });
  afterAll(async () => {
    await app.close();
    await issuer.stop();
  });
  beforeEach(async () => {
    await app.sql('TRUNCATE users, outbox, dev_mails, audit_events, provider_results CASCADE');
    issuer.manners = {};
    issuer.people = { ada: { sub: 'ada-1', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' } };
  });

  it('is offered where it is set up', async () => {
    expect(await app.api.get('/api/auth/providers')).toMatchObject({ status: 200, body: { items: [{ name: 'work', label: 'Work' }] } }); // prettier-ignore
  });

  it('makes an account for who comes for the first time, without a password', async () => {
    const answer = await signInBy(app, 'work', 'ada');
    expect(answer).toMatchObject({ status: 200, body: { token_type: 'bearer' } });
    const { body: me } = await app.api.as(answer.body).get('/api/auth/me');
    expect(me).toMatchObject({ email: 'ada@example.com', username: 'ada', display_name: 'Ada Lovelace', has_password: false, email_verified: false }); // prettier-ignore
  });

  it('knows them again', async () => {
    const first = await signInBy(app, 'work', 'ada');
    const again = await signInBy(app, 'work', 'ada');
    const idOf = async (tokens: string) => (await app.api.as(tokens).get('/api/auth/me')).body.id as string;
    expect(await idOf(again.body.access_token)).toBe(await idOf(first.body.access_token));
    expect(await app.sql('SELECT id FROM users')).toHaveLength(1);
  });

  it('says how somebody got in, and records it', async () => {
    const { body } = await signInBy(app, 'work', 'ada');
    const api = app.api.as(body);
    expect((await api.get('/api/auth/sessions')).body.items).toMatchObject([{ amr: ['fed'], acr: 'aal1' }]);
    const { items } = (await api.get('/api/auth/events')).body as { items: { action: string; details: object }[] };
    expect(items.map(({ action }) => action).sort()).toEqual(['identity_linked', 'login', 'register']);
    expect(items.find(({ action }) => action === 'identity_linked')).toMatchObject({ details: { provider: 'work' } });
  });

  describe('the way there', () => {
    it('leads to the provider, with a state, a nonce and a challenge of ours', async () => {
      const answer = await app.api.get(attempt('work').path);
      expect(answer.status).toBe(302);
      const url = new URL(answer.headers.get('location') ?? '');
      expect(url.href.startsWith(`${issuer.url}/authorize?`)).toBe(true);
      const query = Object.fromEntries(url.searchParams);
      expect(query).toMatchObject({ response_type: 'code', client_id: 'userhub', scope: 'openid email profile', code_challenge_method: 'S256', redirect_uri: `${app.url}/api/auth/providers/work/callback` }); // prettier-ignore
      expect(query['nonce']).toMatch(/^[\w-]{43}$/);
      expect(query['code_challenge']).toMatch(/^[\w-]{43}$/);
      expect(query['state']?.length).toBeLessThan(250);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.getSetCookie()).toEqual([]);
    });

    it.each([
      'http://127.0.0.1:5173/signed-in/',
      'http://127.0.0.1:5173/signed-in?x',
      'http://127.0.0.1:5173/signed-in@evil.example',
      'http://127.0.0.1:5173/',
      'https://evil.example/signed-in',
      'http://127.0.0.1:5173/signed-in#x',
      'HTTP://127.0.0.1:5173/signed-in',
      'com.example.app:/other',
      'javascript:alert(1)',
    ])('goes nowhere when people are to be sent to %s', async (redirect_uri) => {
      const answer = await app.api.get(attempt('work', { redirect_uri }).path);
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.headers.has('location')).toBe(false);
      expect(answer.body.errors).toMatchObject([{ parameter: 'redirect_uri' }]);
    });

    it.each([
      ['response_type', 'token'],
      ['code_challenge', 'short'],
      ['code_challenge_method', 'plain'],
    ])('asks for a right %s', async (parameter, value) => {
      const answer = await app.api.get(attempt('work', { [parameter]: value }).path);
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ parameter }]);
    });

    it.each(['code_challenge', 'code_challenge_method', 'redirect_uri', 'response_type'])(
      'asks for %s',
      async (name) => {
        const [path = '', query] = attempt('work').path.split('?');
        const left = new URLSearchParams(query);
        left.delete(name);
        expect(await app.api.get(`${path}?${left.toString()}`)).toFailWith(422, 'validation_failed');
      },
    );

    it('takes what else OAuth clients send', async () => {
      const { path } = attempt('work', { client_id: 'web', scope: 'openid', nonce: 'n', link_token: 'lt_x' });
      expect(await app.api.get(path)).toMatchObject({ status: 302 });
    });

    it('is not there for a provider that is not set up', async () => {
      expect(await app.api.get(attempt('google').path)).toFailWith(404, 'not_enabled');
      expect(await app.api.get('/api/auth/providers/google/authorize')).toFailWith(404, 'not_enabled');
      expect(await app.api.get('/api/auth/providers/google/callback?code=x&state=y')).toFailWith(404, 'not_enabled');
    });
  });

  describe('the way back', () => {
    const callback = '/api/auth/providers/work/callback';

    it.each([
      [
        'a page with a query of its own',
        'http://127.0.0.1:5173/profile?tab=accounts',
        /^http:\/\/127\.0\.0\.1:5173\/profile\?tab=accounts&code=/,
      ],
      ['an app', 'com.example.app:/signed-in', /^com\.example\.app:\/signed-in\?code=/],
    ])('leads to %s', async (_, redirect_uri, pattern) => {
      const begun = attempt('work', { login_hint: 'ada', redirect_uri });
      const end = await new Browser().go(app.url + begun.path, redirect_uri);
      expect((end as URL).href).toMatch(pattern);
    });

    it('gives back the state as it was, or none', async () => {
      for (const state of ['', 'ünïcödé & = ? #', 'x'.repeat(1000)]) {
        const begun = attempt('work', { login_hint: 'ada', state });
        const end = (await new Browser().go(app.url + begun.path)) as URL;
        expect(end.searchParams.get('state')).toBe(state);
      }
      const [path, query] = attempt('work', { login_hint: 'ada' }).path.split('?');
      const none = new URLSearchParams(query);
      none.delete('state');
      const end = (await new Browser().go(`${app.url}${path}?${none.toString()}`)) as URL;
      expect(end.searchParams.has('state')).toBe(false);
    });

    it('makes nothing by itself but a row for a minute', async () => {
      await through(app, 'work', 'ada');
      expect(await app.sql('SELECT id FROM users')).toEqual([]);
      expect(await app.sql(`SELECT flow_id FROM provider_results WHERE expires_at < now() + interval '61 seconds'`)).toHaveLength(1); // prettier-ignore
    });

    it('says so when the person said no', async () => {
      issuer.manners.comesBack = ({ state = '', iss = '' }) => ({ error: 'access_denied', state, iss });
      expect(await through(app, 'work', 'ada')).toMatchObject({ error: 'access_denied', code: '' });
    });

    it('says only that it failed when the provider did', async () => {
      issuer.manners.comesBack = ({ state = '', iss = '' }) => ({ error: 'temporarily_unavailable', error_description: '<b>', state, iss }); // prettier-ignore
      expect(await through(app, 'work', 'ada')).toMatchObject({ error: 'server_error', code: '' });
    });

    it.each([
      ['no state', ''],
      [
        'a forged state',
        'AZqyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      ],
    ])('knows nowhere to lead to with %s', async (_, state) => {
      expect(await app.api.get(`${callback}?code=x&state=${state}`)).toFailWith(400, 'sign_in_expired');
    });

    it('takes no state that was changed, cut, or made for another provider', async () => {
      const { headers } = await app.api.get(attempt('work').path);
      const state = new URL(headers.get('location') ?? '').searchParams.get('state') ?? '';
      const flipped = `${state.slice(0, 40)}${state[40] === 'A' ? 'B' : 'A'}${state.slice(41)}`;
      for (const bad of [flipped, state.slice(0, -4), `${state}AAAA`]) {
        expect(await app.api.get(`${callback}?code=x&state=${bad}`)).toFailWith(400, 'sign_in_expired');
      }
    });

    it('comes too late after ten minutes', async () => {
      const { headers } = await app.api.get(attempt('work').path);
      const state = new URL(headers.get('location') ?? '').searchParams.get('state') ?? '';
      const now = Date.now();
      jest.spyOn(Date, 'now').mockReturnValue(now + 10 * 60_000 + 1000);
      try {
        expect(await app.api.get(`${callback}?code=x&state=${state}`)).toFailWith(400, 'sign_in_expired');
      } finally {
        jest.restoreAllMocks();
      }
    });

    it('leads back with an error the second time', async () => {
      const begun = attempt('work', { login_hint: 'ada' });
      const atCallback = (await new Browser().go(app.url + begun.path, `${app.url}/api/auth/providers`)) as URL;
      const first = (await new Browser().go(atCallback.href)) as URL;
      const second = (await new Browser().go(atCallback.href)) as URL;
      expect(first.searchParams.has('code')).toBe(true);
      expect(second.searchParams.get('error')).toBe('server_error');
      expect(second.searchParams.get('state')).toBe(begun.state);
    });
  });

  describe('the code', () => {
    it('is good for one of twenty at once', async () => {
      const returned = await through(app, 'work', 'ada');
      const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(app.api, returned)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 400).map(({ body }) => body.error)).toEqual(
        Array(19).fill('invalid_grant'),
      );
    });

    it('is burnt by whoever brings it without the verifier', async () => {
      const returned = await through(app, 'work', 'ada');
      const other = attempt('work');
      expect(await redeem(app.api, { ...returned, verifier: other.verifier })).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      });
      expect(await redeem(app.api, returned)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
      expect(await app.sql('SELECT id FROM users')).toEqual([]);
    });

    it('needs the very redirect_uri', async () => {
      const returned = await through(app, 'work', 'ada');
      expect(await redeem(app.api, { ...returned, redirectUri: 'com.example.app:/signed-in' })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } }); // prettier-ignore
    });

    it('expires after a minute', async () => {
      const returned = await through(app, 'work', 'ada');
      await app.sql(`UPDATE provider_results SET expires_at = now() - interval '1 millisecond'`);
      expect(await redeem(app.api, returned)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    });

    it.each(['code', 'code_verifier', 'redirect_uri'])('comes with a %s', async (name) => {
      const given = Object.entries(redemption(await through(app, 'work', 'ada')));
      const rest = Object.fromEntries(given.filter(([key]) => key !== name));
      const answer = await app.api.form('/api/auth/token', { grant_type: 'authorization_code', ...rest });
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    });

    it('is kept as a hash', async () => {
      const { code } = await through(app, 'work', 'ada');
      const rows = await app.sql<{ code_hash: Buffer; payload: object }>('SELECT * FROM provider_results');
      expect(rows.map((row) => row.code_hash)).toEqual([createHash('sha256').update(code).digest()]);
      expect(JSON.stringify(rows.map((row) => row.payload))).not.toContain(code.slice(3));
    });
  });

  it('lets two tabs cross', async () => {
    issuer.people['bob'] = { sub: 'bob-1', email: 'bob@example.com' };
    const browser = new Browser();
    const [one, other] = [attempt('work', { login_hint: 'ada' }), attempt('work', { login_hint: 'bob' })];
    const stop = `${app.url}/api/auth/providers/work/callback`;
    const callbacks = [
      (await browser.go(app.url + one.path, stop)) as URL,
      (await browser.go(app.url + other.path, stop)) as URL,
    ];
    const codes: Record<string, string> = {};
    for (const url of callbacks.reverse()) {
      const end = (await browser.go(url.href)) as URL;
      codes[end.searchParams.get('state') ?? ''] = end.searchParams.get('code') ?? '';
    }
    for (const [tab, email] of [
      [one, 'ada@example.com'],
      [other, 'bob@example.com'],
    ] as const) {
      const { body } = await redeem(app.api, { ...tab, code: codes[tab.state] ?? '', error: null });
      expect((await app.api.as(body).get('/api/auth/me')).body.email).toBe(email);
    }
  });

  it('asks for a second factor that the account has', async () => {
    const { body } = await signInBy(app, 'work', 'ada');
    const { id } = (await app.api.as(body).get('/api/auth/me')).body as { id: string };
    await app.sql('UPDATE users SET mfa_required = true WHERE id = $1', [id]);
    const answer = await signInBy(app, 'work', 'ada');
    expect(answer).toMatchObject({ status: 400, body: { error: 'mfa_enrollment_required', mfa_methods: [] } });
    expect(answer.body.mfa_token).toMatch(/^mt_/);
    expect(await app.sql('SELECT id FROM sessions')).toHaveLength(1);
  });

  it('takes no deactivated account', async () => {
    await signInBy(app, 'work', 'ada');
    await app.sql('UPDATE users SET is_active = false');
    expect(await signInBy(app, 'work', 'ada')).toMatchObject({ status: 400, body: { error: 'access_denied' } });
  });

  it('finds a name that is free', async () => {
    await person(app, 'ada', { email: 'other@example.com' }).catch(() => undefined);
    const { body } = await signInBy(app, 'work', 'ada');
    expect((await app.api.as(body).get('/api/auth/me')).body.username).toMatch(/^ada\d{3}$/);
  });

  it('makes one account when the same person comes twenty times at once', async () => {
    const returned = await Promise.all(Array.from({ length: 20 }, () => through(app, 'work', 'ada')));
    const answers = await Promise.all(returned.map((one) => redeem(app.api, one)));
    expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    expect(await app.sql('SELECT id FROM users')).toHaveLength(1);
    expect(await app.sql('SELECT id FROM identities')).toHaveLength(1);
  });
});

describe('the addresses of a flow', () => {
  let issuer: StubIssuer;
  let app: TestApp;
  beforeAll(async () => {
    issuer = await StubIssuer.start();
    issuer.people['ada'] = { sub: 'ada-1', email: 'ada@example.com' };
    app = await startApp({
      OIDC_WORK_ISSUER: issuer.url,
      OIDC_WORK_CLIENT_ID: 'userhub',
      OIDC_WORK_SCOPES: 'openid,email',
      PUBLIC_URL: 'https://api.example.com/hub/',
      CORS_ORIGINS: 'http://localhost:5173,https://app.example.com',
    });
  });
  afterAll(async () => {
    await app.close();
    await issuer.stop();
  });
  afterEach(() => jest.restoreAllMocks());
  const redirect_uri = 'http://localhost:5173/anywhere?at=all';

  it('are those of PUBLIC_URL, whatever a request says of its host', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' };
    const answer = await app.api.get(attempt('work', { redirect_uri }).path, { headers });
    const url = new URL(answer.headers.get('location') ?? '');
    expect(url.searchParams.get('redirect_uri')).toBe('https://api.example.com/hub/api/auth/providers/work/callback');
    expect(url.searchParams.get('scope')).toBe('openid email');
  });

  it('may be any page of a loopback origin in CORS_ORIGINS, where none is named and it is no production', async () => {
    expect(await app.api.get(attempt('work', { redirect_uri }).path)).toMatchObject({ status: 302 });
    for (const other of ['http://127.0.0.1:5173/x', 'http://localhost:5174/x', 'https://app.example.com/x']) {
      expect(await app.api.get(attempt('work', { redirect_uri: other }).path)).toFailWith(422, 'validation_failed');
    }
  });

  it('are discovered once an hour', async () => {
    const asked = () => issuer.requests.filter((path) => path.endsWith('openid-configuration')).length;
    const leave = () => app.api.get(attempt('work', { redirect_uri }).path);
    await leave();
    const before = asked();
    await leave();
    expect(asked()).toBe(before);
    const now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now + 3_600_001);
    expect(await leave()).toMatchObject({ status: 302 });
    expect(asked()).toBe(before + 1);
  });
});

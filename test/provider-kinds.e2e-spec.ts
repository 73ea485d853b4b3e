import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { startApp, type TestApp } from './support/app.js';
import { attempt, Browser, redeem, SIGNED_IN, signInBy, through } from './support/providers.js';
import { type Claims, StubIssuer } from './support/stub-issuer.js';

const clean = (app: TestApp) => app.sql('TRUNCATE users, outbox, dev_mails, audit_events, provider_results CASCADE');
const isVerified = async (app: TestApp, { access_token }: { access_token: string }) =>
  (await app.api.as(access_token).get('/api/auth/me')).body.email_verified as boolean;

describe('kinds of providers', () => {
  let issuer: StubIssuer;
  let app: TestApp;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  beforeAll(async () => {
    issuer = await StubIssuer.start();
    app = await startApp({
      OIDC_GOOGLE_ISSUER: issuer.url,
      OIDC_GOOGLE_CLIENT_ID: 'userhub',
      OIDC_GOOGLE_CLIENT_SECRET: 'a secret of the issuer',
      OIDC_MICROSOFT_ISSUER: issuer.url,
      OIDC_MICROSOFT_CLIENT_ID: 'userhub',
      OIDC_APPLE_ISSUER: issuer.url,
      OIDC_APPLE_CLIENT_ID: 'com.example.web',
      OIDC_APPLE_TEAM_ID: 'TEAM123456',
      OIDC_APPLE_KEY_ID: 'KEY1234567',
      OIDC_APPLE_PRIVATE_KEY: String(privateKey.export({ format: 'pem', type: 'pkcs8' })).replaceAll('\n', '\\n'),
      OIDC_WORK_ISSUER: issuer.url,
      OIDC_WORK_CLIENT_ID: 'userhub',
      OIDC_WORK_CLIENT_SECRET: 'a secret of the issuer',
      OIDC_WORK_TRUST_EMAIL: 'true',
      OAUTH_REDIRECT_URIS: SIGNED_IN,
    });
  });
  afterAll(async () => {
    await app.close();
    await issuer.stop();
  });
  beforeEach(async () => {
    await clean(app);
    issuer.manners = {};
    issuer.people = { ada: { sub: 'ada-1', email: 'ada@example.com', email_verified: true } };
  });

  const signedIn = async (provider: string, claims: Claims) => {
    issuer.people['ada'] = { sub: 'ada-1', ...claims };
    const answer = await signInBy(app, provider, 'ada');
    expect(answer.status).toBe(200);
    return isVerified(app, answer.body);
  };

  it('have labels of their own', async () => {
    const { items } = (await app.api.get('/api/auth/providers')).body as { items: { label: string }[] };
    expect(items.map(({ label }) => label)).toEqual(['Apple', 'Google', 'Microsoft', 'Work']);
  });

  it.each([
    [true, { email: 'ada@gmail.com', email_verified: true }],
    [true, { email: 'ada@example.com', email_verified: true, hd: 'example.com' }],
    [false, { email: 'ada@example.com', email_verified: true }],
    [false, { email: 'ada@gmail.com', email_verified: false }],
    [false, { email: 'ada@gmail.com.evil.example', email_verified: true }],
  ])('Google: %p with %j', async (verified, claims) => {
    expect(await signedIn('google', claims)).toBe(verified);
  });

  it.each([
    [true, { email: 'ada@example.com', xms_edov: true }],
    [false, { email: 'ada@example.com', email_verified: true }],
    [false, { email: 'ada@example.com', xms_edov: 'true' }],
    [false, { email: 'ada@example.com', xms_edov: false }],
  ])('Microsoft: %p with %j', async (verified, claims) => {
    expect(await signedIn('microsoft', claims)).toBe(verified);
  });

  describe('Apple', () => {
    /** Goes to Apple and comes back by a form from its pages: without cookies. */
    async function byForm(more: Record<string, string> = {}) {
      const begun = attempt('apple', { login_hint: 'ada' });
      const { headers } = await app.api.get(begun.path);
      const there = new URL(headers.get('location') ?? '');
      expect(there.searchParams.get('response_mode')).toBe('form_post');
      const back = (await new Browser().go(there.href, `${app.url}/api/auth/providers/apple/callback`)) as URL;
      const form = { ...Object.fromEntries(back.searchParams), ...more };
      const answer = await app.api.form('/api/auth/providers/apple/callback', form, { headers: { origin: 'https://appleid.apple.com' } }); // prettier-ignore
      expect(answer.status).toBe(303);
      const end = new URL(answer.headers.get('location') ?? '');
      return { ...begun, code: end.searchParams.get('code') ?? '', error: end.searchParams.get('error') };
    }

    it('sends people back by a form, with their name once', async () => {
      const user = JSON.stringify({
        name: { firstName: 'Ada', lastName: 'Love\u202elace' },
        email: 'lies@example.com',
      });
      const { body } = await redeem(app.api, await byForm({ user }));
      const me = await app.api.as(body).get('/api/auth/me');
      expect(me.body).toMatchObject({ display_name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true });
    });

    it.each([['"no name"'], ['{'], ['{"name":7}'], ['null']])('is not impressed by the name %s', async (user) => {
      expect(await redeem(app.api, await byForm({ user }))).toMatchObject({ status: 200 });
    });

    it('counts an address as verified that is so in words', async () => {
      issuer.people['ada'] = { sub: 'ada-1', email: 'ada@example.com', email_verified: 'true' };
      expect(await isVerified(app, (await redeem(app.api, await byForm())).body)).toBe(true);
    });

    it('gets a secret that is signed with its key, for each exchange', async () => {
      issuer.tokenRequests = [];
      await byForm();
      await byForm();
      const secrets = issuer.tokenRequests.map(({ form }) => form.get('client_secret') ?? '');
      expect(new Set(secrets).size).toBe(2);
      for (const secret of secrets) {
        const [head = '', body = '', signature = ''] = secret.split('.');
        const key = { key: createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })), dsaEncoding: 'ieee-p1363' } as const; // prettier-ignore
        expect(verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
        expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'ES256', kid: 'KEY1234567' });
        expect(JSON.parse(Buffer.from(body, 'base64url').toString())).toMatchObject({ iss: 'TEAM123456', sub: 'com.example.web', aud: issuer.url }); // prettier-ignore
      }
    });

    it('says so when the person said no', async () => {
      expect(await byForm({ error: 'user_cancelled_authorize' })).toMatchObject({ error: 'access_denied' });
    });
  });

  describe('an issuer that lies', () => {
    const lies: [string, (claims: Claims) => Claims][] = [
      ['another nonce', (claims) => ({ ...claims, nonce: 'x' })],
      ['no nonce', (claims) => ({ ...claims, nonce: undefined })],
      ['another audience', (claims) => ({ ...claims, aud: 'somebody else' })],
      ['several audiences', (claims) => ({ ...claims, aud: ['userhub', 'other'], azp: 'other' })],
      ['another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' })],
      ['a time long past', (claims) => ({ ...claims, exp: 1 })],
      ['no subject', (claims) => ({ ...claims, sub: undefined })],
    ];

    it.each(lies)('is not believed: %s', async (_, lie) => {
      issuer.manners.lie = lie;
      expect(await through(app, 'work', 'ada')).toMatchObject({ error: 'server_error', code: '' });
    });

    it('is not believed without a signature, or with another’s', async () => {
      issuer.manners = { alg: 'none' };
      expect(await through(app, 'work', 'ada')).toMatchObject({ error: 'server_error' });
      issuer.manners = { forges: true };
      expect(await through(app, 'work', 'ada')).toMatchObject({ error: 'server_error' });
    });

    it('is not believed when another issuer sends people back, or none', async () => {
      issuer.manners.comesBack = (said) => ({ ...said, iss: 'https://evil.example' });
      expect(await through(app, 'work', 'ada')).toMatchObject({ error: 'server_error' });
      issuer.manners.comesBack = ({ code = '', state = '' }) => ({ code, state });
      expect(await through(app, 'work', 'ada')).toMatchObject({ error: 'server_error' });
    });

    it('is not believed when userinfo speaks of somebody else', async () => {
      issuer.people['ada'] = { sub: 'ada-1' };
      issuer.manners.userinfo = { sub: 'bob-1', email: 'bob@example.com', email_verified: true };
      expect(await through(app, 'work', 'ada')).toMatchObject({ error: 'server_error' });
      issuer.manners.userinfo = { sub: 'ada-1', email: 'ada@example.com', email_verified: true };
      const answer = await signInBy(app, 'work', 'ada');
      expect(answer.status).toBe(200);
      expect(await isVerified(app, answer.body)).toBe(true);
    });

    it('leaves no token in the log', () => {
      const lines = app.logs.filter(({ event }) => event === 'provider_failed').map((line) => JSON.stringify(line));
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.join()).not.toMatch(/eyJ|access_token|id_token/);
    });
  });

  it.each(['basic', 'post'] as const)('are told our secret by the one way that they take: %s', async (clientAuth) => {
    issuer.manners.clientAuth = clientAuth;
    expect(await signInBy(app, 'work', 'ada')).toMatchObject({ status: 200 });
    expect(await signInBy(app, 'work', 'ada')).toMatchObject({ status: 200 });
  });

  it('may change their keys: those are asked for again', async () => {
    expect(await signInBy(app, 'work', 'ada')).toMatchObject({ status: 200 });
    issuer.rotateKeys();
    expect(await signInBy(app, 'work', 'ada')).toMatchObject({ status: 200 });
  });
});

describe('a provider that is away', () => {
  let issuer: StubIssuer;
  let app: TestApp;

  beforeEach(async () => {
    issuer = await StubIssuer.start();
    issuer.people['ada'] = { sub: 'ada-1', email: 'ada@example.com' };
    await issuer.stop();
    app = await startApp({
      OIDC_WORK_ISSUER: issuer.url,
      OIDC_WORK_CLIENT_ID: 'userhub',
      OAUTH_REDIRECT_URIS: SIGNED_IN,
    });
  });
  afterEach(async () => {
    await app.close();
    await issuer.stop();
  });

  it('is no reason not to start; it is asked for when it is needed', async () => {
    expect(await app.api.get('/health')).toMatchObject({ status: 200 });
    const answer = await app.api.get(attempt('work').path);
    expect(answer).toFailWith(503, 'unavailable');
    expect(answer.headers.get('retry-after')).toBeTruthy();
    await issuer.restart();
    expect(issuer.requests).toEqual([]);
    expect(await signInBy(app, 'work', 'ada')).toMatchObject({ status: 200 });
  });

  it('loses only those who come back meanwhile', async () => {
    await issuer.restart();
    await signInBy(app, 'work', 'ada');
    const begun = attempt('work', { login_hint: 'ada' });
    const back = (await new Browser().go(app.url + begun.path, `${app.url}/api/auth/providers/work/callback`)) as URL;
    await issuer.stop();
    const end = (await new Browser().go(back.href)) as URL;
    expect(end.searchParams.get('error')).toBe('server_error');
    issuer.rotateKeys();
    await issuer.restart();
    expect(await signInBy(app, 'work', 'ada')).toMatchObject({ status: 200 });
  });

  it('is given up within six seconds when it hangs', async () => {
    await issuer.restart();
    issuer.manners.hangs = /well-known/;
    const start = performance.now();
    expect(await app.api.get(attempt('work').path)).toFailWith(503, 'unavailable');
    expect(performance.now() - start).toBeLessThan(6_000);
    issuer.manners.hangs = /token/;
    const again = performance.now();
    expect(await through(app, 'work', 'ada')).toMatchObject({ error: 'server_error' });
    expect(performance.now() - again).toBeLessThan(7_000);
  }, 30_000);

  it('is discovered once for all who come', async () => {
    await issuer.restart();
    await Promise.all(Array.from({ length: 10 }, () => app.api.get(attempt('work').path)));
    expect(issuer.requests.filter((path) => path.endsWith('openid-configuration'))).toHaveLength(1);
  });

  it('may not say one thing here and another there', async () => {
    await issuer.restart();
    issuer.manners.metadata = { issuer: 'https://evil.example' };
    expect(await app.api.get(attempt('work').path)).toFailWith(503, 'unavailable');
  });
});

describe('GitHub', () => {
  let server: Server;
  let app: TestApp;
  let addresses: unknown;
  let user: unknown;
  let tokenAnswer: unknown;
  const asked: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://127.0.0.1');
      asked.push(`${request.method} ${url.pathname} ${request.headers.accept}`);
      const json = (value: unknown) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      request.resume();
      if (url.pathname === '/login/oauth/access_token') return void json(tokenAnswer);
      if (url.pathname === '/api/v3/user') return void json(user);
      if (url.pathname === '/api/v3/user/emails') return void json(addresses);
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.search = new URLSearchParams({ code: 'gh-code', state: url.searchParams.get('state') ?? '' }).toString();
      response.writeHead(302, { location: back.href }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    app = await startApp({
      OIDC_HUB_TYPE: 'github',
      OIDC_HUB_ISSUER: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      OIDC_HUB_CLIENT_ID: 'userhub',
      OIDC_HUB_CLIENT_SECRET: 'a secret of the issuer',
      OAUTH_REDIRECT_URIS: SIGNED_IN,
    });
  });
  afterAll(async () => {
    await app.close();
    server.close();
    server.closeAllConnections();
  });
  beforeEach(async () => {
    await clean(app);
    tokenAnswer = { access_token: 'gho_x', token_type: 'bearer', scope: 'read:user,user:email' };
    user = {
      id: 583231,
      login: 'ada',
      name: 'Ada Lovelace',
      avatar_url: 'https://avatars.example.com/u/583231',
      email: 'public@example.com',
    };
    addresses = [
      { email: 'old@example.com', primary: false, verified: true },
      { email: 'ada@example.com', primary: true, verified: true },
    ];
  });

  it('is asked for who somebody is, and which address is theirs', async () => {
    const { body } = await signInBy(app, 'hub', 'ada');
    const { body: me } = await app.api.as(body).get('/api/auth/me');
    expect(me).toMatchObject({ email: 'ada@example.com', email_verified: true, username: 'ada', display_name: 'Ada Lovelace', profile_picture_url: 'https://avatars.example.com/u/583231' }); // prettier-ignore
    expect(await app.sql('SELECT subject FROM identities')).toEqual([{ subject: '583231' }]);
    expect(asked.find((line) => line.includes('access_token'))).toContain('application/json');
  });

  it('is believed of a primary address only, and only when it is verified', async () => {
    addresses = [{ email: 'ada@example.com', primary: true, verified: false }, { email: 'old@example.com', primary: false, verified: true }]; // prettier-ignore
    const { body } = await signInBy(app, 'hub', 'ada');
    expect(await isVerified(app, body)).toBe(false);
  });

  it('knows people by their number, not by their name', async () => {
    await signInBy(app, 'hub', 'ada');
    user = { id: 9, login: 'ada' };
    addresses = [{ email: 'other@example.com', primary: true, verified: true }];
    await signInBy(app, 'hub', 'ada');
    expect(await app.sql('SELECT id FROM users')).toHaveLength(2);
  });

  it('says with status 200 that it refuses, which is taken for a no all the same', async () => {
    tokenAnswer = { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' };
    expect(await through(app, 'hub', 'ada')).toMatchObject({ error: 'server_error', code: '' });
  });

  it('is not believed when it names nobody', async () => {
    user = { login: 'ada' };
    expect(await through(app, 'hub', 'ada')).toMatchObject({ error: 'server_error' });
  });
});

describe('Microsoft', () => {
  it('knows each tenant by its own issuer', async () => {
    const common = await StubIssuer.start('/common/v2.0');
    const root = `http://127.0.0.1:${common.port}`;
    common.manners.metadata = {
      issuer: `${root}/{tenantid}/v2.0`,
      authorization_response_iss_parameter_supported: false,
    };
    common.manners.comesBack = ({ code = '', state = '' }) => ({ code, state });
    common.people['ada'] = { sub: 'ada-1', tid: 'tenant-1', iss: `${root}/tenant-1/v2.0`, email: 'ada@example.com' };
    common.people['eve'] = { sub: 'ada-1', tid: 'tenant-2', iss: `${root}/tenant-1/v2.0`, email: 'eve@example.com' };
    const other = await startApp({ OIDC_MICROSOFT_ISSUER: common.url, OIDC_MICROSOFT_CLIENT_ID: 'userhub', OAUTH_REDIRECT_URIS: SIGNED_IN }); // prettier-ignore
    try {
      expect(await signInBy(other, 'microsoft', 'ada')).toMatchObject({ status: 200 });
      expect(await other.sql('SELECT issuer FROM identities')).toEqual([{ issuer: `${root}/tenant-1/v2.0` }]);
      expect(await through(other, 'microsoft', 'eve')).toMatchObject({ error: 'server_error' });
    } finally {
      await other.close();
      await common.stop();
    }
  });
});

it('only so many come and go from one network', async () => {
  const hub = await StubIssuer.start();
  const app = await startApp({ OIDC_GITHUB_ISSUER: hub.url, OIDC_GITHUB_CLIENT_ID: 'userhub', OAUTH_REDIRECT_URIS: SIGNED_IN, THROTTLE: 'on', THROTTLE_PROVIDERS: '2/5m' }); // prettier-ignore
  try {
    const leave = () => app.api.get(attempt('github').path);
    expect([(await leave()).status, (await leave()).status]).toEqual([302, 302]);
    expect(await leave()).toFailWith(429, 'too_many_requests');
    const redeemNothing = () => app.api.form('/api/auth/token', { grant_type: 'authorization_code', code: 'pc_x', code_verifier: 'x', redirect_uri: SIGNED_IN }); // prettier-ignore
    expect([(await redeemNothing()).status, (await redeemNothing()).status]).toEqual([400, 400]);
    expect((await redeemNothing()).status).toBe(429);
  } finally {
    await app.close();
    await hub.stop();
  }
});

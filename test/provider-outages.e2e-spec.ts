import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startApp, type TestApp } from './support/app.js';
import { PASSWORD, person, signIn } from './support/people.js';
import { attempt, redeem, type Returned, SIGNED_IN, signInBy, through } from './support/providers.js';
import { StubIssuer } from './support/stub-issuer.js';

const LIMIT = 6_000;

/** What the work answers, which takes six seconds at most. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const start = performance.now();
  const answer = await work;
  expect(performance.now() - start).toBeLessThan(LIMIT);
  return answer;
}

/** As a browser asks that navigates. */
async function navigate(app: TestApp, path: string) {
  const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  const response = await fetch(app.url + path, { redirect: 'manual', headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe('a provider that goes away after it was discovered', () => {
  let issuer: StubIssuer;
  let other: StubIssuer;
  let app: TestApp;

  beforeAll(async () => {
    [issuer, other] = [await StubIssuer.start(), await StubIssuer.start()];
    for (const { people } of [issuer, other]) people['ada'] = { sub: 'ada-1', email: 'ada@example.com' };
    other.people['bob'] = { sub: 'bob-1', email: 'bob@example.com' };
    app = await startApp({
      OIDC_WORK_ISSUER: issuer.url,
      OIDC_WORK_CLIENT_ID: 'userhub',
      OIDC_OTHER_ISSUER: other.url,
      OIDC_OTHER_CLIENT_ID: 'userhub',
      OAUTH_REDIRECT_URIS: SIGNED_IN,
    });
    await person(app, 'grace');
  });
  afterAll(async () => {
    await app.close();
    await Promise.all([issuer.stop(), other.stop()]);
  });
  beforeEach(async () => {
    issuer.manners = {};
    expect(await signInBy(app, 'work', 'ada')).toMatchObject({ status: 200 });
  });

  const leave = () => app.api.get(attempt('work').path);
  const comeBack = (): Promise<Returned> => through(app, 'work', 'ada');

  it('is answered for with 503, though all is known of it, and sends people off again once it is back', async () => {
    await issuer.stop();
    const answer = await inTime(leave());
    expect(answer).toFailWith(503, 'unavailable');
    expect(answer.body.detail).toBe('Work can’t be reached at the moment. Try again shortly, or sign in another way.');
    expect(answer.headers.get('retry-after')).toBe('5');
    await issuer.restart();
    expect(await leave()).toMatchObject({ status: 302 });
  });

  it('is no hindrance to anybody else', async () => {
    await issuer.stop();
    const begun = leave();
    expect(await signIn(app, 'grace')).toHaveProperty('access_token');
    expect(await signInBy(app, 'other', 'bob')).toMatchObject({ status: 200 });
    expect(await app.api.get('/api/auth/providers')).toMatchObject({ body: { items: [{ name: 'other' }, { name: 'work' }] } }); // prettier-ignore
    expect(await app.api.get('/health/ready')).toMatchObject({ status: 200 });
    await begun;
    await issuer.restart();
  });

  it('is a page with a way back for a browser that goes there', async () => {
    await issuer.stop();
    const answer = await inTime(navigate(app, attempt('work').path));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(answer.text).toContain('Work can’t be reached at the moment.');
    expect(answer.text).toContain('<a href="http://127.0.0.1:5173/">Back to 127.0.0.1:5173</a>');
    await issuer.restart();
  });

  it.each([
    ['token', 'hangs'],
    ['userinfo', 'hangs'],
    ['jwks', 'hangs'],
    ['token', 'drips'],
  ] as const)(
    'leads back with an error where its %s endpoint %s',
    async (endpoint, manner) => {
      issuer.people['ada'] = { sub: 'ada-1' }; // so that userinfo is asked
      issuer.rotateKeys(); // so that its keys are
      const userinfo = { sub: 'ada-1', email: 'ada@example.com' };
      issuer.manners = { userinfo, [manner]: new RegExp(`/${endpoint}$`) };
      expect(await inTime(comeBack())).toMatchObject({ error: 'server_error', code: '' });
      issuer.manners = { userinfo };
      expect(await signInBy(app, 'work', 'ada')).toMatchObject({ status: 200 });
      issuer.people['ada'] = { sub: 'ada-1', email: 'ada@example.com' };
    },
    15_000,
  );

  it('is asked anew after somebody came back in vain: 503 while it hangs', async () => {
    issuer.manners.hangs = /./;
    const begun = attempt('work', { login_hint: 'ada' });
    const there = await app.api.get(begun.path); // it still takes connections
    expect(there.status).toBe(302);
    const state = new URL(there.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const query = new URLSearchParams({ code: 'x', state, iss: issuer.url }).toString();
    const back = await inTime(app.api.get(`/api/auth/providers/work/callback?${query}`));
    expect(new URL(back.headers.get('location') ?? '').searchParams.get('error')).toBe('server_error');
    expect(await inTime(leave())).toFailWith(503, 'unavailable');
    issuer.manners = {};
    expect(await leave()).toMatchObject({ status: 302 });
  }, 30_000);

  it('is told apart in the log from one that lies', async () => {
    const eventsOf = () => app.logs.map(({ event }) => event).filter((event) => String(event).startsWith('provider_'));
    const before = eventsOf().length;
    issuer.manners.forges = true;
    await comeBack();
    issuer.manners = { hangs: /token/ };
    await comeBack();
    expect(eventsOf().slice(before)).toEqual(['provider_failed', 'provider_unreachable']);
  }, 15_000);
});

describe('a page for who gets lost on the way', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({
      OIDC_WORK_ISSUER: 'http://127.0.0.1:9',
      OIDC_WORK_CLIENT_ID: 'userhub',
      APP_URL: 'https://app.example.com/app',
      OAUTH_REDIRECT_URIS: `${SIGNED_IN},com.example.app:/signed-in`,
    });
  });
  afterAll(() => app.close());

  it.each([
    ['came back too late', '/api/auth/providers/work/callback?code=x&state=x', 400],
    ['goes to a provider that is not set up', '/api/auth/providers/google/authorize', 404],
    ['is to be sent elsewhere', attempt('work', { redirect_uri: 'https://evil.example/' }).path, 422],
    ['comes from an app', attempt('work', { redirect_uri: 'com.example.app:/signed-in' }).path, 503],
  ])('leads whoever %s to our front end, and nowhere else', async (_, path, status) => {
    const answer = await navigate(app, path);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain('Signing in did not work');
    expect(answer.text.match(/href="[^"]*"/g) ?? []).toEqual(
      status === 503 ? [] : ['href="https://app.example.com/app"'],
    );
  });

  it('is the same problem as ever for programs', async () => {
    expect(await app.api.get('/api/auth/providers/work/callback?code=x&state=x')).toFailWith(400, 'sign_in_expired');
  });
});

describe('a GitHub that goes away', () => {
  let server: Server | undefined;
  let app: TestApp;
  let port = 0;
  let hangs: RegExp | undefined;

  /** One that knows Ada. */
  async function listen(): Promise<void> {
    const one = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://127.0.0.1');
      request.resume();
      if (hangs?.test(url.pathname)) return;
      if (url.pathname === '/login/oauth/authorize') {
        const query = new URLSearchParams({ code: 'gh-code', state: url.searchParams.get('state') ?? '' }).toString();
        return void response.writeHead(302, { location: `${url.searchParams.get('redirect_uri')}?${query}` }).end();
      }
      const said: Record<string, unknown> = {
        '/login/oauth/access_token': { access_token: 'gho_x', token_type: 'bearer' },
        '/api/v3/user': { id: 583231, login: 'ada' },
        '/api/v3/user/emails': [{ email: 'ada@example.com', primary: true, verified: true }],
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said[url.pathname] ?? {}));
    });
    await once(one.listen(port, '127.0.0.1'), 'listening');
    port = (one.address() as AddressInfo).port;
    server = one;
  }
  const stop = () =>
    new Promise<void>((stopped) => {
      server?.close(() => stopped());
      server?.closeAllConnections();
    });

  beforeAll(async () => {
    await listen();
    app = await startApp({
      OIDC_GITHUB_ISSUER: `http://127.0.0.1:${port}`,
      OIDC_GITHUB_CLIENT_ID: 'userhub',
      OIDC_GITHUB_CLIENT_SECRET: 'a secret of the issuer',
      OAUTH_REDIRECT_URIS: SIGNED_IN,
    });
  });
  afterAll(async () => {
    await app.close();
    await stop();
  });
  beforeEach(() => (hangs = undefined));

  it('is answered for with 503, and sends people off again once it is back', async () => {
    expect(await signInBy(app, 'github', 'ada')).toMatchObject({ status: 200 });
    await stop();
    const answer = await inTime(app.api.get(attempt('github').path));
    expect(answer).toFailWith(503, 'unavailable');
    expect(answer.body.detail).toMatch(/^GitHub can’t be reached/);
    await app.api.post('/api/auth/register', { email: 'bob@example.com', username: 'bob', password: PASSWORD });
    expect(await signIn(app, 'bob')).toHaveProperty('access_token');
    await listen();
    expect(await signInBy(app, 'github', 'ada')).toMatchObject({ status: 200 });
  });

  it.each([/access_token$/, /emails$/])(
    'leads back with an error where %s never answers',
    async (path) => {
      hangs = path;
      expect(await inTime(through(app, 'github', 'ada'))).toMatchObject({ error: 'server_error', code: '' });
      hangs = undefined;
      const returned = await through(app, 'github', 'ada');
      expect(await redeem(app.api, returned)).toMatchObject({ status: 200 });
    },
    15_000,
  );

  it('is asked whether it is there after somebody came back in vain: 503 while it hangs', async () => {
    hangs = /access_token|api/;
    expect(await inTime(through(app, 'github', 'ada'))).toMatchObject({ error: 'server_error' });
    expect(await inTime(app.api.get(attempt('github').path))).toFailWith(503, 'unavailable');
    hangs = undefined;
    expect(await app.api.get(attempt('github').path)).toMatchObject({ status: 302 });
  }, 20_000);
});

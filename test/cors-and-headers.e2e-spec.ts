import type { Answer } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { person, signIn } from './support/people.js';
import { exchange, head } from './support/wire.js';

const FRIEND = 'https://app.example.com';

describe('CORS', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ CORS_ORIGINS: `${FRIEND}, http://localhost:3000` });
  });
  afterAll(() => app.close());

  // fetch keeps some of these headers to itself, so they go over a bare socket
  const call = (line: string, ...headers: string[]) => exchange(app.url, head(line, ...headers));
  const preflight = (origin: string, path = '/api/users', method = 'PATCH') =>
    call(`OPTIONS ${path}`, `Origin: ${origin}`, `Access-Control-Request-Method: ${method}`, 'Access-Control-Request-Headers: authorization, content-type, if-match'); // prettier-ignore
  const allowed = ({ headers }: Answer) => headers.get('access-control-allow-origin');
  const listOf = (text: string | null) => (text ?? '').split(/,\s*/).map((item) => item.toLowerCase());

  it('echoes an allowed origin exactly', async () => {
    for (const origin of [FRIEND, 'http://localhost:3000']) {
      const answer = await call('GET /health/live', `Origin: ${origin}`);
      expect(allowed(answer)).toBe(origin);
      expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
      expect(listOf(answer.headers.get('vary'))).toContain('origin');
    }
  });

  it('lets it read what a client needs', async () => {
    const answer = await call('GET /health/live', `Origin: ${FRIEND}`);
    const exposed = listOf(answer.headers.get('access-control-expose-headers'));
    expect(exposed).toEqual(
      expect.arrayContaining(['etag', 'link', 'location', 'retry-after', 'www-authenticate', 'x-request-id']),
    );
  });

  it.each([
    'https://evil.example',
    'https://app.example.com.evil.example',
    'https://app.example.com:8443',
    'http://app.example.com',
    'https://APP.example.com.',
    'null',
    '*',
    'https://app.example.co',
    'https://xapp.example.com',
    `${FRIEND}/`,
    `${FRIEND}, https://evil.example`,
  ])('gives nothing to %s', async (origin) => {
    for (const answer of [await call('GET /health/live', `Origin: ${origin}`), await preflight(origin)]) {
      expect(allowed(answer)).toBeNull();
      expect(listOf(answer.headers.get('vary'))).toContain('origin'); // a cache must not mix this up with a friend's
    }
  });

  it('answers a preflight request without a token', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await preflight(FRIEND, '/api/users/x', method);
      expect(answer.status).toBe(204);
      expect(allowed(answer)).toBe(FRIEND);
      expect(listOf(answer.headers.get('access-control-allow-methods'))).toContain(method.toLowerCase());
      const accepted = listOf(answer.headers.get('access-control-allow-headers'));
      expect(accepted).toEqual(expect.arrayContaining(['authorization', 'content-type', 'if-match']));
    }
  });

  it('goes with errors as well, so that front ends can read them', async () => {
    for (const line of ['GET /api/auth/me', 'GET /api/nope', 'PUT /api/users', 'GET /api/users?q=%00']) {
      expect(allowed(await call(line, `Origin: ${FRIEND}`))).toBe(FRIEND);
    }
  });

  it('without CORS_ORIGINS lets the usual development servers in', async () => {
    const development = await startApp();
    const { headers } = await exchange(development.url, head('GET /health/live', 'Origin: http://localhost:5173'));
    expect(headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
    await development.close();
  });
});

describe('headers', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await person(app, 'ada');
  });
  afterAll(() => app.close());

  const answers = async () => {
    const me = app.api.as(await signIn(app, 'ada'));
    return Promise.all([
      me.get('/api/auth/me'),
      me.get('/api/users'),
      app.api.get('/api/auth/me'),
      app.api.get('/api/nope'),
      app.api.post('/api/auth/login', { username: 'ada', password: 'wrong horse' }),
      app.api.get('/health'),
      app.api.get('/docs'),
      app.api.get('/docs/start.js'),
    ]);
  };

  it('every answer says how browsers must treat it', async () => {
    for (const { headers } of await answers()) {
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-frame-options')).toMatch(/deny/i);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
    }
  });

  it('no answer says what made it', async () => {
    for (const { headers } of await answers()) {
      expect([headers.get('server'), headers.get('x-powered-by')]).toEqual([null, null]);
    }
  });

  it('no two answers have the same request id', async () => {
    const ids = (await answers()).map(({ headers }) => headers.get('x-request-id'));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('insists on TLS in production only', async () => {
    expect((await app.api.get('/health')).headers.get('strict-transport-security')).toBeNull();
    const production = await app.replica({ NODE_ENV: 'production', SHUTDOWN_DELAY_SECONDS: '0' });
    const { headers } = await production.api.get('/health');
    expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d{7,}/);
    await production.close();
  });
});

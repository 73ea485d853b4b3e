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

  it.each(['traceparent', 'tracestate', 'baggage', 'sentry-trace'])('lets tracing send %s', async (name) => {
    const { headers } = await preflight(FRIEND);
    expect(listOf(headers.get('access-control-allow-headers'))).toContain(name);
  });

  it('in development lets any port of this machine in, whatever CORS_ORIGINS says', async () => {
    for (const origin of [
      'http://localhost:5173',
      'http://localhost:4321',
      'http://127.0.0.1:3001',
      'http://[::1]:8080',
      'https://localhost',
    ]) {
      // prettier-ignore
      expect(allowed(await call('GET /health/live', `Origin: ${origin}`))).toBe(origin);
    }
    for (const origin of ['http://localhost.evil.example:5173', 'http://192.168.0.2:5173']) {
      expect(allowed(await call('GET /health/live', `Origin: ${origin}`))).toBeNull();
    }
  });

  it('in production lets nobody in but who is listed, apps too', async () => {
    const production = await app.replica({ NODE_ENV: 'production', SHUTDOWN_DELAY_SECONDS: '0', CORS_ORIGINS: 'capacitor://localhost' }); // prettier-ignore
    const ask = (origin: string) => exchange(production.url, head('GET /health/live', `Origin: ${origin}`));
    expect(allowed(await ask('capacitor://localhost'))).toBe('capacitor://localhost');
    expect(allowed(await ask('http://localhost:5173'))).toBeNull();
    await production.close();
  });

  it('says in the log whom it refused, once for each, and nothing of those on the same origin', async () => {
    const other = await app.replica({});
    const ask = (origin: string, ...headers: string[]) => exchange(other.url, head('GET /health/live', `Origin: ${origin}`, ...headers)); // prettier-ignore
    for (const origin of ['https://a.example', 'https://a.example', 'https://b.example', 'http://localhost:3000']) await ask(origin); // prettier-ignore
    await ask('https://userhub.test'); // the Host that is sent along
    await ask(`https://${'long'.repeat(500)}.example`);
    const lines = other.logs.filter(({ event }) => event === 'origin_refused');
    expect(lines.map(({ origin }) => String(origin).slice(0, 20))).toEqual(['https://a.example', 'https://b.example', 'https://longlonglong']); // prettier-ignore
    expect(lines.every((line) => JSON.stringify(line).length < 500 && String(line['msg']).includes('CORS_ORIGINS'))).toBe(true); // prettier-ignore
    await other.close();
  });

  it('writes no more than a bounded number of such lines', async () => {
    const other = await app.replica({});
    for (let n = 0; n < 150; n++) await exchange(other.url, head('GET /health/live', `Origin: https://a${n}.example`));
    expect(other.logs.filter(({ event }) => event === 'origin_refused')).toHaveLength(100);
    await other.close();
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

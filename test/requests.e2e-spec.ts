import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';
import { routesOf } from './support/routes.js';
import { exchange, head } from './support/wire.js';

const FRIEND = 'https://app.example.com';

/** What clients send that front ends in a browser don't. */
describe('requests as clients really send them', () => {
  let app: TestApp;
  let ada: Person;
  let root: Person;

  beforeAll(async () => {
    app = await startApp({ CORS_ORIGINS: FRIEND, TRUST_PROXY: '127.0.0.1, 10.0.0.0/8' });
    [ada, root] = [await person(app, 'ada'), await admin(app)];
  });
  afterAll(() => app.close());
  afterEach(() => expect(app.logs.filter(({ event }) => event === 'internal_error')).toEqual([]));

  const bearer = ({ tokens }: Person) => `Authorization: Bearer ${tokens.access_token}`;
  const wire = (line: string, ...headers: string[]) => exchange(app.url, head(line, ...headers));

  describe('an empty body', () => {
    const TYPES = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json',
      'application/xml',
      'nonsense',
      ';;',
    ];

    it.each(TYPES)('is no body, though it is declared as %s', async (type) => {
      const { body: post } = await ada.api.post('/api/posts', { content: 'Hello' });
      const declared = ['Content-Length: 0', `Content-Type: ${type}`];
      expect((await wire(`PUT /api/posts/${post.id}/like`, bearer(ada), ...declared)).status).toBe(204);
      expect((await wire(`DELETE /api/posts/${post.id}/like`, bearer(ada), ...declared)).status).toBe(204);
      expect((await wire(`POST /api/users/${ada.id}/restore`, bearer(root), ...declared)).status).toBe(200);
      expect((await wire(`DELETE /api/posts/${post.id}`, bearer(ada), `Content-Type: ${type}`)).status).toBe(204);
      const bob = await person(app, `bob${TYPES.indexOf(type)}`);
      expect((await wire('POST /api/auth/logout', bearer(bob), ...declared)).status).toBe(204);
      expect(await wire('POST /api/auth/register', ...declared)).toFailWith(422, 'validation_failed');
    });

    it.each(TYPES.slice(0, 4))('is none in no chunks either, as %s', async (type) => {
      const request = head(`POST /api/users/${ada.id}/restore`, bearer(root), 'Transfer-Encoding: chunked', `Content-Type: ${type}`); // prettier-ignore
      expect((await exchange(app.url, `${request}0\r\n\r\n`)).status).toBe(200);
    });

    it('but one of a single byte is a body', async () => {
      const typed = ['Transfer-Encoding: chunked', 'Content-Type: text/plain'];
      const request = head(`POST /api/users/${ada.id}/restore`, bearer(root), ...typed);
      expect(await exchange(app.url, `${request}1\r\nx\r\n0\r\n\r\n`)).toFailWith(415, 'unsupported_media_type');
    });
  });

  describe('a content coding', () => {
    it.each(['gzip', 'br', 'deflate, gzip', 'nonsense'])('%s is 415: nobody undoes it', async (coding) => {
      const headers = { 'content-type': 'application/json', 'content-encoding': coding };
      const answer = await app.api.send('POST', '/api/auth/register', undefined, { raw: '{}', headers });
      expect(answer).toFailWith(415, 'unsupported_media_type');
    });

    it('"identity" is none, and that of an empty body is nobody’s business', async () => {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'Identity' };
      const answer = await app.api.send('POST', '/api/auth/register', undefined, { raw: '{}', headers });
      expect(answer).toFailWith(422, 'validation_failed');
      const restore = head(
        `POST /api/users/${ada.id}/restore`,
        bearer(root),
        'Content-Length: 0',
        'Content-Encoding: gzip',
      );
      expect((await exchange(app.url, restore)).status).toBe(200);
    });
  });

  it('an upload that is given up is no failure of the database', async () => {
    const { port } = new URL(app.url);
    const before = app.logs.length;
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      head('POST /api/auth/register', 'Content-Type: application/json', 'Content-Length: 1000') + '{"email":',
    );
    await sleep(100);
    socket.destroy();
    await sleep(300);
    const lines = app.logs.slice(before);
    expect(lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  describe('OPTIONS', () => {
    it.each([
      ['/api/users', 'GET, HEAD, POST, OPTIONS'],
      ['/api/auth/login', 'POST, OPTIONS'],
      ['/api/auth/login/', 'POST, OPTIONS'],
      ['/health', 'GET, HEAD, OPTIONS'],
    ])('of %s is 204 and says what it takes', async (path, allow) => {
      for (const origin of [[], [`Origin: ${FRIEND}`], ['Origin: https://evil.example']]) {
        const answer = await wire(`OPTIONS ${path}`, ...origin);
        expect(answer.status).toBe(204);
        expect(answer.headers.get('allow')).toBe(allow);
        expect(answer.headers.get('x-request-id')).toBeTruthy();
      }
    });

    it('of every route is 204', async () => {
      const id = ada.id;
      for (const route of routesOf(app)) {
        const path = (route.split(' ')[1] ?? '').replace(/:\w+/g, id);
        expect(`${path} ${(await wire(`OPTIONS ${path}`)).status}`).toBe(`${path} 204`);
      }
    });

    it('of what is no path is 404', async () => {
      expect(await wire('OPTIONS /api/nope')).toFailWith(404, 'not_found');
      expect(await wire('OPTIONS /api/users/%ED%A0%80/x')).toFailWith(400, 'malformed_request');
      expect((await wire('OPTIONS /api/users?q=%00')).status).toBe(204);
      for (const line of ['OPTIONS *', 'GET *?ada@example.com']) {
        const answer = await wire(line);
        expect(answer).toFailWith(404, 'not_found');
        expect(answer.text).not.toContain('ada');
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      }
    });
  });

  describe('the absolute form of an address', () => {
    it('gives Link nothing but the path', async () => {
      const answer = await wire('GET http://evil.example/api/users?limit=1', bearer(ada));
      expect(answer.status).toBe(200);
      expect(answer.headers.get('link')).toBe('</api/users?limit=1&skip=1>; rel="next"');
    });

    it('is told what it may do, as the other one is', async () => {
      const answer = await wire('DELETE http://evil.example/api/users', bearer(ada));
      expect(answer).toFailWith(405, 'method_not_allowed');
      expect(app.logs.filter(({ msg }) => msg === 'request').at(-1)).toMatchObject({ path: '/api/users' });
    });
  });

  it('Link holds the route’s own path, however the request wrote it', async () => {
    const { headers } = await ada.api.get('/api/%75sers/?limit=1&q=a%20b&q2', {});
    expect(headers.get('link')).toBeNull(); // an unknown key
    const encoded = await ada.api.get('/api/%75sers/?limit=1');
    expect(encoded.headers.get('link')).toBe('</api/users?limit=1&skip=1>; rel="next"');
  });

  it('every route takes a slash behind its path, and every answer has a request id', async () => {
    for (const route of routesOf(app).filter((one) => !one.includes('/admin'))) {
      const [method = '', shape = ''] = route.split(' ');
      const path = shape.replace(/:file/, 'start.js').replace(/:username/, 'ada').replace(/:email/, ada.email).replace(/:\w+/g, ada.id); // prettier-ignore
      const [plain, slashed] = [await app.api.send(method, path), await app.api.send(method, `${path}/`)];
      expect(`${route} ${slashed.status}`).toBe(`${route} ${plain.status}`);
      expect(slashed.headers.get('x-request-id')).toMatch(/^[\w.-]{1,64}$/);
    }
  });

  describe('HEAD', () => {
    it('answers as GET does on every route, without the body', async () => {
      for (const route of routesOf(app).filter((one) => one.startsWith('GET '))) {
        const path = (route.split(' ')[1] ?? '').replace(/:file/, 'start.js').replace(/:username/, 'ada').replace(/:email/, ada.email).replace(/:\w+/g, ada.id); // prettier-ignore
        const [get, only] = [await ada.api.get(path), await ada.api.head(path)];
        expect(`${path} ${only.status}`).toBe(`${path} ${get.status}`);
        expect(only.text).toBe('');
      }
    });

    it('has no body, even when it is too large to be read', async () => {
      const answer = await wire(`HEAD /health?${'x'.repeat(17_000)}`);
      expect(answer).toMatchObject({ status: 431, text: '' });
      expect(answer.headers.get('x-request-id')).toBeTruthy();
    });

    it('with an If-None-Match that matches is 304, wherever there is an ETag', async () => {
      const { body: post } = await ada.api.post('/api/posts', { content: 'Hello' });
      const { body: task } = await ada.api.post(`/api/users/${ada.id}/tasks`, { title: 'Water the plants' });
      const paths = [`users/${ada.id}`, 'users/username/ada', `users/email/${ada.email}`, 'auth/me', `posts/${post.id}`, `users/${ada.id}/tasks/${task.id}`]; // prettier-ignore
      for (const path of paths) {
        const etag = (await ada.api.get(`/api/${path}`)).headers.get('etag') ?? '';
        expect(etag).toMatch(/^"/);
        for (const method of ['HEAD', 'GET']) {
          const answer = await ada.api.send(method, `/api/${path}`, undefined, { headers: { 'if-none-match': etag } });
          expect(answer).toMatchObject({ status: 304, text: '' });
          expect(answer.headers.get('etag')).toBe(etag);
        }
      }
    });
  });

  describe('where a request comes from', () => {
    it.each([
      ['203.0.113.9', '203.0.113.9'],
      ['203.0.113.9:4711', '203.0.113.9'],
      ['[2001:db8::9]:443', '2001:db8::9'],
      ['[2001:DB8::9]', '2001:db8::9'],
      ['fe80::1%eth0', 'fe80::1'],
      ['::ffff:203.0.113.9', '203.0.113.9'],
      ['::ffff:cb00:7109', '203.0.113.9'],
      ['unknown', '127.0.0.1'],
      ['_hidden', '127.0.0.1'],
      ['203.0.113.9, 10.1.2.3:8080', '203.0.113.9'],
      ['6.6.6.6, 203.0.113.9:1, [::ffff:10.1.2.3]:2', '203.0.113.9'],
      ['203.0.113.9, unknown, 10.1.2.3', '10.1.2.3'],
    ])('%s is the address %s, in sessions, events and the log', async (forwarded, ip) => {
      const from = app.api.with({ 'x-forwarded-for': forwarded });
      const { body: tokens } = await from.post('/api/auth/login', { username: 'ada', password: PASSWORD });
      const me = from.as(tokens);
      const { body: sessions } = await me.get('/api/auth/sessions');
      const current = (sessions.items as { current: boolean; ip: string }[]).find((session) => session.current);
      expect(current?.ip).toBe(ip);
      const { body: events } = await me.get('/api/auth/events?action=login&limit=1');
      expect(events.items[0].ip).toBe(ip);
      expect(app.logs.filter(({ msg }) => msg === 'request').at(-1)).toMatchObject({ ip });
    });
  });

  it('no e-mail address stands in the log’s paths', async () => {
    for (const email of [
      'ada@example.com',
      'ada%40example.com',
      'ada%2540example.com',
      'ada%EF%B9%ABexample.com',
      'ada%25EF%25BC%25A0example.com',
      'ada%2540example.com',
      'ada%EF%BC%A0example.com',
      'x y@z',
    ]) {
      for (const path of [`/api/users/email/${email}`, `/api/users/email/${email}/`, `/api/nope/${email}/x`]) {
        await ada.api.get(path);
      }
    }
    const paths = app.logs.flatMap(({ path }) => (typeof path === 'string' ? path : []));
    expect(paths).toContain('/api/users/email/:email');
    expect(paths.filter((path) => /example|@|%40/i.test(path))).toEqual([]);
  });

  describe('a username with a blank around it', () => {
    it.each([' ada', 'ada ', '\tada\n', ' ADA@example.com '])('%j signs in', async (username) => {
      expect(await app.api.post('/api/auth/login', { username, password: PASSWORD })).toMatchObject({ status: 200 });
      expect(await app.api.form('/api/auth/token', { username, password: PASSWORD })).toMatchObject({ status: 200 });
    });

    it('is found', async () => {
      expect(await ada.api.get('/api/users/username/%20ada%20')).toMatchObject({ status: 200, body: { id: ada.id } });
      expect(await root.api.get('/api/users/username/Ada%20')).toMatchObject({ status: 200, body: { id: ada.id } });
    });
  });
});

import { loadSettings } from '../src/config/settings.js';
import { createLogger } from '../src/logging/logging.js';
import { SECRET, startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, signIn } from './support/people.js';
import { exchange, head } from './support/wire.js';

type Line = Record<string, unknown>;

describe('the log', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close()); // which looks for secrets in all of it
  beforeEach(async () => {
    await app.sql('TRUNCATE users CASCADE');
    app.logs.length = 0;
  });

  const responses = (): Line[] => app.logs.filter(({ msg }) => msg === 'request');
  const events = (): Line[] => app.logs.filter(({ context, event }) => context === 'Security' && event);

  describe('one line a response', () => {
    it('says who asked for what, from where, and what came of it', async () => {
      const ada = await person(app, 'ada');
      app.logs.length = 0;
      await ada.api.get('/api/users?q=something%20private', { headers: { 'x-request-id': 'mine' } });
      expect(responses()).toEqual([
        {
          level: 'info',
          time: expect.anything() as unknown,
          msg: 'request',
          request_id: 'mine',
          method: 'GET',
          path: '/api/users',
          status: 200,
          duration_ms: expect.any(Number) as number,
          ip: '127.0.0.1',
          user_id: ada.id,
        },
      ]);
      expect(JSON.stringify(app.logs)).not.toContain('private');
    });

    it.each([
      ['a refusal', 'GET', '/api/auth/me', 401],
      ['a path that is none', 'GET', '/nope', 404],
      ['a wrong method', 'PUT', '/api/users', 405],
      ['a malformed path', 'GET', '/api/users/username/%zz', 400],
    ])('%s has one too', async (_, method, path, status) => {
      await app.api.send(method, path);
      expect(responses()).toEqual([
        expect.objectContaining({ method, path, status, request_id: expect.any(String) as string }),
      ]);
    });

    it('a broken body has one too', async () => {
      await app.api.send('POST', '/api/auth/login', undefined, {
        raw: '{',
        headers: { 'content-type': 'application/json' },
      });
      expect(responses()).toHaveLength(1);
    });

    it('stays one bounded line whatever is in the address', async () => {
      await exchange(app.url, head(`GET /a%0d%0a%1b[31mred${'x'.repeat(10_000)}`));
      expect(responses()).toHaveLength(1);
      expect(JSON.stringify(responses()[0])).toHaveLength(
        JSON.stringify(responses()[0]).replace(/[\r\n\u001b]/g, '').length,
      );
      expect(JSON.stringify(responses()[0]).length).toBeLessThan(1_000);
    });
  });

  describe('security events', () => {
    it('tell who did what, when and from where', async () => {
      const ada = await person(app, 'ada');
      const agent = { headers: { 'user-agent': 'a browser', 'x-request-id': 'the-request' } };
      app.logs.length = 0;
      await app.api.post('/api/auth/login', { username: 'ada', password: PASSWORD }, agent);
      expect(events()).toEqual([
        expect.objectContaining({
          event: 'login',
          outcome: 'success',
          level: 'info',
          actor_id: ada.id,
          user_id: ada.id,
          ip: '127.0.0.1',
          user_agent: 'a browser',
          request_id: 'the-request',
          time: expect.anything() as unknown,
        }),
      ]);
    });

    it('are there for everything that matters', async () => {
      const [ada, root] = [await person(app, 'ada'), await admin(app)];
      const at = `/api/users/${ada.id}`;
      await app.api.post('/api/auth/login', { username: 'ada', password: 'wrong horse' });
      await app.api.post('/api/auth/login', { username: 'nobody', password: 'wrong horse' });
      await ada.api.put('/api/auth/password', { current_password: PASSWORD, new_password: 'a better horse battery' });
      await ada.api.patch(at, { email: 'countess@example.com', current_password: 'a better horse battery' });
      await root.api.patch(at, { role: 'admin' });
      await root.api.patch(at, { role: 'user' });
      await root.api.patch(at, { is_active: false });
      await root.api.patch(at, { is_active: true });
      await root.api.delete(`${at}/sessions`);
      await root.api.delete(`${at}/throttle`);
      await root.api.delete(at);
      await root.api.post(`${at}/restore`);
      await root.api.delete(`${at}?purge=true`);
      await app.api.post('/api/auth/logout', { refresh_token: (await signIn(app, 'root')).refresh_token });
      const told = events().map(({ event, outcome }) => `${String(event)} ${String(outcome)}`);
      expect(told).toEqual([
        'register success',
        'login success',
        'user_created success',
        'login success',
        'login failure',
        'login failure',
        'password_changed success',
        'email_changed success',
        'role_changed success',
        'role_changed success',
        'user_deactivated success',
        'user_activated success',
        'sessions_ended success',
        'throttle_cleared success',
        'user_deleted success',
        'user_restored success',
        'user_purged success',
        'login success',
        'logout success',
      ]);
    });

    it.each([
      ['tabs', 'a\tb', 'a?b'],
      ['controls of eight bits', 'a\x80\x9b31mred\x9f', 'a??31mred?'],
      ['12,000 characters', 'x'.repeat(12_000), 'x'.repeat(256)],
      ['letters of other alphabets', 'caf\u00e9', 'caf\u00e9'],
    ])('stay one bounded line with %s in the user agent', async (_, agent, cleaned) => {
      const body = JSON.stringify({ username: 'nobody', password: 'wrong horse' });
      const headers = ['Content-Type: application/json', `Content-Length: ${body.length}`, `User-Agent: ${agent}`];
      await exchange(app.url, Buffer.from(head('POST /api/auth/login', ...headers) + body, 'latin1'));
      expect(events()).toEqual([expect.objectContaining({ event: 'login', outcome: 'failure', user_agent: cleaned })]);
      for (const line of app.logs.map((entry) => JSON.stringify(entry))) expect(line.length).toBeLessThan(2_000);
    });

    it('never hold what was typed for a name or a password', async () => {
      await app.api.post('/api/auth/login', { username: 'my-secret-by-mistake', password: 'wrong horse' });
      await app.api.post('/api/auth/register', { email: 'typo', username: 'my-secret-by-mistake', password: 'horse' });
      expect(JSON.stringify(app.logs)).not.toContain('by-mistake');
    });
  });

  describe('a failure of the database', () => {
    it('is told by its code, without the values in it', async () => {
      await person(app, 'ada');
      app.logs.length = 0;
      await app.sql('ALTER TABLE audit_events ADD CONSTRAINT no_more CHECK (false) NOT VALID'); // its detail is the row
      try {
        const eve = { email: 'eve@example.com', username: 'eve', password: PASSWORD };
        await app.api.post('/api/auth/register', eve);
        await app.api.post('/api/auth/login', { username: 'ada@example.com', password: 'wrong horse' });
      } finally {
        await app.sql('ALTER TABLE audit_events DROP CONSTRAINT no_more');
      }
      const text = JSON.stringify(app.logs);
      expect(text).toContain('internal_error'); // what is changed is changed with its event, or not at all
      expect(text).toContain('audit_write_failed'); // what changes nothing is answered all the same
      expect(text).not.toContain('Failing row');
      expect(text).not.toMatch(/(?:eve|ada)@example\.com|\$2b\$/);
    });
  });

  describe('LOG_LEVEL', () => {
    it('is heeded', async () => {
      for (const LOG_LEVEL of ['warn', 'debug']) {
        const settings = loadSettings({ DATABASE_URL: app.database.url, JWT_SECRET_KEY: SECRET, LOG_LEVEL });
        expect((await createLogger(settings)).level).toBe(LOG_LEVEL);
      }
    });
  });

  describe('DEBUG=true', () => {
    it('shows SQL without its parameters', async () => {
      const talkative = await startApp({ DEBUG: 'true' });
      const ada = await person(talkative, 'ada');
      await ada.api.get('/api/users?q=sesame');
      const sql = talkative.logs.filter(({ context }) => context === 'SQL').map(({ msg }) => String(msg));
      expect(sql.some((text) => /^SELECT .* FROM users/.test(text))).toBe(true);
      expect(sql.some((text) => /^INSERT INTO/i.test(text))).toBe(true);
      expect(sql.join()).not.toMatch(/sesame|ada@example\.com|\n/);
      await talkative.close();
    });
  });
});

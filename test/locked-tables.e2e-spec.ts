import { setTimeout as delay } from 'node:timers/promises';
import { seconds } from '../src/config/durations.js';
import type { Answer } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { expectWithin, timed } from './support/noise.js';
import { admin, person, type Person } from './support/people.js';
import { holding } from './support/trouble.js';

const HELD = seconds(10);
const AT_ONCE = 5;
const REFUSED_WITHIN = seconds(3);
/** What the guards ask about. */
const GUARD = ['users', 'sessions', 'access_tokens'];

/** A table that is locked, as by a migration or a `VACUUM FULL`: whoever doesn't need it goes on. */
describe('with a table locked', () => {
  let app: TestApp;
  let ada: Person, bob: Person, root: Person;
  let byToken: (path: string) => Promise<Answer>;
  let post: string;

  beforeAll(async () => {
    app = await startApp({ THROTTLE: 'on', DB_POOL_MAX: '10' });
    [ada, bob, root] = await Promise.all([person(app, 'ada'), person(app, 'bob'), admin(app)]);
    await app.sql('UPDATE users SET email_verified_at = now()');
    const { body: made } = await ada.api.post('/api/posts', { content: 'Hello' });
    post = made.id;
    const { body } = await ada.api.post('/api/auth/tokens', { name: 'script', scopes: ['users:read'], expires_in_days: 1 }); // prettier-ignore
    byToken = (path) => app.api.as({ access_token: body.token }).get(path);
  });
  afterAll(() => app.close());

  describe('mail_challenges, for 10 s', () => {
    /** What shows no address that somebody is changing to. */
    const others = (): Promise<Answer>[] => [
      ada.api.get(`/api/users/${bob.id}`),
      ada.api.get('/api/users/username/bob'),
      ada.api.get('/api/users?q=bo'),
      ada.api.get('/api/auth/sessions'),
      ada.api.get('/api/auth/events'),
      ada.api.get('/api/posts'),
      ada.api.post('/api/posts', { content: 'Hello' }),
      ada.api.put(`/api/posts/${post}/like`),
      ada.api.get(`/api/users/${ada.id}/tasks`),
      byToken(`/api/users/${bob.id}`),
      app.api.post('/api/auth/refresh', { refresh_token: bob.tokens.refresh_token }),
    ];
    /** Hashing gets what processor time is left, so that nothing can be said of how long it takes. */
    const signIn = () => app.api.post('/api/auth/login', { username: 'bob', password: bob.password });
    /** What shows it, to oneself and to admins. */
    const shown = (): Promise<Answer>[] => [
      ada.api.get('/api/auth/me'),
      byToken('/api/auth/me'),
      ada.api.get(`/api/users/${ada.id}`),
      ada.api.get('/api/users?q=ad'),
      ada.api.patch(`/api/users/${ada.id}`, { display_name: 'Ada' }),
      root.api.get(`/api/users/${bob.id}`),
      root.api.get('/api/users/email/bob@example.com'),
      root.api.get('/api/users'),
    ];

    it('who needs no pending address goes on, and the others get 503 within 3 s', async () => {
      for (const answer of await Promise.all([...others(), ...shown()])) expect(answer.status).toBeLessThan(300);
      const lock = await holding(app, 'LOCK TABLE mail_challenges IN ACCESS EXCLUSIVE MODE');
      const until = Date.now() + HELD;
      const refused = async () => {
        while (Date.now() < until - seconds(3)) {
          for (const given of await Promise.all(shown().map(timed))) {
            expect(given.answer).toFailWith(503, 'unavailable');
            expect(given.answer.headers.get('retry-after')).not.toBeNull();
            expectWithin(REFUSED_WITHIN, given);
          }
        }
      };
      const goOn = async () => {
        while (Date.now() < until) {
          for (const given of await Promise.all(others().map(timed))) {
            expect(given.answer.status).toBeLessThan(300);
            expectWithin(seconds(1), given);
          }
          expect((await signIn()).status).toBe(200);
          await delay(200);
        }
      };
      try {
        await Promise.all([goOn(), ...Array.from({ length: AT_ONCE }, refused)]);
      } finally {
        await lock.release();
      }
      for (const answer of await Promise.all([...others(), ...shown()])) expect(answer.status).toBeLessThan(300);
    }, 40_000);
  });

  it('who gets a row when the one before gives up waiting for the table is 503 within 3 s as well', async () => {
    const lock = await holding(app, 'LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE');
    const deactivations = Array.from({ length: 5 }, async (_, i) => {
      await delay(i * 50); // each has locked the admins' rows, or waits for them
      return timed(root.api.patch(`/api/users/${bob.id}`, { is_active: false }));
    });
    try {
      for (const given of await Promise.all(deactivations)) {
        expect(given.answer).toFailWith(503, 'unavailable');
        expectWithin(REFUSED_WITHIN, given);
      }
    } finally {
      await lock.release();
    }
  }, 20_000);

  it('the guards need no other than users, sessions and access_tokens', async () => {
    const tables = await app.sql<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace`,
    );
    const locked = tables.map(({ name }) => name).filter((name) => !GUARD.includes(name));
    expect(locked.length).toBeGreaterThan(20);
    const lock = await holding(app, `LOCK TABLE ${locked.join(', ')} IN ACCESS EXCLUSIVE MODE`);
    const asked = Promise.all(
      [ada.api.get(`/api/users/${bob.id}`), byToken(`/api/users/${bob.id}`), ada.api.get('/api/auth/sessions')].map(
        timed,
      ),
    );
    for (const given of await asked) {
      expect(given.answer.status).toBe(200);
      expectWithin(seconds(1), given);
    }
    await lock.release();
  });
});

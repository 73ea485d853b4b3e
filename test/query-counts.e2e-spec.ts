import { startApp, type TestApp } from './support/app.js';
import { admin, crowd, person, type Person } from './support/people.js';
import { loggedStatements, stopBackground } from './support/statements.js';

/** A request, by whom (`ada` unless said), and the statements that it may cost: the guard's is one of them. */
type Cost = [request: string, most: number, more?: { by?: 'root' | 'nobody'; body?: object }];

const READS: Cost[] = [
  ['GET /api/auth/me', 1],
  ['GET /api/users/{ada}', 2],
  ['GET /api/users/{bob}', 2],
  ['GET /api/users/username/bob', 2],
  ['GET /api/users/email/ada@example.com', 2],
  ['GET /api/users/email/bob@example.com', 2, { by: 'root' }],
  ['GET /api/users/username/ada', 3],
  ['GET /api/users?limit=1', 3],
  ['GET /api/users?limit=100', 3],
  ['GET /api/users?skip=20&limit=20', 3],
  ['GET /api/users?q=fan&limit=20', 3],
  ['GET /api/users?role=user&sort=email&limit=20', 3, { by: 'root' }],
  ['GET /api/users?q=ada&limit=20', 4], // oneself, whole
  ['GET /api/users?cursor={cursor}&limit=20', 2],
  ['GET /api/posts?limit=100', 3],
  ['GET /api/posts/{post}', 2],
  ['GET /api/posts/{post}/likes?limit=20', 4],
  ['GET /api/users/{ada}/tasks?limit=20', 3],
  ['GET /api/users/{ada}/tasks/{task}', 2],
  ['GET /api/auth/sessions', 2],
  ['GET /api/auth/events', 3],
  ['GET /api/audit-events?limit=20', 4, { by: 'root' }], // the names of all of them by one
];

const WRITES: Cost[] = [
  // two of them are the throttle's: one reserves the attempt, one settles it
  ['POST /api/auth/login', 5, { by: 'nobody', body: { username: 'bob', password: 'correct horse battery' } }],
  ['PATCH /api/users/{ada}', 2, { body: { display_name: 'Ada' } }],
  ['POST /api/posts', 2, { body: { content: 'x' } }],
  ['PATCH /api/posts/{post}', 2, { body: { content: 'y' } }],
  ['PUT /api/posts/{post}/like', 2],
  ['DELETE /api/posts/{post}/like', 2],
  ['POST /api/users/{ada}/tasks', 2, { body: { title: 'x' } }],
  ['PATCH /api/users/{ada}/tasks/{task}', 2, { body: { is_completed: true } }],
];

describe('the statements that a request costs', () => {
  let app: TestApp;
  let ada: Person, bob: Person, root: Person;
  let places: Record<string, string>;

  beforeAll(async () => {
    app = await startApp({ DEBUG: 'true', THROTTLE: 'on' }); // so that it logs its SQL, as in production
    await stopBackground(app);
    [ada, bob, root] = await Promise.all([person(app, 'ada'), person(app, 'bob'), admin(app)]);
    await crowd(app, 120);
    const { body: post } = await ada.api.post('/api/posts', { content: 'Something to like.' });
    for (let n = 0; n < 25; n++) await bob.api.post('/api/posts', { content: `Post ${n}` });
    const { body: task } = await ada.api.post(`/api/users/${ada.id}/tasks`, { title: 'Something to do' });
    const { body: page } = await ada.api.get('/api/users?limit=20');
    places = { ada: ada.id, bob: bob.id, post: post.id, task: task.id, cursor: page.next_cursor };
  });
  afterAll(() => app.close());

  it.each(READS)('%s: %i at most', async (...cost) => {
    const statements = await statementsOf(cost);
    expect(statements.length).toBeGreaterThan(0);
    expect(statements.length).toBeLessThanOrEqual(cost[1]);
  });

  it.each(WRITES)('%s: %i at most', async (...cost) => {
    const statements = await statementsOf(cost);
    expect(statements.length).toBeGreaterThan(0);
    expect(statements.length).toBeLessThanOrEqual(cost[1]);
    expect(statements.join()).not.toMatch(/START TRANSACTION|BEGIN/); // one statement is a transaction
  });

  it('POST /api/auth/refresh: 1, whichever rotation it is', async () => {
    const login = await app.api.post('/api/auth/login', { username: 'ada', password: ada.password });
    let { refresh_token } = login.body as { refresh_token: string };
    for (let rotation = 0; rotation < 3; rotation++) {
      const before = logged().length;
      const { status, body } = await app.api.post('/api/auth/refresh', { refresh_token });
      expect(status).toBe(200);
      expect(logged().slice(before)).toHaveLength(1); // a right one isn't counted
      ({ refresh_token } = body);
    }
  });

  it.each(['GET /health/live', 'GET /openapi.json', 'GET /api/auth/me, without a token'])(
    '%s: none',
    async (request) => {
      const before = logged().length;
      await app.api.get(request.replace(/^GET |,.*/g, ''));
      expect(logged().slice(before)).toEqual([]);
    },
  );

  it('GET /api/users: a total is counted once, however many ask for it at the same time', async () => {
    await ada.api.patch(`/api/users/${ada.id}`, { display_name: 'Ada again' }); // what was counted is forgotten
    const before = logged().length;
    await Promise.all(Array.from({ length: 5 }, () => ada.api.get('/api/users?limit=10')));
    expect(logged().slice(before).filter((sql) => sql.includes('count(*)'))).toHaveLength(1); // prettier-ignore
  });

  it.each(READS)('%s: reads no hash, nor whole rows', async (...cost) => {
    expect((await statementsOf(cost)).join('\n')).not.toMatch(/password_hash(?! IS NOT NULL)|(?<!count\()\*/);
  });

  async function statementsOf([request, , { by, body } = {}]: Cost): Promise<string[]> {
    const [method = '', path = ''] = request.replace(/\{(\w+)\}/g, (_, name: string) => places[name] ?? '').split(' ');
    const api = by === 'nobody' ? app.api : by === 'root' ? root.api : ada.api;
    const before = logged().length;
    const { status } = await api.send(method, path, body);
    expect(status).toBeLessThan(300);
    return logged().slice(before);
  }

  const logged = () => loggedStatements(app);
});

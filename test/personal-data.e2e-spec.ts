import { jest } from '@jest/globals';
import { PersonalData } from '../src/users/personal-data/personal-data.js';
import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';

/** Tables with a `user_id` that no export shows, and why. */
const LEFT_OUT: Record<string, string> = {
  access_tokens: 'ways in of programs: listed at /api/auth/tokens',
  identities: 'ways in: listed at /api/auth/identities',
  idempotency_keys: 'answers that were given already, for a day',
  known_devices: 'digests, which say nothing to anybody',
  like_recounts: 'work that is under way: gone after a moment',
  passkeys: 'ways in: listed at /api/auth/passkeys',
  recovery_codes: 'secrets: hashes of codes',
  totp_factors: 'secrets: keys of apps',
  webhook_events: 'what receivers were told of the account and its events, which the file has itself',
};

const OWN_PATH = '/api/auth/export';
const PROOF = { current_password: PASSWORD };

describe('the export of all that is kept of somebody', () => {
  let app: TestApp;
  let ada: Person, bob: Person, root: Person;
  let post: string;

  beforeAll(async () => {
    app = await startApp();
    [ada, bob, root] = await Promise.all([person(app, 'ada'), person(app, 'bob'), admin(app)]);
    post = (await bob.api.post('/api/posts', { content: 'of bob' })).body.id as string;
    await bob.api.post(`/api/users/${bob.id}/tasks`, { title: 'of bob' });
    await ada.api.post('/api/posts', { title: 'One', content: 'of ada' });
    await ada.api.put(`/api/posts/${post}/like`);
    await ada.api.post(`/api/users/${ada.id}/tasks`, { title: 'Water the plants' });
    await root.api.post('/api/invitations', { email: 'cyd@example.com' });
    await app.sql(
      `INSERT INTO remembered_devices (id, user_id, generation, user_agent, expires_at)
       VALUES (gen_random_uuid(), $1, 0, 'Firefox', now() + interval '1 day')`,
      [ada.id],
    );
    await app.sql(
      `INSERT INTO mail_challenges (id, purpose, user_id, email, expires_at)
       VALUES (gen_random_uuid(), 'change', $1, 'countess@example.com', now() + interval '1 day')`,
      [ada.id],
    );
  });
  afterAll(() => app.close());

  it('holds what is theirs, and nothing of others', async () => {
    const { status, headers, body, text } = await ada.api.post(OWN_PATH, PROOF);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename=/);
    expect(headers.get('cache-control')).toBe('no-store');
    const sections = app.nest.get(PersonalData, { strict: false }).sections.map(({ name }) => name);
    expect(Object.keys(body as object).sort()).toEqual(['exported_at', 'user', ...sections].sort());
    expect(sections).toEqual(
      expect.arrayContaining(['sessions', 'events', 'devices', 'posts', 'likes', 'tasks', 'mails', 'email_changes', 'invitations']), // prettier-ignore
    );
    expect(body).toMatchObject({
      exported_at: expect.stringMatching(/^\d{4}-.*Z$/),
      user: { id: ada.id, email: 'ada@example.com' },
      sessions: [{ id: expect.any(String), ip: '127.0.0.1', ended_at: null, amr: ['pwd'] }],
      devices: [{ user_agent: 'Firefox' }],
      posts: [{ title: 'One', content: 'of ada', like_count: 0 }],
      likes: [{ post_id: post, liked_at: expect.any(String) }],
      tasks: [{ title: 'Water the plants', is_completed: false, created_at: expect.stringMatching(/Z$/) }],
      email_changes: [{ kind: 'change', email: 'countess@example.com', used_at: null }],
      invitations: [],
    });
    expect(body.events.map(({ action }: { action: string }) => action)).toEqual(
      expect.arrayContaining(['register', 'login', 'exported']),
    );
    expect(body.mails).toContainEqual({ kind: 'verify', to: 'ada@example.com', when: expect.stringMatching(/Z$/) });
    expect(text).not.toMatch(/of bob|bob@example|hash|\$2b\$|generation|horse/);
  });

  it('goes to an admin without tasks, and is on record', async () => {
    const { status, headers, body } = await root.api.get(`/api/users/${ada.id}/export`);
    expect({ status, disposition: headers.get('content-disposition') }).toMatchObject({
      status: 200,
      disposition: expect.stringMatching(/^attachment/),
    });
    expect(body).toMatchObject({ user: { id: ada.id }, posts: [{ content: 'of ada' }], likes: [{ post_id: post }] });
    expect(body).not.toHaveProperty('tasks');
    const { items } = (await root.api.get(`/api/audit-events?action=exported&actor_id=${root.id}`)).body;
    expect(items).toMatchObject([{ user_id: ada.id, details: { what: 'personal_data' } }]);
    expect((await root.api.get(`/api/users/${root.id}/export`)).body).toMatchObject({
      invitations: [{ email: 'cyd@example.com', invited_by: root.id }],
    });
  });

  it('is for nobody else', async () => {
    expect(await bob.api.get(`/api/users/${ada.id}/export`)).toFailWith(403, 'forbidden');
    expect(await ada.api.get(`/api/users/${ada.id}/export`)).toFailWith(403, 'forbidden');
    expect(await app.api.post(OWN_PATH, PROOF)).toFailWith(401, 'not_authenticated');
    expect(await root.api.get('/api/users/00000000-0000-4000-8000-000000000000/export')).toFailWith(404, 'not_found');
  });

  it('takes the password', async () => {
    expect(await ada.api.post(OWN_PATH, { current_password: 'wrong' })).toFailWith(403, 'wrong_password');
    expect(await ada.api.post(OWN_PATH, {})).toFailWith(422, 'validation_failed');
  });

  it('takes a fresh sign-in of who has no password', async () => {
    const eve = await person(app, 'eve');
    await app.sql('UPDATE users SET password_hash = NULL WHERE id = $1', [eve.id]);
    expect(await eve.api.post(OWN_PATH, PROOF)).toFailWith(403, 'wrong_password');
    expect(await eve.api.post(OWN_PATH, {})).toMatchObject({ status: 200, body: { user: { has_password: false } } });
    const later = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 14 * 60_000);
    try {
      expect(await eve.api.post(OWN_PATH, {})).toFailWith(403, 'step_up_required');
    } finally {
      later.mockRestore();
    }
  });

  it('is whole, however much there is', async () => {
    const dan = await person(app, 'dan');
    await app.sql(
      `INSERT INTO posts (id, author_id, content, created_at)
       SELECT gen_random_uuid(), $1, 'no ' || n, now() - n / 3 * interval '1 ms' FROM generate_series(1, 1201) n`,
      [dan.id],
    );
    await app.sql('INSERT INTO likes (post_id, user_id) SELECT id, $1 FROM posts WHERE author_id = $1', [dan.id]);
    const { body } = await dan.api.post(OWN_PATH, PROOF);
    const contents = body.posts.map(({ content }: { content: string }) => content) as string[];
    expect(new Set(contents).size).toBe(1201);
    expect(contents).toHaveLength(1201);
    expect(new Set(body.likes.map(({ post_id }: { post_id: string }) => post_id)).size).toBe(1201);
    expect(body.likes).toHaveLength(1201);
  });

  it('tells of every table with a user_id, or says why not', async () => {
    const tables = await app.sql<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.columns
       WHERE table_schema = 'public' AND column_name = 'user_id'
         AND NOT (SELECT relispartition FROM pg_class WHERE oid = table_name::regclass) ORDER BY 1`,
    );
    const told = app.nest.get(PersonalData, { strict: false }).sections.flatMap(({ tables: names }) => names);
    const silent = tables.map(({ name }) => name).filter((name) => !told.includes(name) && !(name in LEFT_OUT));
    expect(silent).toEqual([]);
    expect(Object.keys(LEFT_OUT).filter((name) => told.includes(name))).toEqual([]);
  });
});

describe('three exports a day', () => {
  let app: TestApp;
  beforeAll(async () => (app = await startApp({ THROTTLE: 'on' })));
  afterAll(() => app.close());

  it('of one account; what fails doesn’t count', async () => {
    const [ada, bob] = [await person(app, 'ada'), await person(app, 'bob')];
    expect(await ada.api.post(OWN_PATH, { current_password: 'wrong' })).toFailWith(403, 'wrong_password');
    for (let n = 0; n < 3; n++) expect(await ada.api.post(OWN_PATH, PROOF)).toMatchObject({ status: 200 });
    const refused = await ada.api.post(OWN_PATH, PROOF);
    expect(refused).toFailWith(429, 'too_many_requests');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(80_000);
    expect(await bob.api.post(OWN_PATH, PROOF)).toMatchObject({ status: 200 });
  });

  it('even when many are asked for at once', async () => {
    const cyd = await person(app, 'cyd');
    const answers = await Promise.all(Array.from({ length: 6 }, () => cyd.api.post(OWN_PATH, PROOF)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
  });
});

import { randomUUID } from 'node:crypto';
import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';
import type { Api } from './support/api.js';

const NOTE = { title: 'Once', content: 'However often it is sent.' };

describe('Idempotency-Key', () => {
  let app: TestApp;
  let ada: Person, bob: Person, root: Person;

  beforeAll(async () => {
    app = await startApp();
    [ada, bob, root] = await Promise.all([person(app, 'ada'), person(app, 'bob'), admin(app)]);
  });
  afterAll(() => app.close());

  const keyed = (api: Api, key: string = randomUUID()) => api.with({ 'idempotency-key': key });
  const countPosts = async () =>
    (await app.sql<{ count: number }>('SELECT count(*)::int AS count FROM posts'))[0]?.count;

  it('does a request once, and answers it again as it was', async () => {
    const once = keyed(ada.api);
    const before = await countPosts();
    const first = await once.post('/api/posts', NOTE);
    expect(first.status).toBe(201);
    expect(first.headers.get('idempotency-replayed')).toBeNull();

    const again = await once.post('/api/posts', NOTE);
    expect(again).toMatchObject({ status: 201, text: first.text });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    for (const name of ['etag', 'location', 'cache-control', 'content-type']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(await countPosts()).toBe((before ?? 0) + 1);
  });

  it('makes one of 20 equal requests at once', async () => {
    const once = keyed(ada.api);
    const answers = await Promise.all(Array.from({ length: 20 }, () => once.post('/api/posts', NOTE)));
    const made = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id));
    expect(made.size).toBe(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(answer).toFailWith(409, 'idempotency_in_progress');
      expect(answer.headers.get('retry-after')).toBe('1');
    }
    const [id] = made;
    expect((await once.post('/api/posts', NOTE)).body.id).toBe(id);
  });

  it('refuses a key for another request', async () => {
    const key = randomUUID();
    const once = keyed(ada.api, key);
    await once.post('/api/posts', NOTE);
    expect(await once.post('/api/posts', { ...NOTE, title: 'Another' })).toFailWith(422, 'idempotency_key_reused');
    expect(await once.post(`/api/users/${ada.id}/tasks`, NOTE)).toFailWith(422, 'idempotency_key_reused');
  });

  it('takes a path for the same with a slash at its end and without', async () => {
    const once = keyed(ada.api);
    const path = `/api/users/${ada.id}/tasks`;
    const first = await once.post(path, { title: 'Once' });
    const again = await once.post(`${path}/`, { title: 'Once' });
    expect(again).toMatchObject({ status: 201, text: first.text });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  it('keeps the keys of one apart from those of another', async () => {
    const key = randomUUID();
    const [hers, his] = await Promise.all([ada, bob].map(({ api }) => keyed(api, key).post('/api/posts', NOTE)));
    expect(hers?.body.author.id).toBe(ada.id);
    expect(his?.body.author.id).toBe(bob.id);
  });

  it('frees the key of what failed, for whatever comes next', async () => {
    const once = keyed(ada.api);
    expect(await once.post('/api/posts', { content: '' })).toFailWith(422, 'validation_failed');
    expect(await once.post('/api/posts', NOTE)).toMatchObject({ status: 201 });

    const register = keyed(app.api);
    const account = { email: 'cyd@example.com', username: 'ada', password: PASSWORD };
    expect(await register.post('/api/auth/register', account)).toFailWith(409, 'username_taken');
    expect(await register.post('/api/auth/register', { ...account, username: 'cyd' })).toMatchObject({ status: 201 });
  });

  it('holds the key of a request that died for a minute, then frees it', async () => {
    const key = randomUUID();
    const once = keyed(ada.api, key);
    const { status } = await once.post('/api/posts', NOTE);
    expect(status).toBe(201);
    // as a crash between claim and change leaves it
    await app.sql(
      `UPDATE idempotency_keys SET status = NULL, body = NULL, expires_at = now() + interval '60 seconds'
      WHERE owner_id = $1`,
      [ada.id],
    );
    expect(await once.post('/api/posts', NOTE)).toFailWith(409, 'idempotency_in_progress');
    await app.sql(`UPDATE idempotency_keys SET expires_at = now() - interval '1 second' WHERE owner_id = $1`, [ada.id]);
    const later = await once.post('/api/posts', NOTE);
    expect(later.status).toBe(201);
    expect(later.headers.get('idempotency-replayed')).toBeNull();
  });

  it('undoes a change whose lease was lost meanwhile', async () => {
    await app.sql(`CREATE FUNCTION lose_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      UPDATE idempotency_keys SET claim = gen_random_uuid() WHERE status IS NULL; RETURN NEW; END $$`);
    await app.sql('CREATE TRIGGER lose_lease AFTER INSERT ON posts FOR EACH ROW EXECUTE FUNCTION lose_lease()');
    const before = await countPosts();
    try {
      expect(await keyed(bob.api).post('/api/posts', NOTE)).toFailWith(409, 'idempotency_in_progress');
      expect(await countPosts()).toBe(before);
    } finally {
      await app.sql('DROP TRIGGER lose_lease ON posts');
    }
  });

  it.each([
    [
      'a registration',
      201,
      () => [app.api, '/api/auth/register', { email: 'dot@example.com', username: 'dot', password: PASSWORD }],
    ],
    [
      'an account',
      201,
      () => [root.api, '/api/users', { email: 'eve@example.com', username: 'eve', password: PASSWORD }],
    ],
    [
      'an account with a link',
      201,
      () => [root.api, '/api/users', { email: 'fay@example.com', username: 'fay', deliver: 'link' }],
    ],
    ['an invitation', 201, () => [root.api, '/api/invitations', { email: 'gil@example.com' }]],
    ['a task', 201, () => [ada.api, `/api/users/${ada.id}/tasks`, { title: 'once' }]],
    ['a webhook', 201, () => [root.api, '/api/webhooks', { url: 'https://hooks.example.com/x', events: ['user.*'] }]],
  ] as [string, number, () => [Api, string, object]][])('holds for %s', async (_, status, request) => {
    const [api, path, body] = request();
    const once = keyed(api);
    const first = await once.post(path, body);
    expect(first.status).toBe(status);
    const again = await once.post(path, body);
    expect(again).toMatchObject({ status, body: { id: first.body.id } });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
  });

  it('keeps no secret: neither that of a webhook nor the link of a new account', async () => {
    const webhook = keyed(root.api);
    const body = { url: 'https://hooks.example.com/y', events: ['user.*'] };
    const { secret } = (await webhook.post('/api/webhooks', body)).body;
    expect(secret).toMatch(/^whsec_/);
    expect((await webhook.post('/api/webhooks', body)).body.secret).toBeNull();

    const account = keyed(root.api);
    const hal = { email: 'hal@example.com', username: 'hal', deliver: 'link' };
    const { url } = (await account.post('/api/users', hal)).body.password_reset as { url: string };
    expect(url).toMatch(/#token=pr_/);
    expect((await account.post('/api/users', hal)).body).not.toHaveProperty('password_reset');
    const stored = JSON.stringify(await app.sql('SELECT * FROM idempotency_keys'));
    expect(stored).not.toMatch(/whsec_|pr_[\w-]{20,}|#token=|horse/);
  });

  it('takes a key in quotes as it is without, and refuses what is none', async () => {
    const first = await keyed(ada.api, '"a key"').post('/api/posts', NOTE);
    expect((await keyed(ada.api, 'a key').post('/api/posts', NOTE)).body.id).toBe(first.body.id);
    for (const key of ['', '""', '"open', 'x'.repeat(256), 'schön']) {
      expect(await keyed(ada.api, key).post('/api/posts', NOTE)).toFailWith(422, 'validation_failed');
    }
  });

  it('asks who it is first', async () => {
    const key = randomUUID();
    await keyed(ada.api, key).post('/api/posts', NOTE);
    expect(await keyed(app.api, key).post('/api/posts', NOTE)).toFailWith(401, 'not_authenticated');
    expect(await keyed(ada.api).post('/api/webhooks', {})).toFailWith(403, 'forbidden');
  });

  it('forgets what was answered about somebody who is purged', async () => {
    const ivy = { email: 'ivy@example.com', username: 'ivy', password: PASSWORD };
    const { body } = await keyed(root.api).post('/api/users', ivy);
    const about = () => app.sql('SELECT FROM idempotency_keys WHERE subject_id = $1', [body.id]);
    expect(await about()).toHaveLength(1);
    expect(await root.api.delete(`/api/users/${body.id}?purge=true`)).toMatchObject({ status: 204 });
    expect(await about()).toHaveLength(0);
  });

  it('is a header that browsers may send', async () => {
    const local = await startApp({ CORS_ORIGINS: 'https://app.example.com' }, app.database);
    const { headers } = await local.api.send('OPTIONS', '/api/posts', undefined, {
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'idempotency-key',
      },
    });
    expect(headers.get('access-control-allow-headers')).toMatch(/Idempotency-Key/);
    await local.close();
  });
});

describe('Idempotency-Key where nobody is told which addresses are taken', () => {
  let app: TestApp;

  beforeAll(async () => void (app = await startApp({ REGISTRATION_REVEALS: 'false' })));
  afterAll(() => app.close());

  it('answers 202 again, makes one account, and sends one mail', async () => {
    const once = app.api.with({ 'idempotency-key': 'x' });
    const body = { email: 'ada@example.com', username: 'ada', password: PASSWORD };
    expect(await once.post('/api/auth/register', body)).toMatchObject({ status: 202 });
    const again = await once.post('/api/auth/register', body);
    expect(again).toMatchObject({ status: 202, body: { status: 'accepted' } });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await app.sql('SELECT FROM outbox')).toHaveLength(1);
  });
});

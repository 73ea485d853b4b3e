import { pbkdf2Sync, randomUUID } from 'node:crypto';
import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';

const NDJSON = 'application/x-ndjson';
const OLD = 'old battery horse staple';
const django = (password = OLD) =>
  `pbkdf2_sha256$1000$salt$${pbkdf2Sync(password, 'salt', 1000, 32, 'sha256').toString('base64')}`;

describe('import and export of accounts', () => {
  let app: TestApp;
  let ada: Person, root: Person;

  beforeAll(async () => {
    app = await startApp();
    [ada, root] = await Promise.all([person(app, 'ada'), admin(app)]);
  });
  afterAll(() => app.close());

  const send = (rows: unknown[], query = '', headers = {}) =>
    root.api.post(`/api/users/import${query}`, undefined, {
      raw: rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'),
      headers: { 'content-type': NDJSON, ...headers },
    });
  const find = async (email: string) =>
    (await app.sql<Record<string, unknown>>('SELECT * FROM users WHERE email = $1 AND deleted_at IS NULL', [email]))[0];

  it('takes over an account with its old password, which is renewed at the first sign-in', async () => {
    const id = randomUUID();
    const row = { id, email: 'Bea@Example.com', username: 'bea', password_hash: django(), display_name: 'Bea', email_verified: true, created_at: '2020-02-02T00:00:00Z' }; // prettier-ignore
    expect(await send([row], '?results=all')).toMatchObject({
      status: 200,
      body: { total: 1, added: 1, updated: 0, skipped: 0, failed: 0, results: [{ line: 1, status: 'added', id }] },
    });
    expect(await app.api.post('/api/auth/login', { email: 'bea@example.com', password: 'wrong' })).toMatchObject({ status: 401 }); // prettier-ignore
    await signIn(app, 'bea', OLD);
    expect(await find('bea@example.com')).toMatchObject({ id, password_hash: expect.stringMatching(/^\$2b\$/) });
    await signIn(app, 'bea', OLD);
    expect((await root.api.get(`/api/users/${id}`)).body).toMatchObject({ email_verified: true, created_at: '2020-02-02T00:00:00.000Z' }); // prettier-ignore
  });

  it('keeps the old hash of a password that ours would cut', async () => {
    const long = `horse${'x'.repeat(100)}`;
    await send([{ email: 'lon@example.com', password_hash: django(long) }]);
    await signIn(app, 'lon@example.com', long);
    expect((await find('lon@example.com'))?.['password_hash']).toBe(django(long));
  });

  it('imports what is good of 1,000 rows, and says what isn’t of the others', async () => {
    const rows: unknown[] = Array.from({ length: 1000 }, (_, n) => ({ email: `row${n}@example.com`, password_hash: django() })); // prettier-ignore
    rows[10] = { email: 'no address' };
    rows[20] = { email: 'md5@example.com', password_hash: 'd077f244def8a70e5ea758bd8352fcd8' };
    rows[30] = '{"email":';
    const { status, body } = await send(rows);
    expect({ status, ...body }).toEqual({
      status: 200,
      total: 1000,
      added: 997,
      updated: 0,
      skipped: 0,
      failed: 3,
      results: [
        { line: 11, status: 'failed', code: 'is_email', pointer: '/email', detail: expect.any(String) },
        {
          line: 21,
          status: 'failed',
          code: 'hash_not_supported',
          pointer: '/password_hash',
          detail: expect.any(String),
        },
        { line: 31, status: 'failed', code: 'malformed_json', detail: expect.any(String) },
      ],
    });
    const events = await app.sql(`SELECT FROM audit_events WHERE action = 'user_imported'`);
    expect(events.length).toBeGreaterThanOrEqual(997);
  });

  it('refuses a hash that would take too long', async () => {
    const row = { email: 'slow@example.com', password_hash: django().replace('$1000$', '$5000001$') };
    expect((await send([row])).body.results).toMatchObject([{ code: 'hash_too_costly', pointer: '/password_hash' }]);
  });

  it('refuses a row with more than one way in: which of them was meant, nobody can tell', async () => {
    const row = (more: object) => ({ email: 'two@example.com', invite: false, ...more });
    const rows = [
      row({ password: OLD, password_hash: django() }),
      row({ password: OLD, invite: true }),
      row({ password_hash: django(), invite: true }),
    ];
    const { body } = await send([...rows, row({ password_hash: django() })]);
    expect(body).toMatchObject({ added: 1, failed: 3, results: rows.map(() => ({ code: 'one_way_in' })) });
  });

  it('derives a name from the address, and finds another when it is taken', async () => {
    await send([{ email: 'ada@elsewhere.example' }, { email: 'jo@example.com' }, { email: 'ada@third.example' }]);
    expect((await find('ada@elsewhere.example'))?.['username']).toMatch(/^ada-\w{6}$/);
    expect((await find('jo@example.com'))?.['username']).toBe('jo-user');
    expect((await find('ada@third.example'))?.['username']).toMatch(/^ada-\w{6}$/);
  });

  it('skips, updates or refuses who is there already, as it is told', async () => {
    const row = { email: ada.email, display_name: 'Ada King' };
    expect((await send([row], '?results=all')).body.results).toEqual([{ line: 1, status: 'skipped', id: ada.id }]);
    expect((await send([row, { email: 'new1@example.com' }], '?on_conflict=fail')).status).toBe(409);
    const refused = await send([row, { email: 'new1@example.com' }], '?on_conflict=fail');
    expect(refused).toFailWith(409, 'import_failed');
    expect(refused.body).toMatchObject({ failed: 1, added: 0, results: [{ line: 1, code: 'email_taken' }] });
    expect(await find('new1@example.com')).toBeUndefined();
    expect((await send([row], '?on_conflict=update')).body).toMatchObject({ updated: 1 });
    expect(await find(ada.email)).toMatchObject({ display_name: 'Ada King' });
    const demoted = await send([{ email: root.email, role: 'user' }], '?on_conflict=update');
    expect(demoted.body.results).toMatchObject([{ code: 'forbidden', pointer: '/role' }]);
  });

  it('records what an update has changed, each kind by its own name, and nothing where nothing changed', async () => {
    const bob = await person(app, 'bob');
    const version = async () =>
      (await app.sql<{ version: number }>('SELECT version FROM users WHERE id = $1', [bob.id]))[0]?.version ?? 0;
    const before = await version();
    const told = async () =>
      (await app.sql<{ action: string; details: object }>(
        `SELECT action, details FROM audit_events WHERE user_id = $1 AND actor_id = $2 ORDER BY id`,
        [bob.id, root.id],
      )) as unknown;
    const update = (row: object) => send([{ email: bob.email, ...row }], '?on_conflict=update');
    await update({ username: 'bob' });
    expect(await told()).toEqual([]);
    await update({ username: 'bobby', display_name: 'Bob' });
    expect(await told()).toEqual([
      { action: 'user_updated', details: { imported: 'true', changed: 'username,display_name' } },
    ]);
    expect(await bob.api.get('/api/auth/me')).toMatchObject({ status: 200, body: { username: 'bobby' } });
    await update({ role: 'admin', email_verified: true, password_hash: django() });
    expect(await told()).toMatchObject([
      { action: 'user_updated' },
      { action: 'role_changed', details: { role: 'admin' } },
      { action: 'email_verified' },
      { action: 'password_changed' },
    ]);
    expect((await bob.api.get('/api/auth/me')).status).toBe(401); // it isn't the password any more that they signed in with
    expect(await version()).toBe(before + 2);
  });

  it('tries everything and writes nothing in a dry run', async () => {
    expect((await send([{ email: 'dry@example.com' }], '?dry_run=true')).body).toMatchObject({ added: 1, failed: 0 });
    expect(await find('dry@example.com')).toBeUndefined();
  });

  it('reads CSV', async () => {
    const raw = '\ufeffemail,display_name,is_active,password\r\ncsv1@example.com,"One, and\nonly",false,\r\ncsv2@example.com,,,correct horse battery\r\nbad,,,\r\n'; // prettier-ignore
    const answer = await root.api.post('/api/users/import?results=all', undefined, { raw, headers: { 'content-type': 'text/csv' } }); // prettier-ignore
    expect(answer.body.results).toMatchObject([
      { line: 2, code: 'one_line' },
      { line: 4, status: 'added' },
      { line: 5, code: 'is_email' },
    ]);
    await signIn(app, 'csv2@example.com', PASSWORD);
  });

  it('invites whom a row says to', async () => {
    expect((await send([{ email: 'inv@example.com', invite: true }])).body).toMatchObject({ added: 1, failed: 0 });
    expect(await app.sql(`SELECT FROM invitations WHERE email = 'inv@example.com'`)).toHaveLength(1);
    expect(await find('inv@example.com')).toBeUndefined();
  });

  it('is done once with an Idempotency-Key', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const rows = [{ email: 'once@example.com' }];
    const first = await send(rows, '', key);
    expect(first.body).toMatchObject({ added: 1 });
    expect(await send(rows, '', key)).toMatchObject({ status: 200, text: first.text });
    expect(await send(rows, '?dry_run=true', key)).toFailWith(422, 'idempotency_key_reused');
  });

  it('is for admins, and for its two types of body', async () => {
    const raw = '{"email":"x@example.com"}';
    const path = '/api/users/import';
    expect(await ada.api.post(path, undefined, { raw, headers: { 'content-type': NDJSON } })).toFailWith(
      403,
      'forbidden',
    );
    expect(await root.api.post(path, { email: 'x@example.com' })).toMatchObject({ status: 415 });
    expect(await root.api.post('/api/posts', undefined, { raw, headers: { 'content-type': NDJSON } })).toMatchObject({ status: 415 }); // prettier-ignore
  });

  it('refuses more than 10,000 rows, and more than 5 MiB', async () => {
    expect(await send(Array.from({ length: 10_001 }, () => '{}'))).toFailWith(413, 'import_too_large');
    expect(await send(['x'.repeat(5 * 1024 * 1024 + 1)])).toFailWith(413, 'import_too_large');
  });

  it('exports what an import reads back, without hashes', async () => {
    const { status, text, headers } = await root.api.get('/api/users/export');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(headers.get('content-disposition')).toMatch(/^attachment/);
    expect(text).not.toMatch(/hash|\$2b\$/);
    const lines = text.trim().split('\n');
    const { total } = (await root.api.get('/api/users')).body;
    expect(lines).toHaveLength(total);
    expect((await send(lines)).body).toMatchObject({ total, skipped: total, failed: 0 });
    expect(await ada.api.get('/api/users/export')).toFailWith(403, 'forbidden');
  });
});

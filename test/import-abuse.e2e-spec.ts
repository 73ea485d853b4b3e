import { randomUUID } from 'node:crypto';
import { startApp, type TestApp } from './support/app.js';
import { timed } from './support/noise.js';
import { admin, type Person, person } from './support/people.js';

const PATH = '/api/users/import';

describe('imports that try to break something', () => {
  let app: TestApp;
  let ada: Person, root: Person;

  beforeAll(async () => {
    app = await startApp();
    [ada, root] = await Promise.all([person(app, 'ada'), admin(app)]);
  });
  afterAll(() => app.close());

  const post = (raw: string, type: string, query = '', headers = {}) =>
    root.api.post(`${PATH}${query}`, undefined, { raw, headers: { 'content-type': type, ...headers } });
  const send = (rows: unknown[], query = '', headers = {}) =>
    post(
      rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'),
      'application/x-ndjson',
      query,
      headers,
    );
  const sendCsv = (raw: string) => post(raw, 'text/csv');
  const count = async (table: 'users' | 'invitations' | 'outbox', email: string) =>
    (await app.sql(`SELECT FROM ${table} WHERE ${table === 'outbox' ? 'recipient' : 'email'} = $1`, [email])).length;

  it.each([
    ['2026-01-01T00:00:00+23:00', '2025-12-31T01:00:00.000Z'],
    [`2026-01-01T00:00:00.${'1'.repeat(200)}Z`, '2026-01-01T00:00:00.111Z'],
  ])('a time is kept, though PostgreSQL does not take its spelling: %s', async (created_at, kept) => {
    const email = `${randomUUID()}@example.com`;
    expect((await send([{ email, created_at }])).body).toMatchObject({ added: 1 });
    const [user] = await app.sql<{ created_at: Date }>('SELECT created_at FROM users WHERE email = $1', [email]);
    expect(user?.created_at.toISOString()).toBe(kept);
  });

  describe('a row that PostgreSQL would refuse', () => {
    it.each([
      [{ created_at: '0000-01-01T00:00:00Z' }, 'is_rfc3339', '/created_at'],
      [{ created_at: '9999-12-31T23:59:59-01:00' }, 'is_rfc3339', '/created_at'],
      [{ display_name: 'a\ud800' }, 'refused_character', undefined],
      [{ password_hash: 'pbkdf2_sha1$1000$a\0b$c2FsdHNhbHRzYWx0c2FsdHNhbHQ=' }, 'refused_character', undefined],
      [{ password_hash: `scrypt:32768:8:1$a\ud800$${'ab'.repeat(32)}` }, 'refused_character', undefined],
    ])('fails alone (%#)', async (members, code, pointer) => {
      const [bad, good] = [`${randomUUID()}@example.com`, `${randomUUID()}@example.com`];
      const { status, body } = await send([{ email: bad, ...members }, { email: good }]);
      expect({ status, ...body }).toMatchObject({ status: 200, added: 1, failed: 1, results: [{ line: 1, code }] });
      expect(body.results[0].pointer).toBe(pointer);
      expect(await count('users', good)).toBe(1);
    });

    it.each([
      ['a name twice', '{"email":"dup@example.com","email":"dup2@example.com"}', 'malformed_json'],
      ['deep nesting', `{"email":${'['.repeat(1000)}${']'.repeat(1000)}}`, 'too_complex'],
      ['__proto__', '{"email":"proto@example.com","__proto__":{"role":"admin"}}', 'unknown_member'],
    ])('%s is refused as in any body', async (_, line, code) => {
      expect((await send([line])).body).toMatchObject({ added: 0, failed: 1, results: [{ code }] });
    });
  });

  describe('too many members', () => {
    const names = Array.from({ length: 60_000 }, (_, n) => `k${n}`);

    it('of a row are refused at once', async () => {
      const row = { email: 'many@example.com', ...Object.fromEntries(names.map((name) => [name, 1])) };
      const { answer, ms } = await timed(send([row, { email: 'few@example.com' }]));
      expect(answer.body).toMatchObject({ added: 1, results: [{ line: 1, code: 'too_complex' }] });
      expect(ms).toBeLessThan(1500);
    });

    it('of a table are refused at once', async () => {
      const table = `email,${names.join(',')}\nwide@example.com,${names.map(() => 1).join(',')}\n`;
      const { answer, ms } = await timed(sendCsv(table));
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body).toMatchObject({ errors: [{ pointer: '/k0', code: 'unknown_member' }] });
      expect(ms).toBeLessThan(1500);
    });

    it.each([
      ['email,nickname', 422, 'validation_failed'],
      ['email,__proto__', 422, 'validation_failed'],
      ['email,role,email', 400, 'malformed_request'],
    ] as const)('a table of %s is refused, whatever its rows', async (header, status, code) => {
      expect(await sendCsv(`${header}\ncolumns@example.com,user${',x'.repeat(header.split(',').length - 2)}\n`)).toFailWith(status, code); // prettier-ignore
      expect(await count('users', 'columns@example.com')).toBe(0);
    });
  });

  describe('invitations', () => {
    it('don’t take the place of the import’s answer under an Idempotency-Key', async () => {
      const key = { 'idempotency-key': randomUUID() };
      const rows = [{ email: 'inv1@example.com', invite: true }, { email: 'acc1@example.com' }];
      const first = await send(rows, '?results=all', key);
      expect(first).toMatchObject({ status: 200, body: { total: 2, added: 2, failed: 0 } });
      const again = await send(rows, '?results=all', key);
      expect(again).toMatchObject({ status: 200, text: first.text });
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect(await count('users', 'acc1@example.com')).toBe(1);
      expect(await count('outbox', 'inv1@example.com')).toBe(1);
    });

    it.each(['skip', 'fail'])('alone are an import too, told the same again (on_conflict=%s)', async (conflict) => {
      const key = { 'idempotency-key': randomUUID() };
      const rows = [{ email: `alone-${conflict}@example.com`, invite: true }];
      const query = `?results=all&on_conflict=${conflict}`;
      const first = await send(rows, query, key);
      expect(first).toMatchObject({ status: 200, body: { total: 1, added: 1, results: [{ line: 1, status: 'added' }] } }); // prettier-ignore
      expect(await send(rows, query, key)).toMatchObject({ status: 200, text: first.text });
      expect(await count('outbox', `alone-${conflict}@example.com`)).toBe(1);
    });

    const refused = async () => {
      await send([{ email: 'open@example.com', invite: true }]);
      return [
        [{ email: ada.email, invite: true }, 'email_taken'],
        [{ email: 'open@example.com', invite: true }, 'invitation_open'],
      ] as const;
    };

    it('that cannot be made keep all others out, and unmailed, with on_conflict=fail', async () => {
      for (const [row, code] of await refused()) {
        const rows = [{ email: 'mailed@example.com', invite: true }, row, { email: 'written@example.com' }];
        const answer = await send(rows, '?on_conflict=fail&results=all');
        expect(answer).toFailWith(409, 'import_failed');
        expect(answer.body).toMatchObject({ added: 0, failed: 1 });
        expect(answer.body.results).toContainEqual(expect.objectContaining({ line: 2, status: 'failed', code }));
      }
      expect(await count('users', 'written@example.com')).toBe(0);
      expect(await count('invitations', 'mailed@example.com')).toBe(0);
      expect(await count('outbox', 'mailed@example.com')).toBe(0);
    });

    it('count in a dry run as they do in earnest', async () => {
      const rows = [
        ...(await refused()).map(([row]) => row),
        { email: 'dry-inv@example.com', invite: true },
        { email: 'dry-inv@example.com', invite: true },
        { email: 'dry-both@example.com' },
        { email: 'dry-both@example.com', invite: true },
      ];
      const expected = {
        added: 2,
        failed: 4,
        results: [{ line: 1, code: 'email_taken' }, { line: 2, code: 'invitation_open' }, { line: 4, code: 'invitation_open' }, { line: 6, code: 'email_taken' }], // prettier-ignore
      };
      expect((await send(rows, '?dry_run=true')).body).toMatchObject(expected);
      expect(await count('outbox', 'dry-inv@example.com')).toBe(0);
      expect((await send(rows)).body).toMatchObject(expected);
      expect(await count('outbox', 'dry-inv@example.com')).toBe(1);
    });
  });

  describe('security events', () => {
    const logged = (email: string) => app.logs.filter((line) => JSON.stringify(line).includes(email)).length;
    const imports = () =>
      app.logs.filter(({ event }) => event === 'user_imported' || event === 'users_imported').length;

    it('are logged after the commit, and not for what was rolled back', async () => {
      const before = imports();
      await send([{ email: 'event@example.com' }], '?dry_run=true');
      expect(await send([{ email: 'event@example.com' }, { email: ada.email }], '?on_conflict=fail')).toFailWith(409, 'import_failed'); // prettier-ignore
      expect(imports()).toBe(before);
      await send([{ email: 'event@example.com' }]);
      expect(imports()).toBe(before + 2);
      expect(logged('event@example.com')).toBe(0);
    });
  });

  it('of 10,000 rows let other requests run', async () => {
    const rows = Array.from({ length: 10_000 }, () => ({ email: ada.email })); // skipped: nearly all work is validation
    const startedAt = performance.now();
    let [longest, last] = [0, startedAt];
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    expect((await send(rows)).body).toMatchObject({ skipped: 10_000 });
    clearInterval(timer);
    expect(longest / (performance.now() - startedAt)).toBeLessThan(0.4); // a share, as the machine may be busy
  });
});

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { run } from '../src/cli/program.js';
import { ENCRYPTION_KEY, SECRET, startApp, type TestApp } from './support/app.js';
import { PASSWORD, person, signIn } from './support/people.js';

describe('userhub import and export', () => {
  let app: TestApp;
  let folder: string;

  beforeAll(async () => {
    [app, folder] = [await startApp(), await mkdtemp(path.join(tmpdir(), 'userhub-import-'))];
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function userhub(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const said = { stdout: '', stderr: '' };
    const to = (name: keyof typeof said) =>
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          said[name] += chunk.toString();
          done();
        },
      });
    const env = { NODE_ENV: 'test', DATABASE_URL: app.database.url, JWT_SECRET_KEY: SECRET, DATA_ENCRYPTION_KEY: ENCRYPTION_KEY }; // prettier-ignore
    const code = await run(args, { stdin: new PassThrough(), stdout: to('stdout'), stderr: to('stderr'), env });
    return { code, ...said };
  }

  const file = async (name: string, content: string) => {
    const place = path.join(folder, name);
    await writeFile(place, content);
    return place;
  };

  it("takes over Firebase's own export: people sign in with the passwords that they have", async () => {
    const config = await file(
      'config.json',
      JSON.stringify({
        algorithm: 'SCRYPT',
        base64_signer_key: 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
        base64_salt_separator: 'Bw==',
        rounds: 8,
        mem_cost: 14,
      }),
    );
    const users = await file(
      'users.json',
      JSON.stringify({
        users: [
          {
            localId: 'abc',
            email: 'fire@example.com',
            emailVerified: true,
            passwordHash: 'lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==',
            salt: '42xEC-ixf3L2lw==',
            displayName: 'Fire Base',
            createdAt: '1700000000000',
          },
        ],
      }),
    );
    const { code, stdout } = await userhub('import', users, '--firebase-config', config);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1 rows: 1 added, 0 updated, 0 skipped, 0 failed.\n' });
    const tokens = await signIn(app, 'fire@example.com', 'user1password');
    expect((await app.api.as(tokens).get('/api/auth/me')).body).toMatchObject({ email_verified: true, display_name: 'Fire Base' }); // prettier-ignore
    expect((await userhub('import', users, '--firebase-config', config)).stdout).toContain('1 skipped');
  });

  it.each(['surrogate \\ud800', 'nul \\u0000'])('goes on after what PostgreSQL would refuse: %s', async (name) => {
    const email = `${randomUUID()}@example.com`;
    const lines = [`{"email":"bad-${email}","display_name":"${name}"}`, `{"email":"${email}"}`];
    const { stdout, stderr } = await userhub('import', await file('refused.ndjson', lines.join('\n')));
    expect(stdout + stderr).toContain('2 rows: 1 added, 0 updated, 0 skipped, 1 failed.');
  });

  it('reads tables and lines, says which line is bad, and goes on', async () => {
    const table = await file('people.csv', 'email,username,role\ncsv1@example.com,csv1,user\nnonsense,csv2,user\n');
    const { code, stdout, stderr } = await userhub('import', table);
    expect(stdout).toBe('2 rows: 1 added, 0 updated, 0 skipped, 1 failed.\n');
    expect(stderr).toMatch(/^line 3: email: must be an e-mail address/m);
    expect(code).toBe(1);
    const lines = Array.from({ length: 1200 }, (_, i) => JSON.stringify({ email: `many${i}@example.com` })).join('\n');
    expect((await userhub('import', await file('many.ndjson', lines))).stdout).toMatch(/^1200 rows: 1200 added/);
  });

  it('is one import on record, however many batches there were, with an event for each row', async () => {
    const since = new Date().toISOString();
    const rows = Array.from({ length: 1100 }, (_, i) => JSON.stringify({ email: `told${i}@example.com` })).join('\n');
    await userhub('import', await file('told.ndjson', rows));
    await userhub('import', await file('told.ndjson', rows)); // changes nothing, and is none
    const events = (action: string) =>
      app.sql<{ details: object }>('SELECT details FROM audit_events WHERE action = $1 AND at >= $2', [action, since]);
    expect(await events('users_imported')).toEqual([{ details: { count: '1100', updated: '0' } }]);
    expect(await events('user_imported')).toHaveLength(1100);
  });

  it('writes nothing in a dry run', async () => {
    const lines = await file('dry.ndjson', '{"email": "dry@example.com"}\n');
    expect((await userhub('import', lines, '--dry-run')).stdout).toMatch(/^Nothing was written\. 1 rows: 1 added/);
    expect(await app.sql(`SELECT id FROM users WHERE email = 'dry@example.com'`)).toEqual([]);
  });

  it('exports what it reads back, with ids, and with hashes only if asked for', async () => {
    const { id } = await person(app, 'ada');
    const plain = await userhub('export');
    expect(plain).toMatchObject({ code: 0, stdout: expect.stringContaining('ada@example.com') });
    expect(plain.stdout).not.toContain('password_hash');
    const { stdout } = await userhub('export', '--with-hashes');
    const row = stdout.split('\n').find((line) => line.includes('ada@example.com')) ?? '';
    expect(JSON.parse(row)).toMatchObject({ id, password_hash: expect.stringMatching(/^\$2b\$/) as string });
    await app.sql('DELETE FROM users WHERE id = $1', [id]);
    expect((await userhub('import', await file('back.ndjson', row))).stdout).toContain('1 added');
    expect((await app.api.as(await signIn(app, 'ada', PASSWORD)).get('/api/auth/me')).body.id).toBe(id);
  });

  it.each([
    [['import', '/nowhere.ndjson'], 1, 'no such file'],
    [['import', 'x.ndjson', '--on-conflict', 'fail'], 2, 'must be skip or update'],
    [['import', 'x.json', '--from', 'okta'], 2, 'must be userhub or auth0'],
    [['import', 'x.json', '--from', 'keycloak', '--firebase-config', 'y.json'], 2, 'cannot be used with'],
  ])('refuses %j', async (args, code, complaint) => {
    expect(await userhub(...args)).toMatchObject({ code, stderr: expect.stringContaining(complaint) });
  });
});

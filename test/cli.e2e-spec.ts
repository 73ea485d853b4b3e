import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { migrations } from '../migrations/index.js';
import { run } from '../src/cli/program.js';
import { projectFile } from '../src/config/project.js';
import { loadSettings } from '../src/config/settings.js';
import { resolveDatabase } from '../src/process/resolve-database.js';
import { Mails } from '../src/mail/mails.js';
import { ENCRYPTION_KEY, SECRET, startApp } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { addPasskey, withTotp } from './support/factors.js';
import { eventually } from './support/insist.js';
import { queuedTo } from './support/mailbox.js';
import { sendSample } from './support/mails.js';
import { mailBy, type Relay, startRelay } from './support/relay.js';
import { admin, PASSWORD, person, signIn } from './support/people.js';

/** For what starts other processes: they are slow where everything runs at once. */
const PATIENCE = 60_000;

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

interface RunOptions {
  env?: Record<string, string>;
  /** What is piped in. */
  input?: string | Buffer;
  /** What somebody at a terminal types, each as the answer to a question. */
  typed?: string[];
}

/** Runs a command in this process. */
async function userhub(args: string, { env = {}, input = '', typed }: RunOptions = {}): Promise<Outcome> {
  const stdin = new PassThrough();
  const answers = [...(typed ?? [])];
  const stdout = recorder();
  const stderr = recorder((chunk) => {
    if (chunk.endsWith(': ') && answers.length) setImmediate(() => stdin.write(answers.shift()));
  });
  if (!typed) stdin.end(input);
  const isTTY = typed !== undefined;
  const code = await run(args.split(' ').filter(Boolean), {
    stdin: Object.assign(stdin, { isTTY }),
    stdout,
    stderr: Object.assign(stderr, { isTTY }),
    env: { NODE_ENV: 'test', JWT_SECRET_KEY: SECRET, DATA_ENCRYPTION_KEY: ENCRYPTION_KEY, THROTTLE: 'off', ...env },
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function recorder(listen: (chunk: string) => void = () => undefined): Writable & { text: () => string } {
  let all = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      all += chunk.toString();
      listen(chunk.toString());
      done();
    },
  });
  return Object.assign(stream, { text: () => all });
}

describe('userhub', () => {
  let database: TestDatabase;
  let env: Record<string, string>;

  beforeAll(async () => {
    database = await createDatabase();
    env = { DATABASE_URL: database.url };
  });
  afterAll(() => database.drop());

  describe('--help', () => {
    it('lists the commands', async () => {
      const { code, stdout } = await userhub('--help');
      expect(code).toBe(0);
      for (const command of [
        'migrate',
        'revert',
        'status',
        'create-admin',
        'unblock',
        'reset-mfa',
        'mail',
        'import',
        'export',
        'seed',
        'example',
        'doctor',
        'openapi',
      ]) {
        expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
      }
    });

    it.each(['status', 'create-admin', 'unblock', 'reset-mfa', 'seed', 'doctor', 'openapi'])(
      'shows examples of %s',
      async (command) => {
        expect(await userhub(`${command} --help`)).toMatchObject({
          code: 0,
          stdout: expect.stringMatching(new RegExp(`Examples:\n.*userhub ${command}`)),
        });
      },
    );

    it('says which version this is', async () => {
      const { version } = JSON.parse(await readFile(projectFile('package.json'), 'utf8')) as { version: string };
      expect(await userhub('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    });
  });

  describe('used wrongly', () => {
    it.each([
      ['an unknown command', 'sed', "unknown command 'sed'\n(Did you mean seed?)"],
      ['an unknown option', 'seed --user 3', "unknown option '--user'\n(Did you mean --users?)"],
      ['an argument too many', 'migrate now', 'too many arguments'],
      ['a missing option', 'create-admin --email a@example.com', "required option '--username <name>' not specified"],
      ['a number that is none', 'seed --users many', 'whole number from 1 to 1000000'],
      ['a number out of bounds', 'seed --users 1000001', 'whole number from 1 to 1000000'],
    ])('refuses %s', async (_, args, complaint) => {
      expect(await userhub(args)).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(complaint) });
    });

    it('without a command says what there is', async () => {
      expect(await userhub('')).toMatchObject({ code: 2, stderr: expect.stringContaining('Commands:') });
    });
  });

  describe('when something is wrong', () => {
    it('names every wrong setting', async () => {
      const { code, stderr } = await userhub('status', { env: { ...env, PORT: 'x', BCRYPT_ROUNDS: '99' } });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: The settings are wrong\.\n  \w+ must be .*\n  \w+ must be .*\n$/);
    });

    it('says in one line that the database is away', async () => {
      const { code, stderr } = await userhub('status', {
        env: { DATABASE_URL: 'postgresql://ada@127.0.0.1:1/userhub' },
      });
      expect(code).toBe(1);
      expect(stderr).toBe("error: The database can't be reached: connect ECONNREFUSED 127.0.0.1:1\n");
    });

    it('shows where it went wrong when debugging', async () => {
      const away = { DATABASE_URL: 'postgresql://ada@127.0.0.1:1/userhub', DEBUG: 'true' };
      expect((await userhub('status', { env: away })).stderr).toMatch(/^ +at /m);
    });
  });

  describe('migrate, status, revert', () => {
    let empty: TestDatabase;
    beforeAll(async () => {
      empty = await createDatabase({ empty: true });
    });
    afterAll(() => empty.drop());
    const on = (args: string) => userhub(args, { env: { DATABASE_URL: empty.url } });

    it('apply what is pending, show it, and undo the newest', async () => {
      const { stdout: before } = await on('status');
      expect(before).toMatch(/^(?:pending {2}\w+\n)+$/);
      expect(await on('status --check')).toMatchObject({ code: 1, stderr: expect.stringContaining('userhub migrate') });

      expect(await on('migrate')).toEqual({ code: 0, stdout: before.replaceAll('pending ', 'Applied'), stderr: '' });
      expect(await on('migrate')).toEqual({ code: 0, stdout: 'Nothing to apply.\n', stderr: '' });
      expect(await on('status --check')).toMatchObject({ code: 0, stdout: before.replaceAll('pending', 'applied') });

      const newest = /(\w+)\n$/.exec(before)?.[1] ?? '';
      expect(await on('revert')).toEqual({ code: 0, stdout: `Reverted ${newest}\n`, stderr: '' });
      expect((await on('status')).stdout).toMatch(new RegExp(`pending  ${newest}\n$`));
      for (let left = migrations.length - 1; left > 0; left--) expect((await on('revert')).code).toBe(0);
      expect(await on('revert')).toMatchObject({ code: 0, stdout: 'Nothing to revert.\n' });
    });

    it('are asked for first where nothing may be migrated by the way', async () => {
      const refused = await userhub('seed', { env: { DATABASE_URL: empty.url, MIGRATE_ON_START: 'false' } });
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Apply them first: userhub migrate') });
    });
  });

  describe('create-admin', () => {
    const command = (name: string) => `create-admin --email ${name}@example.com --username ${name}`;

    it('makes an admin whose password came by standard input', async () => {
      const { code, stdout } = await userhub(command('root'), { env, input: `${PASSWORD}\n` });
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^Made the admin root <root@example\.com>/),
      });
      const app = await startApp({}, database);
      const { body } = await app.api.as(await signIn(app, 'root')).get('/api/auth/me');
      expect(body).toMatchObject({ role: 'admin', username: 'root', is_active: true });
      await app.close();
    });

    it.each<[string, string, Buffer]>([
      ['UTF-8 with a byte order mark', 'mark', Buffer.from(`\uFEFF${PASSWORD}\r\n`)],
      ['UTF-16, as PowerShell writes it', 'shelly', Buffer.from(`\uFEFF${PASSWORD}\r\n`, 'utf16le')],
    ])('reads a password file in %s', async (_, name, input) => {
      expect(await userhub(command(name), { env, input })).toMatchObject({ code: 0 });
      const app = await startApp({}, database);
      await signIn(app, name);
      await app.close();
    });

    it('asks for the password twice and does not show it', async () => {
      const { code, stdout, stderr } = await userhub(command('typist'), {
        env,
        typed: [`${PASSWORD}\n`, `${PASSWORD}\n`],
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: 'New password: \nAgain: \n' });
      expect(stdout).not.toContain(PASSWORD);
    });

    it.each([
      ['when the two differ', [`${PASSWORD}\n`, `${PASSWORD}!\n`], 'not the same both times'],
      ['at Ctrl-C', ['correct h\u0003'], 'Given up.'],
      ['at Ctrl-D', ['\u0004'], 'Given up.'],
    ])('makes nobody %s', async (_, typed, complaint) => {
      const { code, stderr } = await userhub(command('nobody'), { env, typed });
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`error: `) });
      expect(stderr).toContain(complaint);
      expect(await database.sql(`SELECT FROM users WHERE username = 'nobody'`)).toHaveLength(0);
    });

    it.each([
      ['a weak password', 'weak', 'password1', 'password: This password is among the first'],
      ['no password', 'blank', '', 'There is no password'],
      ['a taken address', 'root', PASSWORD, 'This e-mail address is already in use.'],
    ])('says so of %s', async (_, name, input, complaint) => {
      expect(await userhub(command(name), { env, input })).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(new RegExp(`^error: ${complaint}.*\n$`)),
      });
    });

    it('says of each field what is wrong with it', async () => {
      const { code, stderr } = await userhub('create-admin --email ada --username a!', { env, input: PASSWORD });
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^error: .*\n {2}email: must be an e-mail address.*\n {2}username: must have 3 to 32 .*\n$/,
      );
    });
  });

  describe('seed', () => {
    const count = async () => (await database.sql<{ n: number }>('SELECT count(*)::int AS n FROM users'))[0]?.n ?? 0;

    it('plants people who sign in with the password that it tells, and one who does not', async () => {
      const { code, stdout } = await userhub('seed', { env });
      expect(code).toBe(0);
      expect(stdout).toMatch(/ada +Ada Lovelace \(admin\)/);
      const [, password = ''] = /password: (.*)/.exec(stdout) ?? [];
      const app = await startApp({}, database);
      await signIn(app, 'grace', password);
      await expect(signIn(app, 'edsger', password)).rejects.toThrow('invalid_credentials');
      await app.close();
    });

    it('plants once, however often it is run', async () => {
      await userhub('seed', { env });
      const before = await count();
      expect(await userhub('seed', { env })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('All people exist.'),
      });
      expect(await count()).toBe(before);
    });

    it('makes many people, up to as many as it is told', async () => {
      const before = await count();
      expect((await userhub('seed --users 1100', { env })).stdout).toContain('Added 1100 of 1100 generated users.');
      expect((await userhub('seed --users 1200', { env })).stdout).toContain('Added 100 of 1200 generated users.');
      expect(await count()).toBe(before + 1200);
    });

    it('shows its progress to people, and only to them', async () => {
      expect((await userhub('seed --users 10', { env, typed: [] })).stderr).toContain('of 10');
      expect((await userhub('seed --users 10', { env })).stderr).toBe('');
    });

    it('leaves production alone, unless forced', async () => {
      const production = { ...env, NODE_ENV: 'production', BCRYPT_ROUNDS: '10' };
      expect(await userhub('seed', { env: production })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('--force'),
      });
      expect((await userhub('seed --force', { env: production })).code).toBe(0);
    });
  });

  describe('unblock', () => {
    it('lets somebody who guessed too often try again', async () => {
      const app = await startApp({ THROTTLE: 'on' }, database);
      const bob = await person(app, 'bob');
      const wrong = () => app.api.post('/api/auth/login', { username: 'bob', password: 'a wrong horse' });
      for (let guess = 1; guess <= 5; guess++) expect(await wrong()).toFailWith(401, 'invalid_credentials');
      expect(await wrong()).toFailWith(429, 'too_many_requests');

      expect((await userhub('unblock BOB', { env })).stdout).toBe('bob <bob@example.com> can try again at once.\n');
      await signIn(app, bob.email);
      expect((await userhub('unblock bob@example.com', { env })).code).toBe(0);
      await app.close();
    });

    it('says that there is nobody of that name', async () => {
      expect(await userhub('unblock noone', { env })).toMatchObject({
        code: 1,
        stderr: 'error: There is no user "noone".\n',
      });
    });
  });

  describe('reset-password', () => {
    it('prints a link and a code by which somebody chooses a new password', async () => {
      const app = await startApp({}, database);
      const eve = await person(app, 'evelyn');
      const { stdout, code } = await userhub('reset-password Evelyn', { env });
      expect(code).toBe(0);
      const [url = '', words = ''] = stdout.split('\n');
      expect(words).toMatch(/^Code \d{3} \d{3}, for evelyn <evelyn@example.com>, until /);
      const token = url.split('#token=')[1];
      const answer = await app.api.post('/api/auth/password-reset/confirm', {
        token,
        new_password: 'another horse battery',
      });
      expect(answer.status).toBe(204);
      expect(await eve.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await userhub('reset-password noone', { env })).toMatchObject({ code: 1 });
      await app.close();
    });
  });

  describe('verify-emails', () => {
    it('takes the addresses of older accounts for verified, and mails nobody', async () => {
      const app = await startApp({}, database);
      const fay = await person(app, 'fayette');
      await app.sql(`UPDATE users SET created_at = '2020-01-01' WHERE id = $1`, [fay.id]);
      const { stdout } = await userhub('verify-emails --created-before 2020-06-30', { env });
      expect(stdout).toBe('1 address is verified from now on.\n');
      expect(await fay.api.get('/api/auth/me')).toMatchObject({ body: { email_verified: true } });
      expect((await userhub('verify-emails --created-before 2020-06-30', { env })).stdout).toBe('0 addresses are verified from now on.\n'); // prettier-ignore
      expect((await userhub('verify-emails --created-before yesterday', { env })).code).toBe(1);
      await app.close();
    });
  });

  describe('reset-mfa', () => {
    it('takes away what somebody has lost, the last admin too', async () => {
      const app = await startApp({}, database);
      const root = await withTotp(app, await admin(app, 'lastroot'));
      await addPasskey(root);
      const { code, stdout } = await userhub('reset-mfa LASTROOT', { env });
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: 'lastroot <lastroot@example.com> has no second factor any more, and is signed out everywhere.\n',
      });
      expect(await root.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
      const { api } = { api: app.api.as(await signIn(app, root.email)) };
      expect((await api.get('/api/auth/mfa')).body).toMatchObject({ enabled: false, totp: null, passkeys: 0 });
      expect(await queuedTo(app, root.email)).toContain('factors_reset');
      await app.close();
    });

    it('says that there is nobody of that name', async () => {
      const answer = await userhub('reset-mfa noone', { env });
      expect(answer).toMatchObject({ code: 1, stderr: 'error: There is no user "noone".\n' });
    });
  });

  describe('doctor, of second factors,', () => {
    it('counts apps that can’t be decrypted, and sessions that lack their factor', async () => {
      const app = await startApp({}, database);
      const ada = await withTotp(app, await person(app, 'lostada'));
      const well = await userhub('doctor', { env });
      expect(well.stdout).toContain('✓ No session lacks the second factor of its account.');
      expect(well.stdout).toContain('✓ The secrets of all authenticator apps can be decrypted.');
      const lost = await userhub('doctor', {
        env: { ...env, DATA_ENCRYPTION_KEY: 'another key for data that the tests know' },
      });
      expect(lost).toMatchObject({ code: 1 });
      expect(lost.stdout).toMatch(/✗ \d+ authenticator apps are of no use/);
      await app.sql(`UPDATE sessions SET amr = '{pwd}' WHERE user_id = $1`, [ada.id]);
      const lacking = await userhub('doctor', { env });
      expect(lacking.stdout).toContain('✗ 1 sessions lack the second factor of their account.');
      await app.sql('DELETE FROM sessions WHERE user_id = $1', [ada.id]);
      await app.close();
    });

    it.each([
      [{ DATA_ENCRYPTION_KEY: '' }, '! DATA_ENCRYPTION_KEY is not set'],
      [{ DATA_ENCRYPTION_KEY: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }, '✗ DATA_ENCRYPTION_KEY can be guessed.'],
      [{ DATA_ENCRYPTION_KEY: 'short' }, '✗ DATA_ENCRYPTION_KEY must be 32 bytes or more'],
      [{ DATA_ENCRYPTION_KEY: '', MFA_REQUIRED: 'all' }, '✗ MFA_REQUIRED needs DATA_ENCRYPTION_KEY'],
      [{}, '! WEBAUTHN_RP_ID is not set'],
      [{ WEBAUTHN_RP_ID: 'example.com' }, '✗ No page lies under example.com'],
      [{ WEBAUTHN_RP_ID: '127.0.0.1' }, '✗ WEBAUTHN_RP_ID must be a domain'],
      [{ WEBAUTHN_RP_ID: 'example.com', WEBAUTHN_ORIGINS: 'https://example.org' }, '✗ WEBAUTHN_ORIGINS: "https://example.org" does not lie under example.com'], // prettier-ignore
      [{ WEBAUTHN_RP_ID: 'example.com', CORS_ORIGINS: 'https://app.example.com' }, '✓ Passkeys belong to example.com, and are used on: https://app.example.com'], // prettier-ignore
    ])('says of %j in production: %s', async (settings, finding) => {
      const { stdout } = await userhub('doctor', {
        env: { ...env, NODE_ENV: 'production', BCRYPT_ROUNDS: '10', ...settings },
      });
      expect(stdout).toContain(finding);
    });
  });

  describe('example', () => {
    it('creates, finds and authenticates somebody, and shows how a duplicate is answered', async () => {
      const { code, stdout } = await userhub('example', { env });
      expect(code).toBe(0);
      const [, name = ''] = /created +(ada-\w+)/.exec(stdout) ?? [];
      for (const how of ['by id', 'by e-mail', 'by username', 'right password']) {
        expect(stdout).toMatch(new RegExp(`^${how} +${name}$`, 'm'));
      }
      expect(stdout).toMatch(/^wrong password +nobody$/m);
      expect(stdout).toMatch(/^duplicate +409 email_taken: This e-mail address is already in use\.$/m);
    });
  });

  describe('openapi', () => {
    it('prints the document that the server answers, or writes it to a file', async () => {
      const app = await startApp({}, database);
      const served = (await app.api.get('/openapi.json')).text;
      await app.close();
      expect(await userhub('openapi')).toEqual({ code: 0, stdout: served, stderr: '' });
      const folder = await mkdtemp(path.join(tmpdir(), 'userhub-cli-'));
      const file = path.join(folder, 'api.json');
      expect(await userhub(`openapi --output ${file}`)).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(await readFile(file, 'utf8')).toBe(served);
      await rm(folder, { recursive: true });
    });
  });

  describe('doctor', () => {
    it('counts the passwords whose pepper is wrong or missing', async () => {
      const PASSWORD_PEPPER = 'a pepper that only the tests know';
      const seasoned = await createDatabase();
      const on = (args: string, pepper: string, input?: string) =>
        userhub(args, { env: { ...env, DATABASE_URL: seasoned.url, PASSWORD_PEPPER: pepper }, input });
      await on('create-admin --email pat@example.com --username pat', PASSWORD_PEPPER, 'correct horse battery');
      expect((await on('doctor', PASSWORD_PEPPER)).stdout).toContain('✓ The pepper of every password is at hand.');
      for (const pepper of ['', 'a wrong pepper of some bytes']) {
        const { code, stdout } = await on('doctor', pepper);
        expect(code).toBe(1);
        expect(stdout).toContain('✗ Nobody can sign in with 1 of the passwords: PASSWORD_PEPPER');
      }
      expect(await on('doctor', `a new pepper of some bytes,${PASSWORD_PEPPER}`)).toMatchObject({ code: 0 });
      await seasoned.drop();
    });

    it('finds nothing to fix where all is well', async () => {
      const { code, stdout, stderr } = await userhub('doctor', { env });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^✓ Node\.js/);
      expect(stdout).toMatch(/^✓ The database \w+ at 127\.0\.0\.1:\d+ answers: PostgreSQL \d+/m);
      expect(stdout).toMatch(/^✓ All \d+ migrations are applied\.$/m);
      expect(stdout).not.toContain('✗');
    });

    it('tells of hashes of another system, and of webhooks that do not arrive', async () => {
      const moved = await createDatabase();
      const on = () => userhub('doctor', { env: { ...env, DATABASE_URL: moved.url } });
      const user = (name: string, hash: string) =>
        moved.sql(`INSERT INTO users (id, email, username, password_hash) VALUES (gen_random_uuid(), $1, $2, $3)`, [`${name}@example.com`, name, hash]); // prettier-ignore
      await user('ours', `$2b$12$${'x'.repeat(53)}`);
      expect((await on()).stdout).not.toMatch(/another system|webhook/);
      await user('django', 'pbkdf2_sha256$1000$salt$aGFzaA==');
      await user('dotnet', 'AQAAAAIAAYagAAAAEA==');
      await user('passlib', '$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub');
      await user('fire', '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=eA==$eA==$eA==');
      await moved.sql(
        `INSERT INTO webhooks (id, url, events, key_id, is_active, disabled_reason, failing_since) VALUES
           (gen_random_uuid(), 'https://a.example.com/', '{*}', 'gone', true, NULL, now()),
           (gen_random_uuid(), 'https://b.example.com/', '{*}', 'gone', false, 'The receiver answered 410 Gone.', NULL),
           (gen_random_uuid(), 'https://c.example.com/', '{*}', 'gone', false, NULL, NULL)`,
      );
      await moved.sql(
        `INSERT INTO outbox (id, channel, kind, lane, state, done_at)
         SELECT gen_random_uuid(), 'webhook', 'user.created', id, 'failed', now() FROM webhooks WHERE url LIKE '%b.example%'`,
      );
      const { code, stdout } = await on();
      expect(code).toBe(1);
      expect(stdout).toContain('✓ 4 accounts still have the hash of another system (1 argon2, 1 firebase, 2 pbkdf2).');
      expect(stdout).toContain("✗ The webhook to https://a.example.com/ can't be signed");
      expect(stdout).toMatch(/^! The webhook to https:\/\/a\.example\.com\/ has failed since 20\d\d-/m);
      expect(stdout).toContain(
        '! The webhook to https://b.example.com/ is switched off: The receiver answered 410 Gone.',
      );
      expect(stdout).toContain('! 1 deliveries to https://b.example.com/ are dead.');
      expect(stdout).not.toContain('c.example.com');
      await moved.drop();
    });

    it('lists what is wrong with the settings, and goes no further', async () => {
      const { code, stdout, stderr } = await userhub('doctor', {
        env: { NODE_ENV: 'production', JWT_SECRET_KEY: 'short', PORT: '0x' },
      });
      expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: 3 things must be fixed.\n' });
      for (const name of ['JWT_SECRET_KEY', 'DATABASE_URL', 'PORT'])
        expect(stdout).toMatch(new RegExp(`^✗ ${name}`, 'm'));
    });

    it.each([
      ['is not there', { port: '1' }, 'Is it running'],
      ['lacks the database', { pathname: '/nowhere' }, 'Create it: CREATE DATABASE "nowhere"'],
      ['refuses the password', { password: 'wrong' }, 'Check user and password'],
      ['has no encryption', { search: '?sslmode=require' }, 'remove sslmode'],
    ])('says what to do when the server %s', async (_, change, remedy) => {
      const url = Object.assign(new URL(database.url), change).href;
      const { code, stdout, stderr } = await userhub('doctor', { env: { DATABASE_URL: url } });
      expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: 1 thing must be fixed.\n' });
      expect(stdout).toMatch(/^✗ .*\n {4}/m);
      expect(stdout).toContain(remedy);
    });

    it('sees what a new database still lacks', async () => {
      const empty = await createDatabase({ empty: true });
      const mayMigrate = await userhub('doctor', { env: { DATABASE_URL: empty.url } });
      expect(mayMigrate).toMatchObject({ code: 0, stdout: expect.stringContaining('The next start applies them.') });
      expect(mayMigrate.stdout).toContain('✓ The extension pg_trgm can be created.');
      const mayNot = await userhub('doctor', { env: { DATABASE_URL: empty.url, MIGRATE_ON_START: 'false' } });
      expect(mayNot).toMatchObject({ code: 1, stdout: expect.stringContaining('Apply them: userhub migrate') });
      await userhub('migrate', { env: { DATABASE_URL: empty.url } });
      const migrated = await userhub('doctor', { env: { DATABASE_URL: empty.url } });
      expect(migrated.stdout).toMatch(/^! There is no admin\.\n {4}Make one: userhub create-admin$/m);
      await empty.drop();
    });

    it('sees what a role may not do', async () => {
      await database.sql(`CREATE ROLE guest LOGIN PASSWORD 'guest'`);
      const empty = await createDatabase({ empty: true });
      const url = Object.assign(new URL(empty.url), { username: 'guest', password: 'guest' }).href;
      const { code, stdout } = await userhub('doctor', { env: { DATABASE_URL: url } });
      expect(code).toBe(1);
      expect(stdout).toMatch(/^✗ The extension pg_trgm is missing\.\n {4}Let its owner do: CREATE EXTENSION pg_trgm$/m);
      expect(stdout).toContain('This role may not create tables');
      await empty.drop();
      await database.sql('DROP ROLE guest');
    });

    it.each([
      ['trusting every proxy', { TRUST_PROXY: '0.0.0.0/0' }, '✗ TRUST_PROXY: 0.0.0.0/0 is everybody'],
      ['trusting a network', { TRUST_PROXY: '10.0.0.0/8' }, '✓ Client addresses are taken from proxies in: 10.0.0.0/8'],
      ['a secret of one letter', { JWT_SECRET_KEY: 'x'.repeat(40) }, '! JWT_SECRET_KEY can be guessed.'],
      [
        'a key of the wrong kind',
        { JWT_ALGORITHM: 'ES256', JWT_SECRET_KEY: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' },
        "✗ JWT_SECRET_KEY can't be used",
      ],
      ['more connections than there are', { DB_POOL_MAX: '400' }, '✗ It takes'],
      ['an origin', { CORS_ORIGINS: 'https://app.example.com' }, '✓ Front ends that may call: https://app.example.com'],
    ])('has an opinion on %s', async (_, settings, finding) => {
      expect((await userhub('doctor', { env: { ...env, ...settings } })).stdout).toContain(finding);
    });

    it('is stricter about production', async () => {
      const production = {
        ...env,
        NODE_ENV: 'production',
        BCRYPT_ROUNDS: '10',
        JWT_SECRET_KEY: 'x'.repeat(40),
        THROTTLE: 'off',
      };
      const { stdout } = await userhub('doctor', {
        env: { ...production, DEBUG: 'true', CORS_ORIGINS: 'http://app.example.com' },
      });
      for (const finding of [
        '✗ JWT_SECRET_KEY can be guessed.',
        '✗ THROTTLE is off',
        '! DEBUG is on',
        '! TRUST_PROXY is empty',
        '! CORS_ORIGINS: http://app.example.com is not encrypted.',
      ]) {
        expect(stdout).toContain(finding);
      }
      expect((await userhub('doctor', { env: production })).stdout).toContain('! CORS_ORIGINS is empty');
    });
  });

  describe('mail', () => {
    let relay: Relay;
    const withMail = () => ({ DATABASE_URL: database.url, ...mailBy(relay) });

    beforeAll(async () => {
      relay = await startRelay();
    });
    afterAll(() => relay.close());

    it('test hands a mail over and says what the relay said', async () => {
      const { code, stdout } = await userhub('mail test ops@example.com', { env: withMail() });
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^Sent to ops@example\.com: 250 /) });
      expect((await relay.mailTo('ops@example.com')).parsed.subject).toBe('Mail from UserHub arrives');
    });

    it('test fails when the relay refuses, and where there is none', async () => {
      relay.manners.recipient = () => 550;
      const refused = await userhub('mail test ops@example.com', { env: withMail() });
      expect(refused).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^error: The relay didn't take it: .*550/m),
      });
      relay.manners = {};
      const production = { DATABASE_URL: database.url, NODE_ENV: 'production' };
      const none = await userhub('mail test ops@example.com', { env: production });
      expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('set MAIL_URL') });
    });

    it('list shows how they went, retry has them sent', async () => {
      const app = await startApp(mailBy(relay), database);
      relay.manners.recipient = () => 550;
      const id = await sendSample(app.nest.get(Mails), 'reset', 'gone@example.com');
      const failed = await eventually(async () => {
        const { stdout } = await userhub('mail list --state failed --kind reset --to gone@example.com', {
          env: withMail(),
        });
        return stdout.includes(id) && stdout;
      });
      expect(failed).toMatch(/failed {3}reset {2}gone@example\.com {2}1 try {2}.*550/);
      relay.manners = {};
      expect(await userhub(`mail retry ${id}`, { env: withMail() })).toMatchObject({ code: 0 });
      await relay.mailTo('gone@example.com');
      await app.close();
      expect(await userhub(`mail retry ${id}`, { env: withMail() })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('was sent already'),
      });
      expect(await userhub('mail retry nonsense', { env: withMail() })).toMatchObject({ code: 1 });
      expect(await userhub('mail list --state lost', { env: withMail() })).toMatchObject({ code: 1 });
      expect((await userhub('mail list --to nobody@example.com', { env: withMail() })).stdout).toBe(
        'There are no such mails.\n',
      );
    });

    it('is looked at by doctor: the relay, the sender, where links lead', async () => {
      const well = await userhub('doctor', { env: withMail() });
      expect(well.stdout).toMatch(/✓ The mail relay 127\.0\.0\.1:\d+ answers\./);
      expect(well.stdout).toContain('! Mails come from "UserHub" <no-reply@example.com>.');
      expect(well.stdout).toContain('✓ Links in mails lead to https://app.example.com.');
      expect(well.stdout).toContain('✓ Mails are written in: en, de');
      const encrypted = await userhub('doctor', { env: { ...withMail(), SMTP_SECURE: 'starttls' } });
      expect(encrypted.stdout).toMatch(/✗ The mail relay .*\n +It offers no encryption on this port/);
      const away = await userhub('doctor', { env: { ...withMail(), MAIL_URL: 'smtp://127.0.0.1:1' } });
      expect(away).toMatchObject({ code: 1, stdout: expect.stringMatching(/✗ The mail relay 127\.0\.0\.1:1 says: /) });
      const none = await userhub('doctor', { env: { DATABASE_URL: database.url, NODE_ENV: 'production' } });
      expect(none.stdout).toContain('! No mail is set up');
      const kept = await userhub('doctor', { env: { DATABASE_URL: database.url } });
      expect(kept.stdout).toContain('✓ Mails are kept and shown at http://localhost:8000/dev/mail.');
    });
  });

  describe('on the embedded database', () => {
    it(
      'joins one that runs, and else starts one for as long as it takes',
      async () => {
        const dataDir = await mkdtemp(path.join(tmpdir(), 'userhub-cli-'));
        const settings = loadSettings({ NODE_ENV: 'test', DATA_DIR: dataDir, JWT_SECRET_KEY: SECRET });
        const lockFile = path.join(dataDir, 'postgres', 'postmaster.pid');
        const server = await resolveDatabase(settings);
        expect((await userhub('migrate', { env: { DATA_DIR: dataDir } })).stdout).toContain('Applied ');
        expect(existsSync(lockFile)).toBe(true);
        await server.stop();
        expect(await userhub('status --check', { env: { DATA_DIR: dataDir } })).toMatchObject({ code: 0 });
        expect(existsSync(lockFile)).toBe(false);
        await rm(dataDir, { recursive: true });
      },
      PATIENCE,
    );
  });

  describe('as a process', () => {
    /** From the sources, so that no build of another day is tested. */
    async function process_(args: string[], input = ''): Promise<Outcome> {
      const program = ['--import', '@swc-node/register/esm-register', projectFile('src/cli/main.ts')];
      const child = spawn(process.execPath, [...program, ...args], {
        cwd: projectFile('.'),
        env: { ...process.env, ...env, NODE_ENV: 'test', JWT_SECRET_KEY: SECRET },
      });
      child.stdin.end(input);
      const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      return { code: child.exitCode ?? -1, stdout, stderr };
    }

    it(
      'reads the password from standard input, ends by itself, and answers nothing but what was asked for',
      async () => {
        const args = ['create-admin', '--email', 'eve@example.com', '--username', 'eve'];
        const { code, stdout } = await process_(args, `${PASSWORD}\n`);
        expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^Made the admin eve .*\n$/) });
        expect(await database.sql(`SELECT FROM users WHERE username = 'eve' AND role = 'admin'`)).toHaveLength(1);
      },
      PATIENCE,
    );

    it(
      'has an exit code for what fails, and one for what it does not understand',
      async () => {
        const [failed, misunderstood] = await Promise.all([process_(['unblock', 'noone']), process_(['unblok'])]);
        expect(failed).toMatchObject({ code: 1, stderr: 'error: There is no user "noone".\n' });
        expect(misunderstood).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown command 'unblok'") });
      },
      PATIENCE,
    );
  });
});

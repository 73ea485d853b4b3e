import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { developmentEncryptionKey, developmentSecrets, keepDevelopmentAdmin } from './development-secrets.js';
import { days, hours, minutes, seconds } from './durations.js';
import { SettingsError } from './environment.js';
import { loadEnvironment, loadSettings } from './settings.js';

const SECRET = 'jXb1c0ZmQv3u8t5w9yAbCdEfGhJkLmNp';
const PRODUCTION = { NODE_ENV: 'production', JWT_SECRET_KEY: SECRET, DATABASE_URL: 'postgres://ada:pw@db/userhub' };

/** What stops the start. */
function problemsOf(env: Record<string, string>): string[] {
  try {
    loadSettings(env);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

describe('settings', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'userhub-settings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are all optional in development', () => {
    expect(loadSettings({ DATA_DIR: folder })).toMatchObject({
      environment: 'development',
      isProduction: false,
      server: {
        host: '127.0.0.1',
        port: 8000,
        docsEnabled: true,
        requireIfMatch: false,
        shutdownDelay: 0,
        trustProxy: [],
        corsOrigins: [],
        corsAnyLocalPort: true,
      },
      logging: { level: 'info' },
      database: { isEmbedded: true, poolMax: 10, poolRecycle: minutes(5), migrateOnStart: true },
      tokens: {
        accessTokenLifetime: minutes(30),
        refreshTokenLifetime: days(7),
        sessionLifetime: days(30),
        refreshGrace: seconds(30),
      },
      passwords: { bcryptRounds: 12, minLength: 8 },
      throttle: { enabled: true },
    });
  });

  it('ask little of production: a secret and a database', () => {
    expect(loadSettings(PRODUCTION)).toMatchObject({
      isProduction: true,
      server: { host: '0.0.0.0', shutdownDelay: seconds(5), corsOrigins: [], corsAnyLocalPort: false },
      database: { isEmbedded: false, connection: { servers: [{ host: 'db' }] } },
      tokens: { jwt: { keys: [SECRET] } },
    });
  });

  it.each<[string, Record<string, string>, string]>([
    ['no secret', { JWT_SECRET_KEY: '' }, 'JWT_SECRET_KEY'],
    ['a short one', { JWT_SECRET_KEY: 'secret' }, 'JWT_SECRET_KEY'],
    ['a placeholder', { JWT_SECRET_KEY: 'your-secret-key-change-in-production' }, 'JWT_SECRET_KEY'],
    ['no database', { DATABASE_URL: '' }, 'DATABASE_URL'],
    ['a database that is none', { DATABASE_URL: 'sqlite:///x.db' }, 'DATABASE_URL'],
    ['cheap hashes', { BCRYPT_ROUNDS: '9' }, 'BCRYPT_ROUNDS'],
    ['short passwords', { PASSWORD_MIN_LENGTH: '6' }, 'PASSWORD_MIN_LENGTH'],
    ['a short pepper', { PASSWORD_PEPPER: 'salt' }, 'PASSWORD_PEPPER'],
    ['a short one among several', { PASSWORD_PEPPER: 'a pepper of sixteen bytes or more,salt' }, 'PASSWORD_PEPPER'],
    ['half an admin', { FIRST_ADMIN_EMAIL: 'ada@example.com' }, 'FIRST_ADMIN_PASSWORD'],
    ['everybody as origin', { CORS_ORIGINS: '*' }, 'CORS_ORIGINS'],
    ['an origin with a path', { CORS_ORIGINS: 'https://example.com/app' }, 'CORS_ORIGINS'],
    ['everybody as proxy', { TRUST_PROXY: 'true' }, 'TRUST_PROXY'],
    ['a port that is none', { PORT: '80000' }, 'PORT'],
    ['an environment that is none', { NODE_ENV: 'staging' }, 'NODE_ENV'],
    ['one port for two', { PORT: '9000', METRICS_PORT: '9000' }, 'METRICS_PORT'],
    ['a log level that is none', { LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
  ])('refuse %s in one clear line', (_, env, name) => {
    const problems = problemsOf({ ...PRODUCTION, ...env });
    const about = problems.filter((problem) => problem.includes(name));
    expect(about).toHaveLength(1);
    expect(about[0]).not.toContain('\n');
  });

  it('tell all that is wrong at once', () => {
    const problems = problemsOf({ NODE_ENV: 'production', PORT: 'x', DEBUG: 'maybe' });
    expect(problems).toHaveLength(4);
    expect(new SettingsError(problems).message.split('\n')).toEqual(problems);
  });

  it('let tests hash cheaply, and nobody else', () => {
    expect(loadSettings({ NODE_ENV: 'test', DATA_DIR: folder }).passwords.bcryptRounds).toBe(4);
    expect(problemsOf({ NODE_ENV: 'test', DATA_DIR: folder, BCRYPT_ROUNDS: '4' })).toEqual([]);
    expect(problemsOf({ DATA_DIR: folder, BCRYPT_ROUNDS: '4' })).toHaveLength(1);
  });

  it('hold fewer connections behind a pooler, and migrate past it', () => {
    const env = { ...PRODUCTION, DATABASE_URL: 'postgres://db:6543/x', DATABASE_URL_DIRECT: 'postgres://db:5432/x' };
    expect(loadSettings(env).database).toMatchObject({ poolMax: 5, directConnection: { servers: [{ port: 5432 }] } });
    expect(loadSettings({ ...env, DB_POOL_MAX: '20' }).database.poolMax).toBe(20);
  });

  it('read origins and networks as lists', () => {
    const env = {
      CORS_ORIGINS: 'https://app.example.com, http://localhost:3000/',
      TRUST_PROXY: '10.0.0.0/8, fd00::/8,loopback',
    };
    expect(loadSettings({ ...PRODUCTION, ...env }).server).toMatchObject({
      corsOrigins: ['https://app.example.com', 'http://localhost:3000'],
      trustProxy: ['10.0.0.0/8', 'fd00::/8', 'loopback'],
    });
  });

  it.each<[string, string[]]>([
    ['', []],
    ['a pepper of sixteen bytes or more', ['a pepper of sixteen bytes or more']],
    [
      'a new pepper of some bytes, an old pepper of some bytes',
      ['a new pepper of some bytes', 'an old pepper of some bytes'],
    ],
    ['salt,and,pepper,and,more', ['salt,and,pepper,and,more']],
  ])('read peppers: %s', (PASSWORD_PEPPER, peppers) => {
    expect(loadSettings({ ...PRODUCTION, PASSWORD_PEPPER }).passwords.peppers).toEqual(peppers);
  });

  it('log more when debugging, unless told how much', () => {
    expect(loadSettings({ ...PRODUCTION, DEBUG: 'true' }).logging).toEqual({ debug: true, level: 'debug' });
    expect(loadSettings({ ...PRODUCTION, DEBUG: 'true', LOG_LEVEL: 'warn' }).logging.level).toBe('warn');
  });

  it.each<[string, Buffer]>([
    ['UTF-8 with a byte order mark, as Windows editors write it', Buffer.from('\uFEFFUSERHUB_TEST_ONLY=héllo\r\n')],
    ['UTF-16, as > in PowerShell writes it', Buffer.from('\uFEFFUSERHUB_TEST_ONLY=héllo\r\n', 'utf16le')],
  ])('are read from a .env in %s', (_, bytes) => {
    const before = process.cwd();
    writeFileSync(path.join(folder, '.env'), bytes);
    process.chdir(folder);
    try {
      expect(loadEnvironment()['USERHUB_TEST_ONLY']).toBe('héllo');
    } finally {
      process.chdir(before);
    }
  });

  it('come from .env, over which the environment itself prevails', () => {
    const before = process.cwd();
    writeFileSync(path.join(folder, '.env'), 'USERHUB_TEST_ONLY="from the file"\nPATH=nowhere\n');
    process.chdir(folder);
    try {
      expect(loadEnvironment()).toMatchObject({ USERHUB_TEST_ONLY: 'from the file', PATH: process.env['PATH'] });
    } finally {
      process.chdir(before);
    }
  });
});

describe('developmentSecrets', () => {
  it('are made once, kept, and nobody else’s to read', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'userhub-secrets-'));
    const dataDir = path.join(folder, 'new', '.data');
    const secrets = developmentSecrets(dataDir);
    expect(developmentSecrets(dataDir)).toEqual(secrets);
    expect(secrets.jwtSecret).not.toBe(secrets.databasePassword);
    expect(Buffer.byteLength(secrets.jwtSecret)).toBeGreaterThanOrEqual(32);
    const file = path.join(dataDir, 'secrets.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(secrets);
    expect(statSync(file).mode & 0o077).toBe(0);
    rmSync(folder, { recursive: true });
  });
});

describe('secrets.json', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'userhub-secrets-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    ['empty', ''],
    ['cut off', '{"jwtSecret": "abc'],
    ['null', 'null'],
    ['a list', '[]'],
    ['without its members', '{}'],
    ['with empty ones', '{"jwtSecret": "", "databasePassword": ""}'],
  ])('that is %s stops the start with a line that names it and says what to do', (_, text) => {
    const file = path.join(folder, 'secrets.json');
    writeFileSync(file, text);
    const problems = problemsOf({ DATA_DIR: folder });
    expect(problems).toEqual([expect.stringContaining(`${file} is damaged`) as string]);
    expect(problems[0]).toMatch(/from a copy, or remove .* to begin anew\.$/);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('and the key for what is encrypted are guarded alike', () => {
    const file = path.join(folder, 'data-encryption-key');
    writeFileSync(file, 'cut');
    expect(() => developmentEncryptionKey(folder)).toThrow(`${file} is damaged.`);
    rmSync(file);
    const key = developmentEncryptionKey(folder);
    expect([developmentEncryptionKey(folder), readdirSync(folder)]).toEqual([key, ['data-encryption-key']]);
  });

  it('is read with a byte order mark, too', () => {
    const secrets = developmentSecrets(folder);
    writeFileSync(path.join(folder, 'secrets.json'), `\uFEFF${JSON.stringify(secrets)}`);
    expect(developmentSecrets(folder)).toEqual(secrets);
  });

  it('keeps the admin of development beside the others, and leaves nothing else behind', () => {
    const secrets = developmentSecrets(folder);
    const admin = { email: 'admin@example.com', password: 'a password' };
    keepDevelopmentAdmin(folder, admin);
    expect(developmentSecrets(folder)).toEqual({ ...secrets, admin });
    expect(readdirSync(folder)).toEqual(['secrets.json']);
    expect(statSync(path.join(folder, 'secrets.json')).mode & 0o077).toBe(0);
  });
});

describe('durations', () => {
  it('are milliseconds', () => {
    expect([seconds(1), minutes(1), hours(1), days(1)]).toEqual([1_000, 60_000, 3_600_000, 86_400_000]);
  });
});

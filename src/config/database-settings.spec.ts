import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EnvironmentReader } from './environment.js';
import { readConnection } from './connection-settings.js';

function read(env: Record<string, string>) {
  const reader = new EnvironmentReader(env);
  return { database: readConnection(reader, 'DATABASE_URL'), problems: reader.problems };
}
const at = (...servers: object[]) => ({ servers });
const fromUrl = (url: string) => read({ DATABASE_URL: url }).database;

describe('DATABASE_URL', () => {
  const place = { servers: [{ host: 'db.example.com', port: 5433 }], user: 'ada', password: 'secret', name: 'userhub' };

  it.each([
    'postgres',
    'postgresql',
    'postgresql+asyncpg',
    'postgresql+psycopg2',
    'postgresql+psycopg',
    'postgres+asyncpg',
    'postgresql+pg8000',
  ])('takes %s://', (scheme) => {
    expect(fromUrl(`${scheme}://ada:secret@db.example.com:5433/userhub`)).toEqual({
      ...place,
      ssl: false,
      pooler: 'none',
    });
  });

  it.each([
    ['a password with special characters', 'postgres://ada:p%40ss%2Fw%3Ard%25@db/userhub', { password: 'p@ss/w:rd%' }],
    ['no port', 'postgres://ada@db/userhub', at({ port: 5432 })],
    ['no password', 'postgres://ada@db/userhub', { password: undefined }],
    ['no user', 'postgres://db/userhub', { user: 'postgres' }],
    ['no database, which is then called as the user is', 'postgres://ada@db', { name: 'ada' }],
    ['no host', 'postgres:///userhub', at({ host: 'localhost' })],
    [
      'a Unix socket',
      'postgres:///userhub?host=/var/run/postgresql&port=5555',
      at({ host: '/var/run/postgresql', port: 5555 }),
    ],
    ['an IPv6 address', 'postgres://ada@[::1]:5433/userhub', at({ host: '::1', port: 5433 })],
    ['white space around it', '  postgres://ada@db/userhub \n', { ...at({ host: 'db' }), name: 'userhub' }],
  ])('takes %s', (_, url, expected) => {
    expect(fromUrl(url)).toMatchObject(expected);
  });

  it.each([
    ['disable', false],
    ['allow', false],
    ['prefer', false],
    ['require', { rejectUnauthorized: false }],
    ['verify-ca', { rejectUnauthorized: true }],
    ['verify-full', { rejectUnauthorized: true }],
  ])('reads sslmode=%s', (mode, ssl) => {
    const database = fromUrl(`postgres://db/userhub?sslmode=${mode}`);
    expect(database?.ssl === false ? false : { rejectUnauthorized: database?.ssl.rejectUnauthorized }).toEqual(ssl);
    const others = [
      fromUrl(`postgresql+asyncpg://db/userhub?ssl=${mode}`),
      read({ DB_HOST: 'db', DB_SSLMODE: mode }).database,
    ];
    for (const other of others) expect(JSON.stringify(other?.ssl)).toBe(JSON.stringify(database?.ssl));
  });

  it('has a certificate checked, and with verify-full the name in it too', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'userhub-ca-'));
    const file = path.join(folder, 'ca.pem');
    writeFileSync(file, 'a certificate');
    const ssl = (mode: string) => fromUrl(`postgres://db/userhub?sslmode=${mode}&sslrootcert=${file}`)?.ssl;
    expect(ssl('require')).toEqual({ rejectUnauthorized: true, ca: 'a certificate' });
    expect(ssl('verify-full')).toEqual({ rejectUnauthorized: true, ca: 'a certificate' });
    const lenient = ssl('verify-ca');
    expect(lenient && lenient.checkServerIdentity?.()).toBeUndefined();
    expect(lenient).toHaveProperty('checkServerIdentity');
    rmSync(folder, { recursive: true });
  });

  it('takes the authorities that Node trusts for sslrootcert=system, and then checks everything', () => {
    for (const mode of ['', '&sslmode=verify-full', '&sslmode=require']) {
      const { database, problems } = read({ DATABASE_URL: `postgres://db/userhub?sslrootcert=system${mode}` });
      expect({ ssl: database?.ssl, problems }).toEqual({ ssl: { rejectUnauthorized: true, ca: undefined }, problems: [] }); // prettier-ignore
    }
  });

  it('names a certificate file that is not there, or that is none', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'userhub-ca-'));
    const problemsOf = (env: Record<string, string>) => read({ DATABASE_URL: 'postgres://db/userhub?sslmode=verify-full', ...env }).problems; // prettier-ignore
    expect(problemsOf({ DATABASE_URL: 'postgres://ada:secret@db/userhub?sslmode=verify-ca&sslrootcert=/nowhere/ca.pem' })).toEqual(['sslrootcert: the certificate file /nowhere/ca.pem is not there.']); // prettier-ignore
    expect(problemsOf({ PGSSLROOTCERT: '/nowhere/ca.pem' })).toEqual(['sslrootcert: the certificate file /nowhere/ca.pem is not there.']); // prettier-ignore
    expect(problemsOf({ PGSSLROOTCERT: folder })).toEqual([`sslrootcert: the certificate file ${folder} can't be read.`]); // prettier-ignore
    expect(problemsOf({ PGSSLROOTCERT: '/nowhere/ca.pem', DATABASE_URL: 'postgres://db/userhub' })).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it.each(['verify_full', 'required', 'yes', ''])('refuses sslmode=%j rather than go without TLS', (mode) => {
    expect(read({ DATABASE_URL: `postgres://db/userhub?sslmode=${mode}` }).problems).toEqual([
      expect.stringContaining('verify-full') as string,
    ]);
  });

  it.each([
    'mysql://db/userhub',
    'db.example.com',
    'postgres',
    'http://db/userhub',
    'postgres://db:port/userhub',
    'postgres://db:99999/userhub',
    'postgres:///userhub?host=/tmp&port=none',
    'postgres://one,,two/userhub',
    'postgres://one,two:port/userhub',
    'postgres://one,two/userhub?port=1,2,3',
    'postgres:///userhub?host=one,two&port=1,none',
  ])('refuses %s, without repeating what may hold a password', (url) => {
    const { database, problems } = read({ DATABASE_URL: url });
    expect(database).toBeUndefined();
    expect(problems).toEqual(['DATABASE_URL must look like postgresql://user:password@host:5432/database.']);
  });

  it.each([
    ['postgres://ada:50%@db/userhub', '%', '%25'],
    ['postgres://ada:pa#ss@db/userhub', '#', '%23'],
    ['postgres://ada:12#34@db/userhub', '#', '%23'],
    ['postgres://ada:pa?ss@db/userhub', '?', '%3F'],
    ['postgres://ada:pa/ss@db/userhub', '/', '%2F'],
  ])('refuses %s, and says what to write instead', (url, character, encoded) => {
    const { database, problems } = read({ DATABASE_URL: url });
    expect(database).toBeUndefined();
    expect(problems).toEqual([
      `DATABASE_URL must look like postgresql://user:password@host:5432/database: percent-encode the ${character} in the password (${encoded}).`,
    ]);
  });

  it('takes an unencoded @ in the password, as only the last one can end it', () => {
    expect(read({ DATABASE_URL: 'postgres://ada:p@ss@db/userhub' }).database).toMatchObject({
      password: 'p@ss',
      ...at({ host: 'db' }),
    });
  });
});

describe('several servers', () => {
  const ada = { user: 'ada', password: 'p@ss,word', name: 'hub' };

  it.each([
    ['postgres://ada:p%40ss,word@one:1,two:2/hub', at({ host: 'one', port: 1 }, { host: 'two', port: 2 })],
    ['postgresql+asyncpg://ada:p@ss,word@one,two:2/hub', at({ host: 'one', port: 5432 }, { host: 'two', port: 2 })],
    [
      'postgres://ada:p@ss,word@[::1]:1,[fe80::2]/hub?port=3',
      at({ host: '::1', port: 1 }, { host: 'fe80::2', port: 3 }),
    ],
    ['postgres://ada:p@ss,word@one,two/hub?port=1,2', at({ host: 'one', port: 1 }, { host: 'two', port: 2 })],
    [
      'postgres://ada:p@ss,word@x/hub?host=/run/one,two&port=1,2',
      at({ host: '/run/one', port: 1 }, { host: 'two', port: 2 }),
    ],
  ])('in %s', (url, servers) => {
    expect(read({ DATABASE_URL: url })).toMatchObject({ database: { ...ada, ...servers }, problems: [] });
  });

  it('are one database: one role, one sslmode, and a pooler when one of them is one', () => {
    expect(fromUrl('postgres://one,two:6432/hub?sslmode=require')).toMatchObject({
      ssl: { rejectUnauthorized: false },
      pooler: 'transaction',
    });
  });

  const problemsOf = (hosts: string, wanted: string) =>
    read({ DATABASE_URL: `postgres://ada:secret@${hosts}/hub?target_session_attrs=${wanted}` }).problems;

  it('are looked through for the one that takes writes; nothing else may be asked for, of one server neither', () => {
    for (const hosts of ['one,two:2', 'one']) {
      expect(problemsOf(hosts, 'read-write')).toEqual([]);
      for (const wanted of ['any', 'primary', 'read-only', 'standby', 'prefer-standby', '']) {
        expect(problemsOf(hosts, wanted)).toEqual(['DATABASE_URL: target_session_attrs must be read-write, or left out: UserHub takes no standby.']); // prettier-ignore
      }
    }
  });
});

describe('DB_*', () => {
  it('say it in parts', () => {
    const env = { DB_HOST: 'db', DB_PORT: '5433', DB_USER: 'ada', DB_PASSWORD: 'p@ss', DB_NAME: 'hub' };
    expect(read(env).database).toMatchObject({
      ...at({ host: 'db', port: 5433 }),
      user: 'ada',
      password: 'p@ss',
      name: 'hub',
    });
  });

  it('may be left out one by one', () => {
    expect(read({ DB_HOST: 'db' }).database).toMatchObject({
      ...at({ port: 5432 }),
      user: 'postgres',
      password: undefined,
      name: 'userhub',
    });
    expect(read({ DB_NAME: 'hub' }).database).toMatchObject({ ...at({ host: 'localhost' }), name: 'hub' });
    expect(read({}).database).toBeUndefined();
    expect(read({ DB_PORT: '5433' }).database).toBeUndefined(); // says nothing of where
  });

  it('count only where there is no DATABASE_URL', () => {
    expect(read({ DATABASE_URL: 'postgres://one/x', DB_HOST: 'two' }).database).toMatchObject(at({ host: 'one' }));
  });
});

describe('DATABASE_POOLER', () => {
  it.each([
    ['postgres://ada@db:6543/x', 'transaction'],
    ['postgres://ada@db:6432/x', 'transaction'],
    ['postgres://ada@ep-cool-name-pooler.eu-central-1.aws.neon.tech/x', 'transaction'],
    ['postgres://ada@db:5432/x', 'none'],
    ['postgres://ada@pooler.example.com/x', 'none'],
  ])('is guessed from %s: %s', (url, pooler) => {
    expect(fromUrl(url)?.pooler).toBe(pooler);
  });

  it('can be said', () => {
    expect(read({ DATABASE_URL: 'postgres://db:6543/x', DATABASE_POOLER: 'none' }).database?.pooler).toBe('none');
    expect(read({ DB_HOST: 'db', DATABASE_POOLER: 'transaction' }).database?.pooler).toBe('transaction');
    expect(read({ DB_HOST: 'db', DATABASE_POOLER: 'session' }).problems).toEqual(['DATABASE_POOLER must be one of: none, transaction.']); // prettier-ignore
  });
});

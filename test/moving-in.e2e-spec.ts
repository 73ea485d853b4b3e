import { execFile } from 'node:child_process';
import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { hashSync as argon2 } from '@node-rs/argon2';
import bcrypt from 'bcrypt';
import { run } from '../src/cli/program.js';
import { projectFile } from '../src/config/project.js';
import { ENCRYPTION_KEY, SECRET, startApp, type TestApp } from './support/app.js';
import { signIn } from './support/people.js';

const OLD = 'old battery horse staple';
const SALT = Buffer.from('sixteen bytes .?');
const BCRYPT = bcrypt.hashSync(OLD, 4);
const ID = '8f14e45f-ceea-467f-a0e6-1c3f2b7d9a10';

const base64 = (bytes: Buffer) => bytes.toString('base64');
const pbkdf2 = (digest: string, length: number) => pbkdf2Sync(OLD, SALT, 1000, length, digest);
const django = `pbkdf2_sha256$1000$${base64(SALT)}$${base64(pbkdf2Sync(OLD, base64(SALT), 1000, 32, 'sha256'))}`;

/** ASP.NET Identity v3 of .NET 7 and later: HMAC-SHA512. */
function aspNet(): string {
  const head = Buffer.alloc(13);
  head[0] = 1;
  [2, 1000, SALT.length].forEach((value, index) => head.writeUInt32BE(value, 1 + 4 * index));
  return base64(Buffer.concat([head, SALT, pbkdf2('sha512', 32)]));
}

const ARGON2 = argon2(OLD, { memoryCost: 4096, timeCost: 3, parallelism: 1, salt: SALT });

/** As `kc.sh export` writes it: JSON in JSON. */
const keycloakUser = (name: string, algorithm: string, value: Buffer | string, data: object = {}) => ({
  id: undefined as string | undefined,
  username: name,
  email: `${name}@example.com`,
  emailVerified: true,
  enabled: true,
  firstName: 'Kay',
  lastName: 'Cloak',
  createdTimestamp: 1_700_000_000_000,
  totp: false,
  credentials: [
    { id: 'c1', type: 'otp', secretData: '{"value":"seed"}', credentialData: '{"subType":"totp"}' },
    {
      id: 'c2',
      type: 'password',
      createdDate: 1_700_000_000_000,
      secretData: JSON.stringify({ value: typeof value === 'string' ? value : base64(value), salt: base64(SALT), additionalParameters: {} }), // prettier-ignore
      credentialData: JSON.stringify({ hashIterations: 1000, algorithm, additionalParameters: {}, ...data }),
    },
  ],
  requiredActions: [],
  realmRoles: ['default-roles-demo'],
});

const json = (value: unknown) => JSON.stringify(value, null, 2);
const lines = (...values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** Somebody of the file, and what is known of them afterwards. */
interface Expected {
  email: string;
  /** Their old password is right. */
  signsIn?: boolean;
  is?: Record<string, unknown>;
}

/** Each as that system writes it. */
const EXPORTS: [system: string, file: string, content: string, people: Expected[]][] = [
  [
    'keycloak',
    'realm-export.json',
    json({
      realm: 'demo',
      enabled: true,
      users: [
        { ...keycloakUser('kc512', 'pbkdf2-sha512', pbkdf2('sha512', 64)), id: ID },
        keycloakUser('kc256', 'pbkdf2-sha256', pbkdf2('sha256', 64)),
        keycloakUser('kc1', 'pbkdf2', pbkdf2('sha1', 64)),
        keycloakUser('kcargon', 'argon2', `${ARGON2.split('$').at(-1)}=`, {
          hashIterations: 3,
          additionalParameters: {
            hashLength: ['32'],
            memory: ['4096'],
            type: ['id'],
            version: ['1.3'],
            parallelism: ['1'],
          },
        }),
        { ...keycloakUser('kcoff', 'pbkdf2-sha512', pbkdf2('sha512', 64)), enabled: false },
        { username: 'kcfed', email: 'kcfed@example.com', emailVerified: false, enabled: true, credentials: [] },
        {
          username: 'kcold',
          email: 'kcold@example.com',
          credentials: [
            {
              type: 'password',
              hashedSaltedValue: base64(pbkdf2('sha256', 64)),
              salt: base64(SALT),
              hashIterations: 1000,
              algorithm: 'pbkdf2-sha256',
            },
          ],
        },
      ],
    }),
    [
      {
        email: 'kc512@example.com',
        signsIn: true,
        is: { id: ID, display_name: 'Kay Cloak', username: 'kc512', created_at: new Date(1_700_000_000_000) },
      },
      { email: 'kc256@example.com', signsIn: true },
      { email: 'kc1@example.com', signsIn: true },
      { email: 'kcargon@example.com', signsIn: true },
      { email: 'kcoff@example.com', is: { is_active: false } },
      { email: 'kcfed@example.com', is: { password_hash: null, email_verified_at: null } },
      { email: 'kcold@example.com', signsIn: true },
    ],
  ],
  [
    'auth0',
    'auth0.json',
    lines(
      { _id: { $oid: '60425dc43519d90068f82973' }, email_verified: true, email: 'auth1@example.com', passwordHash: BCRYPT.replace('$2b$', '$2a$'), password_set_date: { $date: '2021-03-05T16:35:16.775Z' }, tenant: 'dev', connection: 'Username-Password-Authentication', _tmp_is_unique: true }, // prettier-ignore
      { user_id: 'auth0|2', email: 'auth2@example.com', name: 'auth2@example.com', username: 'auth2', created_at: '2021-03-05T16:35:16.775Z', blocked: true }, // prettier-ignore
    ),
    [
      { email: 'auth1@example.com', signsIn: true, is: { username: 'auth1' } },
      { email: 'auth2@example.com', is: { username: 'auth2', display_name: null, is_active: false } },
    ],
  ],
  [
    'supabase',
    'auth-users.csv',
    `id,email,encrypted_password,email_confirmed_at,raw_user_meta_data,created_at,banned_until,deleted_at\n` +
      `a3bb189e-8bf9-4c3f-9a2b-7d0c1e5f6a71,sb1@example.com,${BCRYPT},2024-01-02 03:04:05.678+00,"{""full_name"": ""Su, Base""}",2024-01-01 00:00:00+00,,\n` +
      `a3bb189e-8bf9-4c3f-9a2b-7d0c1e5f6a72,sb2@example.com,,,{},2024-01-01 00:00:00+00,2999-01-01 00:00:00+00,\n`,
    [
      {
        email: 'sb1@example.com',
        signsIn: true,
        is: {
          id: 'a3bb189e-8bf9-4c3f-9a2b-7d0c1e5f6a71',
          display_name: 'Su, Base',
          created_at: new Date('2024-01-01T00:00:00Z'),
          email_verified_at: expect.any(Date),
        },
      },
      { email: 'sb2@example.com', is: { is_active: false, password_hash: null, email_verified_at: null } },
    ],
  ],
  [
    'supabase',
    'dump-copy.sql',
    `SET statement_timeout = 0;\nCOPY auth.sessions (id, user_id) FROM stdin;\n1\t2\n\\.\n\n` +
      `COPY auth.users (instance_id, id, aud, email, encrypted_password, email_confirmed_at, raw_user_meta_data, created_at, banned_until) FROM stdin;\n` +
      `0\ta3bb189e-8bf9-4c3f-9a2b-7d0c1e5f6a73\tauthenticated\tsb3@example.com\t${BCRYPT}\t2024-01-02 03:04:05.678+00\t{"name": "Back\\\\\\\\slash"}\t2024-01-01 00:00:00+00\t\\N\n` +
      `\\.\n\nCOPY auth.audit (id) FROM stdin;\n7\n\\.\n`,
    [{ email: 'sb3@example.com', signsIn: true, is: { display_name: 'Back\\slash' } }],
  ],
  [
    'supabase',
    'dump-insert.sql',
    `INSERT INTO "auth"."users" ("instance_id", "id", "email", "encrypted_password", "email_confirmed_at", "raw_user_meta_data", "created_at", "is_sso_user") VALUES\n` +
      `\t('0', 'a3bb189e-8bf9-4c3f-9a2b-7d0c1e5f6a74', 'sb4@example.com', '${BCRYPT}', '2024-01-02 03:04:05.678+00', '{"name":\n"O''Neill (the second), Jr."}', '2024-01-01 00:00:00+00', false),\n` +
      `\t('0', 'a3bb189e-8bf9-4c3f-9a2b-7d0c1e5f6a75', 'sb5@example.com', NULL, NULL, NULL, '2024-01-01 00:00:00+00', false);\n\n` +
      `INSERT INTO "auth"."identities" ("id") VALUES\n\t('nobody');\n`,
    [
      { email: 'sb4@example.com', signsIn: true, is: { display_name: "O'Neill (the second), Jr." } },
      { email: 'sb5@example.com', is: { password_hash: null } },
    ],
  ],
  [
    'clerk',
    'clerk.csv',
    `id,first_name,last_name,username,primary_email_address,primary_phone_number,verified_email_addresses,unverified_email_addresses,verified_phone_numbers,unverified_phone_numbers,totp_secret,password_digest,password_hasher\n` +
      `user_1,Cle,Rk,cle.rk,clerk1@example.com,,clerk1@example.com,,,,,${BCRYPT},bcrypt\n` +
      `user_2,,,,clerk2@example.com,,,clerk2@example.com,,,,,\n` +
      `user_3,,,,clerk3@example.com,,clerk3@example.com,,,,,"${ARGON2}",argon2id\n`,
    [
      { email: 'clerk1@example.com', signsIn: true, is: { username: 'cle.rk', display_name: 'Cle Rk', email_verified_at: expect.any(Date) } }, // prettier-ignore
      { email: 'clerk2@example.com', is: { email_verified_at: null, password_hash: null } },
      { email: 'clerk3@example.com', signsIn: true },
    ],
  ],
  [
    'aspnet',
    'AspNetUsers.csv',
    `Id,UserName,NormalizedUserName,Email,NormalizedEmail,EmailConfirmed,PasswordHash,SecurityStamp,LockoutEnd,LockoutEnabled,AccessFailedCount\n` +
      `0b6a1e52-3c4d-4e5f-8a9b-0c1d2e3f4a5b,net1@example.com,NET1@EXAMPLE.COM,net1@example.com,NET1@EXAMPLE.COM,True,${aspNet()},S,,True,0\n` +
      `2,net2,NET2,net2@example.com,NET2@EXAMPLE.COM,0,,S,9999-12-31 23:59:59.9999999 +00:00,1,0\n`,
    [
      { email: 'net1@example.com', signsIn: true, is: { id: '0b6a1e52-3c4d-4e5f-8a9b-0c1d2e3f4a5b', username: 'net1' } }, // prettier-ignore
      { email: 'net2@example.com', is: { username: 'net2', is_active: false, email_verified_at: null } },
    ],
  ],
  [
    'django',
    'auth_user.csv',
    `id,password,last_login,is_superuser,username,first_name,last_name,email,is_staff,is_active,date_joined\n` +
      `1,${django},,t,dj@ngo,Djan,Go,dj1@example.com,t,t,2020-02-02 02:02:02.123456+00\n`,
    [{ email: 'dj1@example.com', signsIn: true, is: { username: 'dj1', role: 'user', display_name: 'Djan Go' } }],
  ],
];

describe('moving in with the export of another system', () => {
  let app: TestApp;
  let folder: string;

  beforeAll(async () => {
    [app, folder] = [await startApp({ BCRYPT_ROUNDS: '5' }), await mkdtemp(path.join(tmpdir(), 'userhub-moving-in-'))];
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  const file = async (name: string, content: string) => {
    const place = path.join(folder, name);
    await writeFile(place, content);
    return place;
  };

  const environment = () => ({
    NODE_ENV: 'test',
    DATABASE_URL: app.database.url,
    JWT_SECRET_KEY: SECRET,
    DATA_ENCRYPTION_KEY: ENCRYPTION_KEY,
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
    const terminal = { stdin: new PassThrough(), stdout: to('stdout'), stderr: to('stderr'), env: environment() };
    return { code: await run(args, terminal), ...said };
  }

  /** As it is run: in a process of its own. Resolves with what it says. */
  const userhubProcess = async (...args: string[]): Promise<string> => {
    const loader = ['--disable-warning=ExperimentalWarning', '--import', '@swc-node/register/esm-register'];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...loader, projectFile('src/cli/main.ts'), ...args],
      { cwd: projectFile('.'), env: { PATH: process.env['PATH'], ...environment() } },
    );
    return stdout;
  };
  const find = async (email: string) =>
    (await app.sql<Record<string, unknown>>('SELECT * FROM users WHERE email = $1', [email]))[0];

  async function expectPeople(people: Expected[]): Promise<void> {
    for (const { email, signsIn, is = {} } of people) {
      expect(await find(email)).toMatchObject(is);
      if (!signsIn) continue;
      await signIn(app, email, OLD);
      expect(await find(email)).toMatchObject({ password_hash: expect.stringMatching(/^\$2b\$/) });
      await signIn(app, email, OLD);
    }
  }

  it.each(EXPORTS)('%s: %s', async (system, name, content, people) => {
    const { code, stdout, stderr } = await userhub('import', await file(name, content), '--from', system);
    expect({ code, stdout, stderr }).toMatchObject({
      code: 0,
      stdout: `${people.length} rows: ${people.length} added, 0 updated, 0 skipped, 0 failed.\n`,
    });
    await expectPeople(people);
  });

  it("Firebase's export and Django's dump, through the CLI as it is run: people sign in with their old passwords, which are renewed", async () => {
    const signerKey = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==';
    const config = { algorithm: 'SCRYPT', base64_signer_key: signerKey, base64_salt_separator: 'Bw==', rounds: 8, mem_cost: 14 }; // prettier-ignore
    // the vector that Firebase publishes
    const user = {
      localId: 'abc',
      email: 'fire@example.com',
      emailVerified: true,
      passwordHash: 'lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==',
      salt: '42xEC-ixf3L2lw==',
      createdAt: '1700000000000',
    };
    const firebase = await userhubProcess('import', await file('users.json', json({ users: [user] })), '--firebase-config', await file('config.json', json(config))); // prettier-ignore
    expect(firebase).toMatch(/^1 rows: 1 added/);
    await signIn(app, 'fire@example.com', 'user1password');
    expect(await find('fire@example.com')).toMatchObject({ password_hash: expect.stringMatching(/^\$2b\$/) });

    const fields = (name: string, password: string) => ({ password, last_login: null, is_superuser: false, username: name, first_name: '', last_name: '', email: `${name}@example.com`, is_staff: false, is_active: true, date_joined: '2020-02-02T02:02:02.123Z', groups: [], user_permissions: [] }); // prettier-ignore
    const dump = [
      { model: 'auth.permission', pk: 1, fields: { name: 'Can add user' } },
      { model: 'auth.user', pk: 1, fields: fields('djpbkdf2', django) },
      { model: 'auth.user', pk: 2, fields: fields('djscrypt', `scrypt$16384$NaCl$8$1$${base64(scryptSync(OLD, 'NaCl', 64, { N: 16384, r: 8, p: 1, maxmem: 2 ** 28 }))}`) }, // prettier-ignore
      { model: 'auth.user', pk: 3, fields: fields('djnone', '!kdJ3nQzK') },
    ];
    const stdout = await userhubProcess('import', await file('dump.json', json(dump)), '--from', 'django');
    expect(stdout).toMatch(/^3 rows: 3 added/);
    await expectPeople([
      { email: 'djpbkdf2@example.com', signsIn: true, is: { created_at: new Date('2020-02-02T02:02:02.123Z') } },
      { email: 'djscrypt@example.com', signsIn: true },
      { email: 'djnone@example.com', is: { password_hash: null } },
    ]);
  });

  it('refuses hostile hashes of any of them, by row, and goes on', async () => {
    const hostile = json({
      users: [
        keycloakUser('evil1', 'pbkdf2-sha512', pbkdf2('sha512', 64), { hashIterations: 20_000_000_000 }),
        keycloakUser('evil2', 'argon2', base64(Buffer.alloc(32, 7)), {
          hashIterations: 3,
          additionalParameters: { memory: ['99999999'], type: ['id'], version: ['1.3'], parallelism: ['1'] },
        }),
        keycloakUser('evil3', 'md5', 'ZA=='),
        { email: 'evil4@example.com', credentials: [{ type: 'password', secretData: '{', credentialData: '{' }] },
        'no user at all',
        null,
        keycloakUser('good', 'pbkdf2-sha512', pbkdf2('sha512', 64)),
      ],
    });
    const { code, stdout, stderr } = await userhub('import', await file('evil.json', hostile), '--from', 'keycloak');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '7 rows: 1 added, 0 updated, 0 skipped, 6 failed.\n' });
    expect(stderr).toMatch(/^line 1: password_hash: Verifying this hash would take too long/m);
    expect(stderr).toMatch(/^line 2: password_hash: Verifying this hash would take too long/m);
    expect(stderr).toMatch(/^line [34]: password_hash: This hash cannot be verified here/m);
    await signIn(app, 'good@example.com', OLD);
  });

  it.each([
    ['keycloak', 'nothing.json', '{"realm": "demo"}', /it has no list "users"/],
    ['django', 'nothing.json', '{}', /it is no list of objects/],
    ['keycloak', 'half.json', '{"users": [', /half\.json: /],
    ['clerk', 'broken.csv', 'a,b\n"1', /broken\.csv: /],
  ])('says what is wrong with a file that is none of %s', async (system, name, content, complaint) => {
    const { code, stderr } = await userhub('import', await file(name, content), '--from', system);
    expect(code).toBe(1);
    expect(stderr).toMatch(complaint);
  });
});

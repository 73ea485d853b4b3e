import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('registration', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(() => app.sql('TRUNCATE users CASCADE'));

  const register = (body: object) => app.api.post('/api/auth/register', body);
  const ada = { email: 'ada@example.com', username: 'ada', password: PASSWORD };

  describe('POST /api/auth/register', () => {
    it('makes an account and says where it lives', async () => {
      const picture = 'https://example.com/ada.png?size=2';
      const { status, body, headers } = await register({ ...ada, display_name: 'Ada Lovelace', profile_picture_url: picture }); // prettier-ignore
      expect(status).toBe(201);
      expect(body).toEqual({
        id: expect.stringMatching(UUID_V7) as string,
        email: 'ada@example.com',
        email_verified: false,
        pending_email: null,
        locale: null,
        username: 'ada',
        display_name: 'Ada Lovelace',
        profile_picture_url: picture,
        role: 'user',
        is_active: true,
        has_password: true,
        mfa_enabled: false,
        mfa_required: false,
        created_at: expect.stringMatching(UTC) as string,
        updated_at: body.created_at as string,
      });
      expect(headers.get('location')).toBe(`/api/users/${body.id}`);
      expect(headers.get('etag')).toMatch(/^"[\w-]+"$/);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      expect((await app.api.as(await signIn(app, 'ada')).get(headers.get('location') ?? '')).body).toEqual(body);
    });

    it('asks for no more than an address, a name and a password', async () => {
      expect(await register(ada)).toMatchObject({
        status: 201,
        body: { display_name: null, profile_picture_url: null },
      });
    });

    it('takes null for what may be empty', async () => {
      expect(await register({ ...ada, display_name: null, profile_picture_url: null })).toMatchObject({ status: 201 });
    });

    it('answers with a trailing slash as well', async () => {
      expect(await app.api.post('/api/auth/register/', ada)).toMatchObject({ status: 201 });
    });

    it('keeps a bcrypt hash, and the password nowhere', async () => {
      await register(ada);
      const [row] = await app.sql<{ password_hash: string }>('SELECT * FROM users');
      expect(row?.password_hash).toMatch(/^\$2b\$04\$.{53}$/);
      expect(JSON.stringify(row)).not.toContain('horse');
    });

    it('signs nobody in', async () => {
      await register(ada);
      expect(await app.sql('SELECT id FROM sessions')).toEqual([]);
    });
  });

  describe('an e-mail address', () => {
    it.each([
      ['  Ada@Example.COM ', 'ada@example.com'],
      ['ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ', 'ada@example.com'],
      ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
      ['ada@bu\u0308cher.example', 'ada@xn--bcher-kva.example'],
      ['ada+tag@example.com', 'ada+tag@example.com'],
    ])('%j is kept as %s', async (email, kept) => {
      expect(await register({ ...ada, email })).toMatchObject({ status: 201, body: { email: kept } });
    });

    it.each(['ADA@EXAMPLE.COM', ' ada@example.com', 'ａda@example.com', 'ada@EXAMPLE．com', '\u{1D41A}da@example.com'])(
      '%j is taken when ada@example.com is',
      async (email) => {
        await register(ada);
        expect(await register({ ...ada, username: 'other', email })).toFailWith(409, 'email_taken');
      },
    );

    it.each([
      'ada',
      '@example.com',
      'ada@',
      'ada@localhost',
      'a b@example.com',
      'ada@@example.com',
      'ada@exam_ple.com',
      'ädä@example.com',
      'ada@example.com,bob@example.com',
      'ada\u0000@example.com',
      'ada\u202e@example.com',
      'ada@exa\u200bmple.com',
      'ada\u0007@example.com',
    ])(
      // prettier-ignore
      '%j is none',
      async (email) => {
        const answer = await register({ ...ada, email });
        expect([400, 422]).toContain(answer.status);
        expect(answer).toFailWith(answer.status, answer.status === 400 ? 'refused_character' : 'validation_failed');
      },
    );
  });

  describe('a username', () => {
    it('is kept as typed and found without regard to case', async () => {
      expect(await register({ ...ada, username: 'Ada.L_x-1' })).toMatchObject({
        status: 201,
        body: { username: 'Ada.L_x-1' },
      });
      expect(await signIn(app, 'ADA.l_X-1')).toHaveProperty('access_token');
    });

    it.each(['ADA', 'Ada'])('%s is taken when ada is', async (username) => {
      await register(ada);
      expect(await register({ ...ada, email: 'other@example.com', username })).toFailWith(409, 'username_taken');
    });

    it.each(['abc', 'a'.repeat(32), '...', '123'])('%s will do', async (username) => {
      expect(await register({ ...ada, username })).toMatchObject({ status: 201 });
    });
  });

  describe('a password', () => {
    it.each([
      ['password', 'password_common'],
      ['PassWord1', 'password_common'],
      ['aaaaaaaaaaaa', 'password_common'],
      ['lovelace-ada', 'password_context'],
      ['Lovelace-Ada2024', 'password_context'],
      ['ada.lovelace', 'password_context'],
      ['horse77', 'password_too_short'],
      [`horse${'x'.repeat(68)}`, 'password_too_long'],
      [`horse${'é'.repeat(34)}`, 'password_too_long'],
    ])('%s is refused: %s', async (password, code) => {
      const answer = await register({ email: 'ada.lovelace@example.com', username: 'lovelace-ada', password });
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors).toEqual([{ pointer: '/password', code, detail: expect.any(String) as string }]);
      expect(await app.sql('SELECT id FROM users')).toEqual([]);
    });

    it('names the limit when it is too long', async () => {
      const { body } = await register({ ...ada, password: `horse${'x'.repeat(68)}` });
      expect(body.detail).toContain('72');
    });

    it.each([
      ['the older systems’ example', 'securepassword123'],
      ['72 bytes', `horse${'x'.repeat(67)}`],
      ['72 bytes of umlauts', `horsex${'é'.repeat(33)}`],
      ['spaces around it', '  horse horse  '],
      ['only lower case', 'plain horses run'],
      ['emoji', '🐎🐎🐎 horse'],
    ])('%s will do', async (_, password) => {
      expect(await register({ ...ada, password })).toMatchObject({ status: 201 });
      expect(await app.api.post('/api/auth/login', { username: 'ada', password })).toMatchObject({ status: 200 });
    });

    it('can be longer where a pepper is set', async () => {
      const peppered = await app.replica({ PASSWORD_PEPPER: 'a pepper of sixteen bytes or more' });
      const password = `horse${'é'.repeat(123)}`;
      expect(await peppered.api.post('/api/auth/register', { ...ada, password })).toMatchObject({ status: 201 });
      expect(await peppered.api.post('/api/auth/login', { username: 'ada', password })).toMatchObject({ status: 200 });
      const longer = { email: 'bob@example.com', username: 'bob', password: `${password}!` };
      expect(await peppered.api.post('/api/auth/register', longer)).toFailWith(422, 'validation_failed');
      await peppered.close();
    });

    it('can have to be longer', async () => {
      const strict = await app.replica({ PASSWORD_MIN_LENGTH: '20' });
      const answer = await strict.api.post('/api/auth/register', { ...ada, password: 'horse horse horse' });
      expect(answer.body.errors).toMatchObject([{ code: 'password_too_short' }]);
      await strict.close();
    });
  });

  describe('of the same person at the same moment', () => {
    it('succeeds once', async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => register(ada)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
      expect(await app.sql('SELECT id FROM users')).toHaveLength(1);
    });
  });

  describe('POST /api/users', () => {
    let root: Person;

    beforeEach(async () => {
      root = await admin(app);
    });

    it('lets an admin make an account of any kind', async () => {
      const answer = await root.api.post('/api/users', { ...ada, role: 'admin', is_active: false });
      expect(answer).toMatchObject({
        status: 201,
        body: { role: 'admin', is_active: false, deleted_at: null, last_login_at: null },
      });
      expect(answer.headers.get('location')).toBe(`/api/users/${answer.body.id}`);
    });

    it('makes an ordinary, active one unless told', async () => {
      expect(await root.api.post('/api/users', ada)).toMatchObject({
        status: 201,
        body: { role: 'user', is_active: true },
      });
      expect(await signIn(app, 'ada')).toHaveProperty('access_token');
    });

    it.each([{ role: 'superuser' }, { role: null }, { role: ['admin'] }, { is_active: 'yes' }, { is_active: null }])(
      'refuses %j',
      async (wrong) => {
        expect(await root.api.post('/api/users', { ...ada, ...wrong })).toFailWith(422, 'validation_failed');
      },
    );

    it('is for admins only', async () => {
      const bob = await person(app, 'bob');
      expect(await bob.api.post('/api/users', ada)).toFailWith(403, 'forbidden');
    });
  });
});

describe('FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD', () => {
  const env = { FIRST_ADMIN_EMAIL: 'Grace.Hopper@example.com', FIRST_ADMIN_PASSWORD: PASSWORD };
  let app: TestApp;

  beforeEach(async () => {
    app = await startApp(env);
  });
  afterEach(() => app.close());

  const admins = () => app.sql<{ email: string }>(`SELECT email FROM users WHERE role = 'admin'`);
  const outcomes = async () =>
    (
      await app.sql<{ outcome: string; details: { result: string; reason: string } }>(
        `SELECT outcome, details FROM audit_events WHERE action = 'first_admin' ORDER BY id`,
      )
    ).map(({ outcome, details }) => `${outcome}: ${details.result}, ${details.reason}`);

  /** Starts once more with the same environment. */
  async function restart(more: Record<string, string> = {}): Promise<void> {
    const again = await app.replica({ FIRST_ADMIN_PASSWORD: 'another fine horse', ...more });
    expect(again.logs.filter(({ event }) => event === 'first_admin')).toHaveLength(1);
    await again.close();
  }

  it('make an admin, and record that', async () => {
    const grace = app.api.as(await signIn(app, 'grace.hopper@example.com'));
    expect(await grace.get('/api/auth/me')).toMatchObject({ body: { username: 'grace.hopper', role: 'admin' } });
    expect(await outcomes()).toEqual(['success: made, there was no admin']);
  });

  it.each([
    ['with the password of before', `UPDATE users SET version = version`],
    ['who has another address by now', `UPDATE users SET email = 'grace@example.com'`],
    ['who has another address and name by now', `UPDATE users SET email = 'grace@example.com', username = 'grace'`],
    ['who was deactivated', `UPDATE users SET is_active = false`],
    ['who was deleted', `UPDATE users SET is_active = false, deleted_at = now()`],
  ])('make none when there is one %s', async (_, change) => {
    await app.sql(change);
    const before = await app.sql('SELECT * FROM users');
    await restart();
    expect(await app.sql('SELECT * FROM users')).toEqual(before);
    expect((await outcomes()).slice(1)).toEqual(['success: not made, there is an admin already']);
  });

  it.each([
    ['address', {}, 'This e-mail address is already in use.'],
    ['username', { FIRST_ADMIN_EMAIL: 'grace.hopper@example.org' }, 'This username is already in use.'],
  ])('make none, and stop no start, when somebody else has the %s', async (_, more, reason) => {
    await app.sql(`UPDATE users SET role = 'user'`);
    await restart(more);
    expect(await admins()).toEqual([]);
    expect((await outcomes()).slice(1)).toEqual([`failure: not made, no admin was made: ${reason}`]);
  });
});

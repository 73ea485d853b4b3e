import { randomUUID } from 'node:crypto';
import { startApp, type TestApp } from './support/app.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';

const PUBLIC_MEMBERS = ['created_at', 'display_name', 'id', 'profile_picture_url', 'username'];
const MFA_MEMBERS = ['has_password', 'mfa_enabled', 'mfa_required'];
const OWN_MEMBERS = [
  ...PUBLIC_MEMBERS,
  ...MFA_MEMBERS,
  'email',
  'email_verified',
  'is_active',
  'locale',
  'pending_email',
  'role',
  'updated_at',
].sort();
const ADMIN_MEMBERS = [...OWN_MEMBERS, 'deleted_at', 'last_login_at'].sort();

describe('users', () => {
  let app: TestApp;
  let ada: Person;
  let bob: Person;
  let root: Person;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await app.sql('TRUNCATE users CASCADE');
    [ada, bob, root] = await Promise.all([person(app, 'Ada'), person(app, 'bob'), admin(app)]);
  });

  const self = () => `/api/users/${ada.id}`;
  const membersOf = (body: object) => Object.keys(body).sort();

  describe.each([
    ['by id', () => `/api/users/${ada.id}`],
    ['by id in capitals', () => `/api/users/${ada.id.toUpperCase()}`],
    ['by username', () => '/api/users/username/Ada'],
    ['by username in another case', () => '/api/users/username/aDA'],
    ['by id, with a slash behind it', () => `/api/users/${ada.id}/`],
  ])('GET %s', (_, path) => {
    it('shows people themselves', async () => {
      const { status, body } = await ada.api.get(path());
      expect(status).toBe(200);
      expect(membersOf(body)).toEqual(OWN_MEMBERS);
      expect(body).toMatchObject({ id: ada.id, username: 'Ada', email: 'ada@example.com' });
    });

    it('shows others the public part', async () => {
      const { status, body } = await bob.api.get(path());
      expect(status).toBe(200);
      expect(membersOf(body)).toEqual(PUBLIC_MEMBERS);
    });

    it('shows admins everything', async () => {
      const { status, body } = await root.api.get(path());
      expect(status).toBe(200);
      expect(membersOf(body)).toEqual(ADMIN_MEMBERS);
      expect(body).toMatchObject({ deleted_at: null, last_login_at: expect.stringMatching(/Z$/) as string });
    });
  });

  describe('GET /api/users/{id}', () => {
    it.each(['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', randomUUID()])(
      'there is no %s, though it is a UUID',
      async (id) => {
        expect(await ada.api.get(`/api/users/${id}`)).toFailWith(404, 'not_found');
      },
    );
  });

  describe('GET /api/users/username/{username}', () => {
    it.each(['nobody', 'x'.repeat(500), 'a%25', '_da', '%E2%80%AE', "Ada'--", 'a%2fb'])(
      'there is no %s',
      async (username) => {
        expect(await ada.api.get(`/api/users/username/${username}`)).toFailWith(404, 'not_found');
      },
    );
  });

  describe('GET /api/users/email/{email}', () => {
    it.each([
      'ada@example.com',
      'ADA@Example.com',
      '%20ada@example.com',
      'ada%40example.com',
      encodeURIComponent('ａda@example.com'),
    ])('finds oneself by %s, and anybody for an admin', async (email) => {
      expect(await ada.api.get(`/api/users/email/${email}`)).toMatchObject({ status: 200, body: { id: ada.id } });
      expect(await root.api.get(`/api/users/email/${email}`)).toMatchObject({
        status: 200,
        body: { id: ada.id, deleted_at: null },
      });
    });

    it.each(['ada@example.com', 'nobody@example.com', 'nonsense'])('tells others nothing of %s', async (email) => {
      expect(await bob.api.get(`/api/users/email/${email}`)).toFailWith(403, 'forbidden');
    });

    it.each(['nobody@example.com', 'nonsense'])('there is no %s', async (email) => {
      expect(await root.api.get(`/api/users/email/${email}`)).toFailWith(404, 'not_found');
    });
  });

  describe.each(['PUT', 'PATCH'] as const)('%s /api/users/{id}', (method) => {
    const change = (who: Person, body: unknown, headers: Record<string, string> = {}, path = self()) =>
      who.api.send(method, path, body, { headers });

    it('changes what is named and leaves the rest', async () => {
      const before = (await ada.api.get(self())).body;
      const names = { display_name: 'Ada Lovelace', username: 'lovelace' };
      const { status, body } = await change(ada, names);
      expect(status).toBe(200);
      expect(body).toEqual({ ...before, ...names, updated_at: expect.any(String) as string });
      expect(Date.parse(body.updated_at as string)).toBeGreaterThanOrEqual(Date.parse(before.updated_at as string));
      expect((await ada.api.get(self())).body).toEqual(body);
    });

    it('null clears what may be empty, and nothing else', async () => {
      await change(ada, { display_name: 'Ada', profile_picture_url: 'http://localhost/ada.png' });
      expect(await change(ada, { display_name: null })).toMatchObject({
        body: { display_name: null, profile_picture_url: 'http://localhost/ada.png' },
      });
      await change(ada, { display_name: 'Ada' });
      expect(await change(ada, { display_name: '' })).toMatchObject({ status: 200, body: { display_name: null } }); // of a form
      expect(await change(ada, { display_name: '\u200b' })).toFailWith(422, 'validation_failed');
      expect(await change(ada, { profile_picture_url: null })).toMatchObject({ body: { profile_picture_url: null } });
      expect(await change(ada, { username: null })).toFailWith(422, 'validation_failed');
      expect(await change(ada, { email: null })).toFailWith(422, 'validation_failed');
    });

    it('an empty change is a change of nothing', async () => {
      const { body } = await change(ada, {});
      expect(body).toMatchObject({ username: 'Ada', email: 'ada@example.com' });
    });

    it.each<[object]>([
      [{ role: 'admin' }],
      [{ is_active: false }],
      [{ role: 'user' }],
      [{ is_active: true }],
      [{ role: 'admin', username: 'boss' }],
    ])('refuses people %j of themselves, and changes nothing', async (fields) => {
      const before = (await ada.api.get(self())).body;
      const answer = await change(ada, fields);
      expect(answer).toFailWith(403, 'field_forbidden');
      expect(answer.body.errors).toEqual([expect.objectContaining({ pointer: `/${Object.keys(fields)[0]}` })]);
      expect((await ada.api.get(self())).body).toEqual(before);
    });

    it.each([
      'id',
      'created_at',
      'updated_at',
      'deleted_at',
      'last_login_at',
      'password',
      'password_hash',
      'passwordHash',
      'version',
      'session_generation',
      'sessionGeneration',
      'isActive',
    ])('knows no %s, of nobody', async (name) => {
      for (const who of [ada, root]) expect(await change(who, { [name]: '1' })).toFailWith(422, 'validation_failed');
    });

    it('is for oneself and admins, whether the other exists or not', async () => {
      expect(await change(bob, { display_name: 'x' })).toFailWith(403, 'forbidden');
      expect(await change(bob, { display_name: 'x' }, {}, `/api/users/${randomUUID()}`)).toFailWith(403, 'forbidden');
      expect(await change(root, { display_name: 'x' }, {}, `/api/users/${randomUUID()}`)).toFailWith(404, 'not_found');
      expect(await change(root, { display_name: 'Ada' })).toMatchObject({
        status: 200,
        body: { display_name: 'Ada', deleted_at: null },
      });
    });

    it('one’s own e-mail address needs the current password', async () => {
      const email = 'countess@example.com';
      const missing = await change(ada, { email });
      expect(missing).toFailWith(422, 'validation_failed');
      expect(missing.body.errors).toMatchObject([{ pointer: '/current_password', code: 'required' }]);
      expect(await change(ada, { email, current_password: 'wrong horse' })).toFailWith(403, 'wrong_password');
      expect(await change(ada, { email, current_password: PASSWORD })).toMatchObject({ status: 200, body: { email } });
      expect(await signIn(app, email)).toHaveProperty('access_token');
      // admins are people
      expect(await root.api.send(method, `/api/users/${root.id}`, { email: 'boss@example.com' })).toFailWith(422, 'validation_failed'); // prettier-ignore
    });

    it('the address that one has already, in whatever spelling, is no change', async () => {
      expect(await change(ada, { email: ' ADA@example.com' })).toMatchObject({
        status: 200,
        body: { email: 'ada@example.com' },
      });
    });

    it('an admin changes others’ addresses without a password', async () => {
      expect(await change(root, { email: 'countess@example.com' })).toMatchObject({ status: 200 });
    });

    it('an admin promotes, demotes, deactivates and activates', async () => {
      expect(await change(root, { role: 'admin' })).toMatchObject({ status: 200, body: { role: 'admin' } });
      expect(await ada.api.get(self())).toMatchObject({ body: { role: 'admin', deleted_at: null } });
      expect(await change(root, { role: 'user' })).toMatchObject({ body: { role: 'user' } });
      expect(await change(root, { is_active: false })).toMatchObject({ body: { is_active: false } });
      expect(await ada.api.get(self())).toFailWith(401, 'invalid_token');
      expect(await change(root, { is_active: true })).toMatchObject({ body: { is_active: true } });
      expect(await ada.api.get(self())).toFailWith(401, 'invalid_token'); // old sessions stay dead
      expect(await signIn(app, 'ada')).toHaveProperty('access_token');
    });

    it('what somebody else has is taken', async () => {
      expect(await change(ada, { username: 'BOB' })).toFailWith(409, 'username_taken');
      expect(await change(ada, { email: 'Bob@example.com', current_password: PASSWORD })).toFailWith(
        409,
        'email_taken',
      );
      expect(await change(ada, { username: 'ADA' })).toMatchObject({ status: 200, body: { username: 'ADA' } }); // one’s own isn’t
    });

    it('two who want the same name at the same moment: one gets it', async () => {
      const answers = await Promise.all(
        [ada, bob].map((who) => change(who, { username: 'same' }, {}, `/api/users/${who.id}`)),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    });

    describe('with If-Match', () => {
      const etag = async () => (await ada.api.get(self())).headers.get('etag') ?? '';

      it('changes what the client has seen, once', async () => {
        const seen = await etag();
        const answer = await change(ada, { display_name: 'First' }, { 'if-match': seen });
        expect(answer).toMatchObject({ status: 200 });
        expect(answer.headers.get('etag')).not.toBe(seen);
        expect(await change(ada, { display_name: 'Second' }, { 'if-match': seen })).toFailWith(
          412,
          'precondition_failed',
        );
        expect(await change(ada, { display_name: 'Third' }, { 'if-match': answer.headers.get('etag') ?? '' })).toMatchObject({ status: 200 }); // prettier-ignore
      });

      it('takes *, and lists of tags', async () => {
        expect(await change(ada, { display_name: 'x' }, { 'if-match': '*' })).toMatchObject({ status: 200 });
        expect(await change(ada, { display_name: 'y' }, { 'if-match': `"other", ${await etag()} , "third"` })).toMatchObject({ status: 200 }); // prettier-ignore
      });

      it('takes no weak tag, and nothing that is none', async () => {
        for (const tag of [
          `W/${await etag()}`,
          '"nonsense"',
          'nonsense',
          '',
          '"*"',
          (await etag()).slice(1),
          '"99999999999999-x"',
        ]) {
          expect(await change(ada, { display_name: 'x' }, { 'if-match': tag })).toFailWith(412, 'precondition_failed');
        }
      });

      it('of twenty at once that have seen the same, one gets through', async () => {
        const seen = await etag();
        const all = Array.from({ length: 20 }, (_, i) => change(ada, { display_name: `${i}` }, { 'if-match': seen }));
        const statuses = (await Promise.all(all)).map(({ status }) => status);
        expect(statuses.filter((status) => status === 200)).toHaveLength(1);
        expect(statuses.filter((status) => status === 412)).toHaveLength(19);
      });
    });
  });

  describe('ETag', () => {
    it.each([
      ['by id', () => `/api/users/${ada.id}`],
      ['by username', () => '/api/users/username/ada'],
      ['by e-mail address', () => '/api/users/email/ada@example.com'],
      ['as oneself', () => '/api/auth/me'],
    ])('saves a client that has read a user %s from reading the same again', async (_, path) => {
      const { headers } = await ada.api.get(path());
      const etag = headers.get('etag') ?? '';
      expect(etag).toMatch(/^"[^"]+"$/);
      for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const answer = await ada.api.get(path(), { headers: { 'if-none-match': tags } });
        expect(answer).toMatchObject({ status: 304, text: '' });
        expect(answer.headers.get('etag')).toBe(etag);
      }
      expect(await ada.api.get(path(), { headers: { 'if-none-match': '"other"' } })).toMatchObject({ status: 200 });
      await ada.api.patch(self(), { display_name: 'Countess' });
      expect(await ada.api.get(path(), { headers: { 'if-none-match': etag } })).toMatchObject({ status: 200 });
    });

    it('differs between what oneself, others and admins see', async () => {
      const tags = await Promise.all(
        [ada, bob, root].map(async ({ api }) => (await api.get(self())).headers.get('etag')),
      );
      expect(new Set(tags).size).toBe(3);
    });

    it('answers HEAD as GET', async () => {
      const [head, get] = [await ada.api.head(self()), await ada.api.get(self())];
      expect(head).toMatchObject({ status: 200, text: '' });
      expect(head.headers.get('etag')).toBe(get.headers.get('etag'));
    });
  });

  describe('REQUIRE_IF_MATCH=true', () => {
    it('asks for If-Match wherever a user is changed', async () => {
      const strict = await app.replica({ REQUIRE_IF_MATCH: 'true' });
      const api = strict.api.as(ada.tokens);
      expect(await api.put(self(), { display_name: 'x' })).toFailWith(428, 'precondition_required');
      expect(await api.patch(self(), { display_name: 'x' })).toFailWith(428, 'precondition_required');
      const etag = (await api.get(self())).headers.get('etag') ?? '';
      expect(await api.patch(self(), { display_name: 'x' }, { headers: { 'if-match': etag } })).toMatchObject({
        status: 200,
      });
      await strict.close();
    });
  });
});

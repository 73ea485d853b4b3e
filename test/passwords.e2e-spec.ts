import { setTimeout as delay } from 'node:timers/promises';
import bcrypt from 'bcrypt';
import { startApp, type TestApp } from './support/app.js';
import { figure } from './support/figures.js';
import { eventually } from './support/insist.js';
import { PASSWORD, person, signIn } from './support/people.js';
import { loggedStatements } from './support/statements.js';

describe('Passwords', () => {
  let app: TestApp;
  let names = 0;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const register = (password: string, at = app, username = `person${names++}`) =>
    at.api.post('/api/auth/register', { email: `${username}@example.com`, username, password });
  const login = (username: string, password: string, at = app) =>
    at.api.post('/api/auth/login', { username, password });
  const hashOf = async (username: string) => {
    const [row] = await app.sql<{ hash: string }>(`SELECT password_hash AS hash FROM users WHERE username = $1`, [
      username,
    ]);
    return row?.hash ?? '';
  };
  const setHash = (username: string, hash: string) =>
    app.sql(`UPDATE users SET password_hash = $2 WHERE username = $1`, [username, hash]);

  describe('when chosen', () => {
    it.each([
      ['eight characters', 'horse-1!'],
      ['72 bytes', 'horse'.padEnd(72, '-')],
      ['72 bytes of Japanese', '馬力'.repeat(12)],
      ['spaces around and within', '  horse battery  '],
      ['letters only, without any mixture', 'horsebatterystaple'],
      ["the older systems' example", 'securepassword123'],
      ['emoji', '🐎🔋📎✅🐎🔋📎✅'],
    ])('may be %s, and sign in', async (_, password) => {
      const { status, body } = await register(password);
      expect(status).toBe(201);
      expect(await login(body.username, password)).toMatchObject({ status: 200 });
    });

    it.each([
      ['too short', 'horse12', 'password_too_short', '8'],
      ['too long', 'horse'.padEnd(73, '-'), 'password_too_long', '72 bytes'],
      ['too long in bytes only', '馬力'.repeat(12) + '馬', 'password_too_long', '72 bytes'],
      ['common', 'password123', 'password_common', 'rarer'],
      ['common in another case', 'PassWord123', 'password_common', 'rarer'],
      ['one character over and over', 'hhhhhhhhhhhh', 'password_common', 'rarer'],
      ['the username', 'ada.horse', 'password_context', 'username'],
      ['the username in another case, and a year', 'ADA.HORSE2026', 'password_context', 'username'],
      ['the e-mail address', 'ada.horse@example.com', 'password_context', 'e-mail'],
    ])('may not be %s', async (_, password, code, reason) => {
      const answer = await register(password, app, 'ada.horse');
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors).toMatchObject([
        { pointer: '/password', code, detail: expect.stringContaining(reason) },
      ]);
    });

    it("may not be the local part of one's e-mail address", async () => {
      const someone = { email: 'horsewoman@example.com', username: 'someone', password: 'horsewoman' };
      expect(await app.api.post('/api/auth/register', someone)).toFailWith(422, 'validation_failed');
    });

    it('may not hold NUL or half a character', async () => {
      expect(await register('horse\0battery')).toFailWith(400, 'refused_character');
      const raw = '{"email":"n@example.com","username":"nul","password":"horse\\ud800battery"}';
      const answer = await app.api.post('/api/auth/register', undefined, {
        raw,
        headers: { 'content-type': 'application/json' },
      });
      expect(answer).toFailWith(400, 'refused_character');
    });

    it('obey the same rules when changed', async () => {
      const { api } = await person(app, 'barbara');
      const change = (new_password: string) =>
        api.put('/api/auth/password', { current_password: PASSWORD, new_password });
      for (const bad of ['short', 'password123', 'barbara', 'horse'.padEnd(73, '-')]) {
        const answer = await change(bad);
        expect(answer).toFailWith(422, 'validation_failed');
        expect(answer.body.errors).toMatchObject([{ pointer: '/new_password' }]);
      }
      expect(await login('barbara', PASSWORD)).toMatchObject({ status: 200 });
    });

    it('need a longer one when the settings say so', async () => {
      const strict = await app.replica({ PASSWORD_MIN_LENGTH: '15' });
      expect(await register('horse battery', strict)).toFailWith(422, 'validation_failed');
      expect(await register('horse battery staple', strict)).toMatchObject({ status: 201 });
      await strict.close();
    });
  });

  describe('at sign-in', () => {
    it('are the same in every Unicode form', async () => {
      const { body } = await register('h\u00f6rse caf\u00e9'); // composed
      expect(await login(body.username, 'ho\u0308rse cafe\u0301')).toMatchObject({ status: 200 }); // decomposed
    });

    it.each([
      ['another case', (password: string) => password.toUpperCase()],
      ['a space more', (password: string) => `${password} `],
      ['more than bcrypt reads', (password: string) => password + '-'],
      ['only what bcrypt reads', (password: string) => password.slice(0, 71)],
      ['nothing', () => ''],
      ['64 characters more', (password: string) => password.padEnd(136, '-')],
    ])('are wrong with %s', async (_, other) => {
      const password = 'horse'.padEnd(72, '-');
      const { body } = await register(password);
      expect(await login(body.username, other(password))).toFailWith(401, 'invalid_credentials');
    });

    it('do not go by what a cut hash would take', async () => {
      const { body } = await register('horse battery');
      await setHash(body.username, bcrypt.hashSync('horse'.padEnd(80, '-'), 4)); // cut by an older system
      expect(await login(body.username, 'horse'.padEnd(80, '-'))).toFailWith(401, 'invalid_credentials');
      expect(await login(body.username, 'horse'.padEnd(72, '-'))).toMatchObject({ status: 200 });
    });

    it.each(['$2a$', '$2b$', '$2y$'])('open hashes of older systems: %s', async (prefix) => {
      const { username } = await person(app, `old${prefix.slice(1, 3)}`);
      await setHash(username, bcrypt.hashSync('an old horse', 4).replace('$2b$', prefix));
      expect(await login(username, 'an old horse')).toMatchObject({ status: 200 });
      expect(await login(username, PASSWORD)).toFailWith(401, 'invalid_credentials');
    });

    it.each([
      ['nothing', ''],
      ['an argon2 hash', '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaGhhc2hoYXNo'],
      ['plain text', PASSWORD],
      ['half a hash', '$2b$04$abcdefghijklmnopqrstuv'],
      ['a cost of hours', `$2b$31$${'a'.repeat(53)}`],
    ])('are wrong, and no error, where the hash is %s', async (_, hash) => {
      const { body } = await register(PASSWORD);
      await setHash(body.username, hash);
      expect(await login(body.username, PASSWORD)).toFailWith(401, 'invalid_credentials');
    });
  });

  describe('whose hash is cheaper than new ones', () => {
    let stronger: TestApp;
    beforeAll(async () => {
      stronger = await app.replica({ BCRYPT_ROUNDS: '5' });
    });
    afterAll(() => stronger.close());

    it('get a new hash at sign-in, whose sessions go on', async () => {
      const { username, api } = await person(app, 'grace');
      expect(await hashOf(username)).toMatch(/^\$2b\$04\$/);
      expect(await login(username, PASSWORD, stronger)).toMatchObject({ status: 200 });
      expect(await hashOf(username)).toMatch(/^\$2b\$05\$/);
      expect(await api.get('/api/auth/me')).toMatchObject({ status: 200 });
      expect(await login(username, PASSWORD, stronger)).toMatchObject({ status: 200 });
    });

    it('keep the old one after a wrong password', async () => {
      const { username } = await person(app, 'heidi');
      const before = await hashOf(username);
      await login(username, 'a wrong horse', stronger);
      expect(await hashOf(username)).toBe(before);
    });

    it('keep the old one when it is dearer', async () => {
      const { username } = await person(stronger, 'ivan');
      const before = await hashOf(username);
      await signIn(app, username);
      expect(await hashOf(username)).toBe(before);
    });

    it('sign in even if the new hash cannot be written', async () => {
      const { username } = await person(app, 'judy');
      await app.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$`);
      await app.sql(
        `CREATE TRIGGER refuse BEFORE UPDATE OF password_hash ON users FOR EACH ROW EXECUTE FUNCTION refuse()`,
      );
      const answer = await login(username, PASSWORD, stronger);
      await app.sql(`DROP FUNCTION refuse CASCADE`);
      expect(answer).toMatchObject({ status: 200 });
      expect(await stronger.api.as(answer.body).get('/api/auth/me')).toMatchObject({ status: 200 });
      expect(await hashOf(username)).toMatch(/^\$2b\$04\$/);
    });
  });

  describe('with PASSWORD_PEPPER', () => {
    let peppered: TestApp;
    beforeAll(async () => {
      peppered = await app.replica({ PASSWORD_PEPPER: 'a pepper that only the tests know' });
    });
    afterAll(() => peppered.close());

    it('count whole, in any script', async () => {
      const long = '馬'.repeat(127);
      const { status, body } = await register(`${long}1`, peppered);
      expect(status).toBe(201);
      expect(await login(body.username, `${long}1`, peppered)).toMatchObject({ status: 200 });
      expect(await login(body.username, `${long}2`, peppered)).toFailWith(401, 'invalid_credentials');
    });

    it('are refused from 129 characters', async () => {
      const answer = await register('horse'.padEnd(129, '-'), peppered);
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.detail).toContain('128 characters');
    });

    it('are peppered at the next sign-in', async () => {
      const { username } = await person(app, 'kate');
      expect(await login(username, PASSWORD, peppered)).toMatchObject({ status: 200 });
      expect(await hashOf(username)).toMatch(/^\$pepper\$2b\$/);
      expect(await login(username, PASSWORD, peppered)).toMatchObject({ status: 200 });
    });

    it('open nothing without it, nor with another', async () => {
      const { username } = await person(peppered, 'leo');
      const other = await app.replica({ PASSWORD_PEPPER: 'another pepper of the same length' });
      expect(await login(username, PASSWORD)).toFailWith(401, 'invalid_credentials');
      expect(await login(username, PASSWORD, other)).toFailWith(401, 'invalid_credentials');
      await other.close();
    });

    it('are renewed at the next sign-in when the pepper is replaced: the new one first, then the old one', async () => {
      const { username } = await person(peppered, 'mia');
      const before = await hashOf(username);
      const both = await app.replica({
        PASSWORD_PEPPER: `a newer pepper of the tests,a pepper that only the tests know`,
      });
      expect(await login(username, PASSWORD, both)).toMatchObject({ status: 200 });
      expect(await login(username, 'a wrong horse', both)).toFailWith(401, 'invalid_credentials');
      expect(await hashOf(username)).not.toBe(before);
      const after = await app.replica({ PASSWORD_PEPPER: 'a newer pepper of the tests' });
      expect(await login(username, PASSWORD, after)).toMatchObject({ status: 200 });
      expect(await login(username, PASSWORD, peppered)).toFailWith(401, 'invalid_credentials');
      await Promise.all([both.close(), after.close()]);
    });

    it('that need one which is wrong or missing are counted in the log when the server starts', async () => {
      await person(peppered, 'nora');
      const countIn = async (PASSWORD_PEPPER: string) => {
        const replica = await app.replica({ PASSWORD_PEPPER });
        await replica.close();
        return replica.logs.filter(({ event }) => event === 'unusable_password_hashes').map(({ level, count }) => [level, Number(count) > 0]); // prettier-ignore
      };
      const known = ['a pepper that only the tests know', 'a newer pepper of the tests', 'another pepper of the same length']; // prettier-ignore
      expect(await countIn(known.join(','))).toEqual([]);
      for (const wrong of ['', 'another pepper of the same length'])
        expect(await countIn(wrong)).toEqual([['warn', true]]);
    });
  });

  describe('more at once than can be hashed', () => {
    it('are turned away at once with 503 and a time to wait, while the rest is served', async () => {
      const busy = await app.replica({ BCRYPT_ROUNDS: '11', DB_POOL_MAX: '20' });
      const started = performance.now();
      const attempts = Array.from({ length: 120 }, async (_, i) => {
        const answer = await login(`nobody${i}`, 'a wrong horse', busy);
        return { answer, took: performance.now() - started };
      });
      const me = performance.now();
      expect((await busy.api.get('/health/live')).status).toBe(200);
      const liveTook = performance.now() - me;
      const results = await Promise.all(attempts);
      const served = results.filter(({ answer }) => answer.status === 401);
      const refused = results.filter(({ answer }) => answer.status === 503);
      const slowest = (of: typeof results) => Math.round(Math.max(...of.map(({ took }) => took)));
      figure('120 sign-ins at cost 11', { served: served.length, servedIn: slowest(served), refused: refused.length, refusedIn: slowest(refused), liveIn: Math.round(liveTook) }); // prettier-ignore
      expect(served.length + refused.length).toBe(120);
      expect(refused.length).toBeGreaterThan(40);
      for (const { answer } of refused) {
        expect(answer).toFailWith(503, 'unavailable');
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      }
      expect(slowest(refused)).toBeLessThan(slowest(served));
      await busy.close();
    });

    it('cost the database nothing, as it isn’t asked about them', async () => {
      const busy = await app.replica({ BCRYPT_ROUNDS: '12', DEBUG: 'true' });
      const lookups = () => loggedStatements(busy).filter((text) => text.includes('password_hash AS')).length;
      const crowd = Array.from({ length: 60 }, (_, i) => login(`nobody${i}`, 'a wrong horse', busy));
      await eventually(async () => {
        const before = lookups();
        await delay(200);
        return before > 0 && lookups() === before;
      });
      for (let refused = 0; refused < 5;) {
        const before = lookups();
        if ((await login('ada', 'a wrong horse', busy)).status !== 503) continue;
        expect(lookups()).toBe(before);
        refused++;
      }
      await Promise.all(crowd);
      await busy.close();
    });
  });
});

import { setTimeout } from 'node:timers/promises';
import { type Origin, SCRIPT } from '../src/request.js';
import { days, hours, minutes } from '../src/config/durations.js';
import { budget } from '../src/throttle/policy.js';
import { Throttle } from '../src/throttle/throttle.js';
import { PasswordGuesses } from '../src/users/passwords/password-guesses.js';
import type { Answer, Api } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { figure } from './support/figures.js';
import { insist, timesTurnedAway } from './support/insist.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';
import { loggedStatements, stopBackground } from './support/statements.js';

const WRONG = 'a wrong horse battery';

describe('Throttling', () => {
  let app: TestApp;
  let replica: TestApp;
  let root: Person;
  let addresses = 0;

  beforeAll(async () => {
    app = await startApp({ THROTTLE: 'on', TRUST_PROXY: '127.0.0.1/32', DB_POOL_MAX: '20' });
    replica = await app.replica();
    root = await admin(app);
  });
  afterAll(async () => {
    figure('503 in the throttle tests', timesTurnedAway());
    await replica.close();
    await app.close();
  });

  /** An address that nobody has come from yet. */
  const somewhere = () => `10.0.${addresses >> 8}.${addresses++ & 255}`;
  const from = (ip: string, at = app) => at.api.with({ 'x-forwarded-for': ip });
  const meet = (name: string, ip = somewhere()) => person({ ...app, api: from(ip) }, name);
  const login = (api: Api, username: string, password = WRONG) =>
    insist(() => api.post('/api/auth/login', { username, password }));
  const statuses = (answers: Answer[]) => answers.map(({ status }) => status);
  const times = <T>(count: number, work: (i: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, i) => work(i)));
  /** A refusal is remembered by each process for a second. */
  const forgotten = () => setTimeout(1_050);
  async function endWindows() {
    await app.sql(`UPDATE throttle_counters SET resets_at = now() WHERE key NOT LIKE 'familiar%'`);
    await forgotten();
  }

  async function guessInTurn(api: Api, username: string, count: number): Promise<Answer[]> {
    const answers = [];
    for (let i = 0; i < count; i++) answers.push(await login(api, username));
    return answers;
  }

  describe('wrong passwords for one account from one network', () => {
    it('are refused from the sixth, with the time to wait', async () => {
      await meet('ada');
      const api = from(somewhere());
      expect(statuses(await guessInTurn(api, 'ada', 5))).toEqual(Array(5).fill(401));
      const refused = await login(api, 'ada');
      expect(refused).toFailWith(429, 'too_many_requests');
      const wait = Number(refused.headers.get('retry-after'));
      expect(wait).toBeGreaterThan(880);
      expect(wait).toBeLessThanOrEqual(900);
    });

    it('are refused alike when there is no such account', async () => {
      await meet('bob');
      const [known, unknown] = [from(somewhere()), from(somewhere())];
      const real = await guessInTurn(known, 'bob', 7);
      const ghost = await guessInTurn(unknown, 'nobody', 7);
      const seen = (answers: Answer[]) =>
        answers.map(({ status, body, headers }) => {
          const names = [...headers.keys()]; // their values are a time to wait, a date, an id
          return { status, code: body.code, detail: body.detail, names };
        });
      expect(seen(ghost)).toEqual(seen(real));
    });

    it('are refused alike when the account is inactive or deleted', async () => {
      const [eve, mallory] = [await meet('eve'), await meet('mallory')];
      await root.api.patch(`/api/users/${eve.id}`, { is_active: false });
      await root.api.delete(`/api/users/${mallory.id}`);
      for (const name of ['eve', 'mallory']) {
        expect(statuses(await guessInTurn(from(somewhere()), name, 6))).toEqual([401, 401, 401, 401, 401, 429]);
      }
    });

    it('count once, however the account is spelled, and by whichever route', async () => {
      await meet('carol');
      const api = from(somewhere());
      const spellings = ['carol', 'CAROL', 'carol@example.com', ' Carol@EXAMPLE.com ', 'ｃarol@example.com'];
      for (const name of spellings) expect((await login(api, name)).status).toBe(401);
      expect((await login(api, 'carol', PASSWORD)).status).toBe(429);
      const form = await api.form('/api/auth/token', { username: 'carol', password: PASSWORD });
      expect([form.status, form.body.error]).toEqual([429, 'too_many_requests']);
    });

    it('are never more than five, though 50 come at once to two replicas', async () => {
      await meet('dave');
      const ip = somewhere();
      const answers = await times(50, (i) => login(from(ip, i % 2 ? replica : app), 'dave'));
      const hashed = statuses(answers).filter((status) => status === 401).length;
      figure('50 parallel guesses', { hashed, beyondBudget: hashed - 5 });
      expect(hashed).toBe(5);
      expect(statuses(answers).filter((status) => status === 429)).toHaveLength(45);
    });

    it('are never more than five, though the right one is among them', async () => {
      await meet('frank');
      const ip = somewhere();
      const answers = await times(30, (i) => login(from(ip), 'frank', i === 29 ? PASSWORD : WRONG));
      expect(statuses(answers).filter((status) => status !== 429)).toHaveLength(5);
    });

    it('do not keep anybody else out, nor the same person elsewhere', async () => {
      await meet('grace');
      await meet('heidi');
      const ip = somewhere();
      await times(70, () => login(from(ip), 'grace'));
      expect((await login(from(ip), 'heidi', PASSWORD)).status).toBe(200);
      expect((await login(from(somewhere()), 'grace', PASSWORD)).status).toBe(200);
    });

    it('are forgotten after a right one', async () => {
      await meet('ivan');
      const api = from(somewhere());
      await guessInTurn(api, 'ivan', 4);
      expect((await login(api, 'ivan', PASSWORD)).status).toBe(200);
      expect(statuses(await guessInTurn(api, 'ivan', 6))).toEqual([401, 401, 401, 401, 401, 429]);
    });

    it('are forgotten when the window is over', async () => {
      await meet('judy');
      const api = from(somewhere());
      await guessInTurn(api, 'judy', 6);
      await endWindows();
      expect((await login(api, 'judy', PASSWORD)).status).toBe(200);
    });

    it('are counted too where a signed-in person must repeat theirs', async () => {
      const { api, id } = await meet('kate');
      const change = { current_password: WRONG, new_password: 'another horse battery' };
      for (let i = 0; i < 4; i++) expect(await api.put('/api/auth/password', change)).toFailWith(403, 'wrong_password');
      const email = { email: 'kate@example.org', current_password: WRONG };
      expect(await api.patch(`/api/users/${id}`, email)).toFailWith(403, 'wrong_password');
      expect(await api.put('/api/auth/password', change)).toFailWith(429, 'too_many_requests');
      expect(await api.patch(`/api/users/${id}`, { ...email, current_password: PASSWORD })).toFailWith(429, 'too_many_requests'); // prettier-ignore
    });
  });

  describe('wrong passwords from one network', () => {
    it('are never more than 50, whoever they are for', async () => {
      await meet('leo');
      const ip = somewhere();
      const answers = await times(70, (i) => login(from(ip, i % 2 ? replica : app), `nobody${i}`));
      expect(statuses(answers).filter((status) => status === 401)).toHaveLength(50);
      const refused = await login(from(ip), 'leo', PASSWORD);
      expect(refused).toFailWith(429, 'too_many_requests');
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(300);
      expect((await login(from(somewhere()), 'leo', PASSWORD)).status).toBe(200);
    });

    it('leave right ones uncounted', async () => {
      await meet('mike');
      const ip = somewhere();
      const answers = await times(60, () => login(from(ip), 'mike', PASSWORD));
      expect(new Set(statuses(answers))).toEqual(new Set([200]));
    });

    it('let a whole school in at eight o’clock: more at once than may fail', async () => {
      const names = Array.from({ length: 70 }, (_, i) => `pupil${i}`);
      const [{ hash } = { hash: '' }] = await app.sql<{ hash: string }>(
        `SELECT password_hash AS hash FROM users LIMIT 1`,
      );
      await app.sql(
        `INSERT INTO users (id, email, username, password_hash)
         SELECT gen_random_uuid(), name || '@school.example', name, $2 FROM unnest($1::text[]) AS name`,
        [names, hash],
      );
      const ip = somewhere();
      const answers = await Promise.all(names.map((name, i) => login(from(ip, i % 2 ? replica : app), name, PASSWORD)));
      expect(new Set(statuses(answers))).toEqual(new Set([200]));
    });

    it('make others wait for two seconds while they are under way, and then ask to come back in one', async () => {
      await meet('nina');
      const ip = somewhere();
      const throttle = app.nest.get(Throttle);
      const attempt = app.nest
        .get(PasswordGuesses, { strict: false })
        .attempt('unknown|nobody', 'nobody', { ...SCRIPT, ip });
      const underWay = await times(5, () => throttle.reserve(attempt, SCRIPT));
      const start = performance.now();
      const refused = await login(from(ip, replica), 'nobody');
      expect(refused).toFailWith(429, 'too_many_requests');
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(performance.now() - start).toBeGreaterThan(1_500);

      const waiting = login(from(ip, replica), 'nobody');
      await underWay.pop()?.release();
      expect(await waiting).toFailWith(401, 'invalid_credentials');
      await Promise.all(underWay.map((one) => one.release()));
    });

    it('leave nothing behind when the process that checked them dies', async () => {
      const ip = somewhere();
      const attempt = app.nest
        .get(PasswordGuesses, { strict: false })
        .attempt('unknown|nobody', 'nobody', { ...SCRIPT, ip });
      await times(5, () => app.nest.get(Throttle).reserve(attempt, SCRIPT));
      await app.sql(`UPDATE throttle_counters SET in_flight = ARRAY[now(), now(), now(), now(), now()] WHERE in_flight <> '{}'`); // prettier-ignore
      expect(statuses(await guessInTurn(from(ip, replica), 'nobody', 6))).toEqual([401, 401, 401, 401, 401, 429]);
    });

    it('share an IPv6 network of 64 bits, and no larger one', async () => {
      const of = (network: string, i: number) => from(`2001:db8:${network}:${(i + 1).toString(16)}:${i}:0:1`);
      expect(statuses(await times(6, (i) => login(of('1:1', i), 'neil'))).sort()).toEqual([
        401, 401, 401, 401, 401, 429,
      ]);
      expect((await login(of('1:2', 1), 'neil')).status).toBe(401);
    });

    it('are the same ones with an IPv4 address in IPv6 form, and with a port', async () => {
      const spellings = ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201', '192.0.2.1:4711', '192.0.2.1:4712'];
      for (const ip of spellings) expect((await login(from(ip), 'olga')).status).toBe(401);
      expect((await login(from('192.0.2.1'), 'olga')).status).toBe(429);
    });
  });

  describe('an account under attack from everywhere', () => {
    const inBatches = async (count: number, work: (network: number) => Promise<Answer>) => {
      const answers: Answer[] = [];
      for (let batch = 0; batch < count; batch++) answers.push(...(await times(22, work)));
      return answers;
    };
    let victim: Person;
    const home = '198.51.100.7';

    beforeAll(async () => {
      await endWindows();
      victim = await meet('victim', home);
      const answers = await inBatches(5, (i) => login(from(`203.0.113.${i}`), 'victim'));
      const hashed = statuses(answers).filter((status) => status === 401).length;
      figure('110 guesses from 22 networks', { hashed, beyondBudget: hashed - 100 });
      expect(hashed).toBe(100);
    });

    it('refuses further strangers, though they know the password', async () => {
      expect(await login(from(somewhere()), 'victim', PASSWORD)).toFailWith(429, 'too_many_requests');
    });

    it('lets its owner in from where they have been before', async () => {
      expect((await login(from(home), 'victim', PASSWORD)).status).toBe(200);
      expect(statuses(await guessInTurn(from(home), 'victim', 6))).toEqual([401, 401, 401, 401, 401, 429]);
    });

    it('keeps its owner signed in', async () => {
      expect(await victim.api.get('/api/auth/me')).toMatchObject({ status: 200 });
      const { refresh_token } = victim.tokens;
      expect(await from(somewhere()).post('/api/auth/refresh', { refresh_token })).toMatchObject({ status: 200 });
    });

    it('treats an account that does not exist in the same way', async () => {
      const answers = await inBatches(5, (i) => login(from(`198.18.1.${i}`), 'phantom'));
      expect(statuses(answers).filter((status) => status === 401)).toHaveLength(100);
      expect((await login(from(somewhere()), 'phantom')).status).toBe(429);
    });

    it('is open again when an admin says so', async () => {
      expect(await root.api.delete(`/api/users/${victim.id}/throttle`)).toMatchObject({ status: 204 });
      expect((await login(from(somewhere()), 'victim', PASSWORD)).status).toBe(200);
      expect((await login(from(home), 'victim', PASSWORD)).status).toBe(200);
    });
  });

  describe('DELETE /api/users/{id}/throttle', () => {
    it('is for admins, and for users that exist', async () => {
      const { api, id } = await meet('peggy');
      expect(await api.delete(`/api/users/${id}/throttle`)).toFailWith(403, 'forbidden');
      const nobody = '01890000-0000-7000-8000-000000000000';
      expect(await root.api.delete(`/api/users/${nobody}/throttle`)).toFailWith(404, 'not_found');
    });
  });

  describe('GET /api/users/{id}/throttle', () => {
    const standing = async (id: string) => (await root.api.get(`/api/users/${id}/throttle`)).body as unknown;

    it('says how many wrong guesses count, and until when somebody is held back', async () => {
      const { id } = await meet('quentin');
      const ip = somewhere();
      expect(await standing(id)).toEqual({ attempts: 0, until: null });
      await guessInTurn(from(ip), 'quentin', 2);
      expect(await standing(id)).toEqual({ attempts: 2, until: null });
      await guessInTurn(from(somewhere()), 'quentin', 1);
      expect(await standing(id)).toEqual({ attempts: 3, until: null });
      expect((await login(from(ip), 'quentin', PASSWORD)).status).toBe(200);
      expect(await standing(id)).toEqual({ attempts: 1, until: null });

      await guessInTurn(from(ip), 'quentin', 7);
      const { attempts, until } = (await standing(id)) as { attempts: number; until: string };
      expect(attempts).toBe(6);
      expect(Date.parse(until) - Date.now()).toBeGreaterThan(880_000);

      await root.api.delete(`/api/users/${id}/throttle`);
      expect(await standing(id)).toEqual({ attempts: 0, until: null });
      expect((await login(from(ip), 'quentin', PASSWORD)).status).toBe(200);
    });

    it('is for admins, and for users that exist', async () => {
      const { api, id } = await meet('quincy');
      expect(await api.get(`/api/users/${id}/throttle`)).toFailWith(403, 'forbidden');
      const nobody = '01890000-0000-7000-8000-000000000000';
      expect(await root.api.get(`/api/users/${nobody}/throttle`)).toFailWith(404, 'not_found');
    });
  });

  describe('a refusal', () => {
    const statementsOf = async (at: TestApp, work: () => Promise<unknown>) => {
      const before = loggedStatements(at).length;
      await work();
      return loggedStatements(at).slice(before);
    };

    it('costs no statement once the window is known to be full', async () => {
      const loud = await app.replica({ DEBUG: 'true' });
      await stopBackground(loud);
      const api = from(somewhere(), loud);
      await meet('ruth');
      await guessInTurn(api, 'ruth', 6);
      const refusals = statementsOf(loud, async () => {
        expect(statuses(await guessInTurn(api, ' RUTH', 20))).toEqual(Array(20).fill(429));
      });
      expect(await refusals).toEqual([]);
      await loud.close();
    });

    it('is over everywhere a second after an admin has cleared it', async () => {
      const { id } = await meet('sean');
      const ip = somewhere();
      await guessInTurn(from(ip, replica), 'sean', 7);
      await root.api.delete(`/api/users/${id}/throttle`);
      await forgotten();
      expect((await login(from(ip, replica), 'sean', PASSWORD)).status).toBe(200);
    });
  });

  describe('limits', () => {
    it('are settings', async () => {
      const strict = await app.replica({
        THROTTLE_WRONG_PASSWORDS: '2/1m',
        THROTTLE_REGISTRATIONS: '1/10s',
        THROTTLE_REFUSED_REFRESHES: '3/1m',
      });
      const api = from(somewhere(), strict);
      const answers = await guessInTurn(api, 'nobody', 3);
      expect(statuses(answers)).toEqual([401, 401, 429]);
      expect(Number(answers[2]?.headers.get('retry-after'))).toBeLessThanOrEqual(60);
      const account = (username: string) => ({ username, email: `${username}@example.net`, password: PASSWORD });
      expect((await api.post('/api/auth/register', account('tara'))).status).toBe(201);
      expect((await api.post('/api/auth/register', account('tess'))).status).toBe(429);
      const refresh = () => api.post('/api/auth/refresh', { refresh_token: 'rt_forged' });
      expect(statuses([await refresh(), await refresh(), await refresh(), await refresh()])).toEqual([
        401, 401, 401, 429,
      ]);
      await strict.close();
    });
  });

  describe('registrations and refreshes', () => {
    const register = (api: Api, username: string) =>
      insist(() => api.post('/api/auth/register', { email: `${username}@example.net`, username, password: PASSWORD }));

    it('are 30 an hour from one network', async () => {
      const ip = somewhere();
      const answers = await times(32, (i) => register(from(ip), `clone${i}`));
      expect(statuses(answers).filter((status) => status === 201)).toHaveLength(30);
      const refused = await register(from(ip), 'one-more');
      expect(refused).toFailWith(429, 'too_many_requests');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3500);
      expect((await register(from(somewhere()), 'one-more')).status).toBe(201);
    });

    it('are not counted when the form is refused', async () => {
      const api = from(somewhere());
      const typo = { email: 'no address', username: 'ursula', password: PASSWORD };
      const weak = { email: 'ursula@example.net', username: 'ursula', password: 'ursula' };
      for (let i = 0; i < 20; i++) {
        expect(await api.post('/api/auth/register', typo)).toFailWith(422, 'validation_failed');
        expect(await api.post('/api/auth/register', weak)).toFailWith(422, 'validation_failed');
      }
      expect((await register(api, 'ursula')).status).toBe(201);
    });

    it('are counted apart when the name is taken: mistaken people must get in, whoever tries names must not go on', async () => {
      const careful = await app.replica({ THROTTLE_TAKEN_REGISTRATIONS: '35/1h' });
      const api = from(somewhere(), careful);
      await meet('uma');
      for (let i = 0; i < 34; i++) expect((await register(api, 'uma')).status).toBe(409);
      expect((await register(api, 'uma-2')).status).toBe(201);
      expect((await register(api, 'uma')).status).toBe(409);
      expect(await register(api, 'uma')).toFailWith(429, 'too_many_requests');
      await careful.close();
    });

    it('are never counted when the refresh token is right', async () => {
      const { tokens } = await meet('quinn');
      const api = from(somewhere());
      const { refresh_token } = tokens;
      const refresh = () => insist(() => api.post('/api/auth/refresh', { refresh_token }));
      const form = { grant_type: 'refresh_token', refresh_token };
      const grant = () => insist(() => api.form('/api/auth/token', form));
      const answers = await times(160, (i) => (i % 2 ? refresh() : grant()));
      expect(new Set(statuses(answers))).toEqual(new Set([200]));
    });

    it.each(['forged', 'dead'])('are 150 refused ones in five minutes from one network: %s', async (kind) => {
      const { tokens, api: signedIn } = await meet(`rachel-${kind}`);
      const { tokens: right } = await meet(`roger-${kind}`);
      await signedIn.post('/api/auth/logout', { refresh_token: tokens.refresh_token });
      const refresh_token = kind === 'forged' ? `${tokens.refresh_token.slice(0, -4)}AAAA` : tokens.refresh_token;
      const api = from(somewhere());
      const refresh = (token = refresh_token) => insist(() => api.post('/api/auth/refresh', { refresh_token: token }));
      const form = { grant_type: 'refresh_token', refresh_token };
      const grant = () => insist(() => api.form('/api/auth/token', form));
      const answers = await times(150, (i) => (i % 2 ? refresh() : grant()));
      expect(new Set(statuses(answers))).toEqual(new Set([401, 400]));
      expect(await refresh()).toFailWith(429, 'too_many_requests');
      expect(await grant()).toMatchObject({ status: 429, body: { error: 'too_many_requests' } });
      expect((await refresh(right.refresh_token)).status).toBe(200);
    });

    it('cost no statement when the refresh token is forged', async () => {
      const loud = await app.replica({ DEBUG: 'true' });
      await stopBackground(loud);
      const before = loggedStatements(loud);
      expect((await loud.api.post('/api/auth/refresh', { refresh_token: 'rt_forged' })).status).toBe(401);
      expect(loggedStatements(loud)).toEqual(before);
      await loud.close();
    });
  });

  describe('the address of a client', () => {
    it('is what the trusted proxy has seen, whatever the client claims', async () => {
      const claims = (i: number) => app.api.with({ 'x-forwarded-for': `1.1.1.${i}, 2.2.2.${i}, 192.0.2.66` });
      const answers = await times(8, (i) => login(claims(i), 'rita'));
      expect(statuses(answers).filter((status) => status === 401)).toHaveLength(5);
    });

    it.each([
      ['nobody is trusted', ''],
      ['only others are trusted', '10.0.0.0/8, fd00::/8'],
    ])('is the one that it connects from when %s', async (_, TRUST_PROXY) => {
      const direct = await app.replica({ TRUST_PROXY });
      await endWindows();
      const answers = await times(8, (i) => login(from(`1.2.3.${i}`, direct), 'sybil'));
      expect(statuses(answers).filter((status) => status === 401)).toHaveLength(5);
      await direct.close();
    });

    it.each(['forwarded', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'x-client-ip'])(
      'is not read from %s',
      async (header) => {
        const ip = somewhere();
        const answers = await times(8, (i) => login(from(ip).with({ [header]: `for=1.2.3.${i}` }), `tom-${header}`));
        expect(statuses(answers).filter((status) => status === 401)).toHaveLength(5);
      },
    );
  });

  describe('what is counted', () => {
    const throttle = () => app.nest.get(Throttle);
    const client = (ip: string): Origin => ({ ...SCRIPT, ip });
    const guessAt = (account: string, origin: Origin) =>
      app.nest.get(PasswordGuesses, { strict: false }).attempt(account, account, origin);
    const guess = (account: string, origin: Origin) => throttle().reserve(guessAt(account, origin), origin);
    const hitsOf = async (prefix: string) =>
      (await app.sql<{ hits: number }>(`SELECT hits FROM throttle_counters WHERE starts_with(key, $1)`, [prefix])).map(
        ({ hits }) => hits,
      );

    beforeEach(() => app.sql(`TRUNCATE throttle_counters`));

    it('is no guess that could not be checked', async () => {
      const origin = client(somewhere());
      for (let i = 0; i < 10; i++) await (await guess('x', origin)).release();
      expect(await hitsOf('guess')).toEqual([]);
    });

    it('is nothing when the work fails, and one when it is done', async () => {
      const origin = client(somewhere());
      const attempt = guessAt('x', origin);
      const broken = () => Promise.reject(new Error('too many wait'));
      for (let i = 0; i < 10; i++) await expect(throttle().run(attempt, origin, broken)).rejects.toThrow('too many');
      expect(await hitsOf('guess')).toEqual([]);
      expect(await throttle().run(attempt, origin, () => Promise.resolve('done'))).toBe('done');
      expect(await hitsOf('guess')).toEqual([1, 1, 1]);
    });

    it('is not taken from the next window when a guess of the last one turns out right', async () => {
      const here = client(somewhere());
      const slow = await guess('x', here);
      await app.sql(`UPDATE throttle_counters SET resets_at = now()`);
      await (await guess('y', here)).count();
      await slow.forgive();
      expect(await hitsOf('guess:network')).toEqual([1]);
    });

    it('counts in the window in which it is settled', async () => {
      const here = client(somewhere());
      const slow = await guess('x', here);
      await app.sql(`UPDATE throttle_counters SET resets_at = now()`);
      await slow.count();
      const [row] = await app.sql<{ left: number }>(
        `SELECT extract(epoch FROM resets_at - now())::float8 AS left FROM throttle_counters WHERE hits = 1 LIMIT 1`,
      );
      expect(row?.left).toBeGreaterThan(200);
    });

    it('leaves no trace of a right guess but that the network is familiar', async () => {
      await (await guess('x', client(somewhere()))).forgive();
      const rows = await app.sql<{ key: string }>(`SELECT split_part(key, '|', 1) AS key FROM throttle_counters`);
      expect(rows).toEqual([{ key: 'familiar' }]);
    });

    it('is one attempt, however often it is settled', async () => {
      const attempt = await guess('x', client(somewhere()));
      await attempt.count();
      await attempt.count();
      await attempt.release();
      expect(await hitsOf('guess')).toEqual([1, 1, 1]);
    });

    it('is kept without what was typed, which may be a password', async () => {
      await login(from('192.0.2.99'), 'hunter2-horse');
      const [dump] = await app.sql<{ text: string }>(`SELECT string_agg(key, ' ') AS text FROM throttle_counters`);
      expect(dump?.text).not.toMatch(/hunter2|192\.0\.2/);
    });

    it('is one window that is full, of two for the same account', async () => {
      const code = throttle().policy(
        'test:code',
        { points: 2, window: minutes(15) },
        { ofAccount: true, forgivable: true },
      );
      const daily = throttle().policy(
        'test:code:day',
        { points: 3, window: days(1) },
        { ofAccount: true, forgivable: true },
      );
      const budgets = [budget(code, ['ada']), budget(daily, ['ada'])];
      const wrong = async () => (await throttle().reserve({ budgets }, SCRIPT)).count();
      await wrong();
      await wrong();
      await expect(wrong()).rejects.toMatchObject({
        code: 'too_many_requests',
        extras: { headers: { 'retry-after': expect.stringMatching(/^89\d|900$/) } },
      });
      await app.sql(`UPDATE throttle_counters SET resets_at = now() WHERE key LIKE 'test:code|%'`);
      await forgotten();
      await wrong();
      await expect(wrong()).rejects.toMatchObject({
        extras: { headers: { 'retry-after': expect.stringMatching(/^863\d\d|86400$/) } },
      });
      expect(await throttle().standing('ada')).toMatchObject({ attempts: 3, until: expect.any(Date) });
      await throttle().forgive(budgets);
      await wrong();
      expect(await hitsOf('test:code')).toEqual([1, 1]);
    });

    it('may be asked without refusing: fifty mails at once, of which one is sent', async () => {
      const mail = throttle().policy('test:mail', { points: 1, window: minutes(1) });
      const hourly = throttle().policy('test:mail:hour', { points: 5, window: hours(1) });
      const send = () => throttle().tryCount([budget(mail, ['ada@example.com']), budget(hourly, ['ada@example.com'])]);
      const sent = await times(20, send);
      expect(sent.filter(Boolean)).toHaveLength(1);
      expect((await hitsOf('test:mail')).sort()).toEqual([1, 1]);
    });

    it('is removed when its window is over', async () => {
      await times(5, (i) => login(from(somewhere()), `walter${i}`));
      await endWindows();
      expect(await throttle().purge()).toBe(15);
      expect(await throttle().purge()).toBe(0);
    });
  });

  it('puts a refusal on record once a window, so that nobody can fill the record by being refused', async () => {
    const { id } = await meet('xena');
    const ip = somewhere();
    await times(40, (i) => login(from(ip, i % 2 ? replica : app), 'xena'));
    const { body } = await root.api.get(`/api/audit-events?action=throttled&user_id=${id}`);
    expect(body.items).toMatchObject([{ outcome: 'failure', ip, details: { limits: 'guess' } }]);

    await endWindows();
    await times(10, () => login(from(ip), 'xena'));
    const { body: later } = await root.api.get(`/api/audit-events?action=throttled&user_id=${id}`);
    expect(later.items).toHaveLength(2);
  });

  it('logs a refusal with who, from where and by which request', async () => {
    const alone = await startApp({ THROTTLE: 'on' });
    const { id } = await person(alone, 'zoe');
    await guessInTurn(alone.api, 'zoe', 9);
    const lines = alone.logs.filter(({ event }) => event === 'throttled');
    expect(lines).toMatchObject([{ level: 'warn', user_id: id, ip: '127.0.0.1', request_id: expect.any(String) }]);
    await alone.close();
  });

  it('can be switched off for load tests', async () => {
    const off = await app.replica({ THROTTLE: 'off' });
    expect(statuses(await times(10, () => login(off.api, 'yves')))).toEqual(Array(10).fill(401));
    await off.close();
  });
});

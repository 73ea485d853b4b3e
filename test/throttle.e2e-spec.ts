import { type Origin, SCRIPT } from '../src/request.js';
import { Throttle } from '../src/throttle/throttle.js';
import type { Answer, Api } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { figure } from './support/figures.js';
import { insist, timesTurnedAway } from './support/insist.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';

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
  const endWindows = () => app.sql(`UPDATE throttle_counters SET resets_at = now() WHERE key NOT LIKE 'familiar%'`);

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
      expect(statuses(answers).filter((status) => status !== 200 && status !== 429)).toEqual([]);
      expect(statuses(await times(5, () => login(from(ip), 'mike', PASSWORD)))).toEqual(Array(5).fill(200));
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

    it('are 150 in five minutes from one network, by whichever route', async () => {
      const { tokens } = await meet('quinn');
      const api = from(somewhere());
      const { refresh_token } = tokens;
      const refresh = () => insist(() => api.post('/api/auth/refresh', { refresh_token }));
      const form = { grant_type: 'refresh_token', refresh_token };
      const grant = () => insist(() => api.form('/api/auth/token', form));
      const answers = await times(150, (i) => (i % 2 ? refresh() : grant()));
      expect(new Set(statuses(answers))).toEqual(new Set([200]));
      expect(await refresh()).toFailWith(429, 'too_many_requests');
      expect(await grant()).toMatchObject({ status: 429, body: { error: 'too_many_requests' } });
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
    const hitsOf = async (prefix: string) =>
      (await app.sql<{ hits: number }>(`SELECT hits FROM throttle_counters WHERE starts_with(key, $1)`, [prefix])).map(
        ({ hits }) => hits,
      );

    beforeEach(() => app.sql(`TRUNCATE throttle_counters`));

    it('is no guess that could not be checked', async () => {
      const ip = somewhere();
      const broken = () => Promise.reject(new Error('too many wait'));
      for (let i = 0; i < 10; i++) await expect(throttle().guess('x', client(ip), broken)).rejects.toThrow('too many');
      expect(await hitsOf('guess')).toEqual([]);
    });

    it('is not taken from the next window when a guess of the last one turns out right', async () => {
      const here = client(somewhere());
      let finish: (isRight: boolean) => void = () => undefined;
      let started: () => void = () => undefined;
      const isStarted = new Promise<void>((resolve) => (started = resolve));
      const slow = throttle().guess('x', here, () => {
        started();
        return new Promise((resolve) => (finish = resolve));
      });
      await isStarted;
      await endWindows();
      await throttle().guess('y', here, () => Promise.resolve(false));
      finish(true);
      await slow;
      expect(await hitsOf('guess:network')).toEqual([1]);
    });

    it('leaves no trace of a right guess but that the network is familiar', async () => {
      await throttle().guess('x', client(somewhere()), () => Promise.resolve(true));
      const rows = await app.sql<{ key: string }>(`SELECT split_part(key, '|', 1) AS key FROM throttle_counters`);
      expect(rows).toEqual([{ key: 'familiar' }]);
    });

    it('is kept without what was typed, which may be a password', async () => {
      await login(from('192.0.2.99'), 'hunter2-horse');
      const [dump] = await app.sql<{ text: string }>(`SELECT string_agg(key, ' ') AS text FROM throttle_counters`);
      expect(dump?.text).not.toMatch(/hunter2|192\.0\.2/);
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

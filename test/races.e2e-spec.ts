import pg from 'pg';
import { Passwords } from '../src/users/passwords/passwords.js';
import type { Answer } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { figure } from './support/figures.js';
import { insist, timesTurnedAway } from './support/insist.js';
import { admin, PASSWORD, person, type Person, signIn, type Tokens } from './support/people.js';

const NEW_PASSWORD = 'another horse battery';
const ROUNDS = 8;

/** What happens in one moment on two replicas; whatever comes first, what holds afterwards is the same. */
describe('Two replicas at the same moment', () => {
  let app: TestApp;
  let replica: TestApp;
  let root: Person;
  let names = 0;

  beforeAll(async () => {
    app = await startApp({ DB_POOL_MAX: '20' });
    replica = await app.replica();
    root = await admin(app);
  });
  afterAll(async () => {
    figure('503 in the races', timesTurnedAway());
    await replica.close();
    await app.close();
  });

  const somebody = () => person(app, `ada${names++}`);
  const refresh = ({ refresh_token }: Tokens, at = app) =>
    insist(() => at.api.post('/api/auth/refresh', { refresh_token }));
  const login = ({ email }: Person, at = app, password = PASSWORD) =>
    insist(() => at.api.post('/api/auth/login', { email, password }));
  const changePassword = ({ api }: Person) =>
    api.put('/api/auth/password', { current_password: PASSWORD, new_password: NEW_PASSWORD });
  const tokensIn = (answers: Answer[]) =>
    answers.filter(({ status }) => status === 200).map(({ body }) => body as Tokens);

  /** Both replicas do it so many times, at the same moment. */
  const onBoth = (times: number, work: (at: TestApp) => Promise<Answer>) =>
    Array.from({ length: times }, (_, i) => work(i % 2 ? replica : app));

  /** How many of these open anything: access tokens by asking who they are, refresh tokens by refreshing. */
  async function alive(tokens: Tokens[]): Promise<number> {
    const answers = await Promise.all(
      tokens.flatMap((pair) => [insist(() => app.api.as(pair).get('/api/auth/me')), refresh(pair, replica)]),
    );
    return answers.filter(({ status }) => status !== 401).length;
  }

  /** Lets the same race be run again and again, and adds up what is alive after each. */
  async function aliveAfter(name: string, race: (round: number) => Promise<Tokens[]>): Promise<number> {
    let [living, issued] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      const tokens = await race(round);
      issued += tokens.length;
      living += await alive(tokens);
    }
    figure(name, { rounds: ROUNDS, issued, alive: living });
    return living;
  }

  /** A moment later in each round, so that the other side is met at every stage. */
  const after = async <T>(round: number, work: () => Promise<T>): Promise<T> => {
    for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve));
    return work();
  };

  it('20 refreshes of one token all get one and the same child, 100 times over', async () => {
    let { tokens } = await somebody();
    const children: number[] = [];
    const winners: number[] = [];
    for (let round = 0; round < 100; round++) {
      const answers = await Promise.all(onBoth(20, (at) => refresh(tokens, at)));
      winners.push(tokensIn(answers).length);
      children.push(new Set(tokensIn(answers).map(({ refresh_token }) => refresh_token)).size);
      tokens = tokensIn(answers)[round % 20] as Tokens;
    }
    figure('20 refreshes × 100', { winners: [...new Set(winners)], children: [...new Set(children)] });
    expect(winners).toEqual(Array(100).fill(20));
    expect(children).toEqual(Array(100).fill(1));
    const [session] = await app.sql(`SELECT counter FROM sessions ORDER BY counter DESC LIMIT 1`);
    expect(session).toEqual({ counter: 100 });
  }, 120_000);

  describe('a refresh', () => {
    it('and a sign-out leave nothing alive', async () => {
      const living = await aliveAfter('refresh | logout', async (round) => {
        const { tokens, api } = await somebody();
        const refreshes = onBoth(6, (at) => refresh(tokens, at));
        await after(round, () => api.post('/api/auth/logout'));
        return [tokens, ...tokensIn(await Promise.all(refreshes))];
      });
      expect(living).toBe(0);
    });

    it('and a sign-out everywhere leave nothing alive', async () => {
      const living = await aliveAfter('refresh | end other sessions', async (round) => {
        const ada = await somebody();
        const stolen = await signIn(app, ada.email);
        const refreshes = onBoth(6, (at) => refresh(stolen, at));
        await after(round, () => ada.api.delete('/api/auth/sessions'));
        return [stolen, ...tokensIn(await Promise.all(refreshes))];
      });
      expect(living).toBe(0);
    });

    it('and a new password leave nothing of other sessions alive', async () => {
      const living = await aliveAfter('refresh | password change', async (round) => {
        const ada = await somebody();
        const stolen = await signIn(app, ada.email);
        const change = changePassword(ada);
        const refreshes = await after(round, () => Promise.all(onBoth(6, (at) => refresh(stolen, at))));
        expect(await change).toMatchObject({ status: 204 });
        return [stolen, ...tokensIn(refreshes)];
      });
      expect(living).toBe(0);
    });

    it('and a new password leave this session alive', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const ada = await somebody();
        const change = changePassword(ada);
        const refreshes = await after(round * 3, () => Promise.all(onBoth(6, (at) => refresh(ada.tokens, at))));
        expect(await change).toMatchObject({ status: 204 });
        expect(refreshes.map(({ status }) => status)).toEqual(Array(6).fill(200));
        const [child] = tokensIn(refreshes) as [Tokens];
        expect(await replica.api.as(child).get('/api/auth/me')).toMatchObject({ status: 200 });
        expect(await refresh(child)).toMatchObject({ status: 200 });
      }
    });

    it('that meets a new password halfway still finds its session alive', async () => {
      const ada = await somebody();
      const client = new pg.Client(app.database.url);
      await client.connect();
      await client.query('BEGIN');
      await client.query(`UPDATE users SET session_generation = session_generation + 1 WHERE id = $1`, [ada.id]);
      await client.query(`UPDATE sessions SET generation = generation + 1 WHERE user_id = $1`, [ada.id]);
      const waiting = refresh(ada.tokens);
      await somebodyWaits();
      await client.query('COMMIT');
      await client.end();
      expect(await waiting).toMatchObject({ status: 200 });
    });

    /** Until a statement waits for another's lock. */
    async function somebodyWaits(): Promise<void> {
      const sql = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      while ((await app.sql(sql)).length === 0);
    }

    it.each([
      ['deactivation', (id: string) => root.api.patch(`/api/users/${id}`, { is_active: false })],
      ['deletion', (id: string) => root.api.delete(`/api/users/${id}`)],
      ['purge', (id: string) => root.api.delete(`/api/users/${id}?purge=true`)],
    ])('and a %s leave nothing alive', async (name, end) => {
      const living = await aliveAfter(`refresh | ${name}`, async (round) => {
        const { tokens, id } = await somebody();
        const refreshes = onBoth(6, (at) => refresh(tokens, at));
        await after(round, () => end(id));
        return [tokens, ...tokensIn(await Promise.all(refreshes))];
      });
      expect(living).toBe(0);
    });

    it('and a reuse of its grandparent leave nothing alive', async () => {
      const living = await aliveAfter('refresh | reuse', async (round) => {
        const { tokens: first } = await somebody();
        const [second] = tokensIn([await refresh(first)]) as [Tokens];
        const [third] = tokensIn([await refresh(second)]) as [Tokens];
        const refreshes = onBoth(6, (at) => refresh(third, at));
        expect(await after(round, () => refresh(first))).toFailWith(401, 'refresh_token_reused');
        return [first, second, third, ...tokensIn(await Promise.all(refreshes))];
      });
      expect(living).toBe(0);
    });

    it('and a demotion leave no token that opens what only admins may', async () => {
      let opened = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const eve = await admin(app, `eve${round}`);
        const refreshes = onBoth(6, (at) => refresh(eve.tokens, at));
        await after(round, () => root.api.patch(`/api/users/${eve.id}`, { role: 'user' }));
        const tokens = [eve.tokens, ...tokensIn(await Promise.all(refreshes))];
        const answers = await Promise.all(tokens.map((pair) => replica.api.as(pair).get('/api/audit-events')));
        opened += answers.filter(({ status }) => status !== 403).length;
      }
      figure('refresh | demotion', { rounds: ROUNDS, opened });
      expect(opened).toBe(0);
    });
  });

  describe('a sign-in', () => {
    it.each([
      ['deactivation', (id: string) => root.api.patch(`/api/users/${id}`, { is_active: false })],
      ['deletion', (id: string) => root.api.delete(`/api/users/${id}`)],
    ])('and a %s leave nothing alive', async (name, end) => {
      const living = await aliveAfter(`login | ${name}`, async (round) => {
        const ada = await somebody();
        const logins = onBoth(6, (at) => login(ada, at));
        await after(round * 6, () => end(ada.id));
        return tokensIn(await Promise.all(logins));
      });
      expect(living).toBe(0);
    });

    it('with the old password and a new password leave nothing of it alive', async () => {
      const living = await aliveAfter('login | password change', async (round) => {
        const ada = await somebody();
        const change = changePassword(ada);
        const logins = await after(round * 6, () => Promise.all(onBoth(6, (at) => login(ada, at))));
        expect(await change).toMatchObject({ status: 204 });
        return tokensIn(logins);
      });
      expect(living).toBe(0);
    });

    it('and others while the hash is replaced by a better one all succeed', async () => {
      const better = [await app.replica({ BCRYPT_ROUNDS: '6' }), await app.replica({ BCRYPT_ROUNDS: '6' })];
      for (let round = 0; round < 5; round++) {
        const ada = await somebody();
        const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => login(ada, better[i % 2])));
        expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
        const [row] = await app.sql<{ cost: string }>(
          `SELECT substr(password_hash, 5, 2) AS cost FROM users WHERE id = $1`,
          [ada.id],
        );
        expect(row).toEqual({ cost: '06' });
      }
      await Promise.all(better.map((one) => one.close()));
    });

    it('and a new password while the hash is replaced both succeed', async () => {
      const better = await app.replica({ BCRYPT_ROUNDS: '6' });
      for (let round = 0; round < 5; round++) {
        const ada = await somebody();
        const [change] = await Promise.all([
          better.api
            .as(ada.tokens)
            .put('/api/auth/password', { current_password: PASSWORD, new_password: NEW_PASSWORD }),
          login(ada, better),
          login(ada, better),
        ]);
        expect(change).toMatchObject({ status: 204 });
        expect(await login(ada, better, NEW_PASSWORD)).toMatchObject({ status: 200 });
        expect(await login(ada, better)).toFailWith(401, 'invalid_credentials');
      }
      await better.close();
    });
  });

  describe('a new password', () => {
    it('and another one: one of them is set, the other refused', async () => {
      const ada = await somebody();
      const passwords = ['one horse battery', 'two horse battery', 'three horse battery', 'four horse battery'];
      const answers = await Promise.all(
        passwords.map((new_password, i) =>
          (i % 2 ? replica : app).api
            .as(ada.tokens)
            .put('/api/auth/password', { current_password: PASSWORD, new_password }),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 403, 403, 403]);
      const set = passwords[answers.findIndex(({ status }) => status === 204)];
      expect(await login(ada, app, set)).toMatchObject({ status: 200 });
    });

    it('is not set when its session has ended while it was hashed', async () => {
      const slow = await app.replica({ BCRYPT_ROUNDS: '12' });
      const ada = await somebody();
      const change = changePassword({ ...ada, api: slow.api.as(ada.tokens) });
      while (slow.nest.get(Passwords).hasher.stats().running === 0) await new Promise(setImmediate);
      await root.api.delete(`/api/users/${ada.id}/sessions`);
      expect(await change).toFailWith(401, 'invalid_token');
      expect(await login(ada)).toMatchObject({ status: 200 });
      await slow.close();
    });

    it('and the end of its session: it is set if and only if the answer says so', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const ada = await somebody();
        const change = changePassword(ada);
        await after(round * 6, () => root.api.delete(`/api/users/${ada.id}/sessions`));
        const { status } = await change;
        expect([204, 401]).toContain(status);
        expect(await login(ada, app, status === 204 ? NEW_PASSWORD : PASSWORD)).toMatchObject({ status: 200 });
        expect(await alive([ada.tokens])).toBe(0);
      }
    });
  });
});

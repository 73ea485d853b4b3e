import { jest } from '@jest/globals';
import { Database } from '../src/database/database.js';
import { startApp, type TestApp } from './support/app.js';
import type { Answer } from './support/api.js';
import { person, type Person, signIn, type Tokens } from './support/people.js';
import { decode } from './support/tokens.js';

describe('POST /api/auth/refresh', () => {
  let app: TestApp;
  let ada: Person;
  let first: Tokens;

  beforeAll(async () => {
    app = await startApp();
    ada = await person(app, 'ada');
  });
  beforeEach(async () => {
    first = await signIn(app, 'ada');
  });
  afterAll(() => app.close());

  const answerTo = ({ refresh_token }: Pick<Tokens, 'refresh_token'>, at = app): Promise<Answer> =>
    at.api.post('/api/auth/refresh', { refresh_token });
  const me = (tokens: Tokens, at = app) => at.api.as(tokens).get('/api/auth/me');
  const sessionOf = ({ access_token }: Tokens) => String(decode(access_token).payload['sid']);

  async function refresh(tokens: Tokens, at = app): Promise<Tokens> {
    const answer = await answerTo(tokens, at);
    expect(answer).toMatchObject({ status: 200 });
    return answer.body as Tokens;
  }

  /** Moves the session's own times, as waiting would. */
  const wait = (tokens: Tokens, interval: string, ...columns: string[]) =>
    app.sql(
      `UPDATE sessions SET ${columns.map((name) => `${name} = ${name} - $2::interval`).join(', ')} WHERE id = $1`,
      [sessionOf(tokens), interval],
    );

  async function expectDead(...family: Tokens[]): Promise<void> {
    const [row] = await app.sql<{ ended: boolean }>(
      `SELECT ended_at IS NOT NULL AS ended FROM sessions WHERE id = $1`,
      [sessionOf(first)],
    );
    expect(row).toEqual({ ended: true });
    for (const tokens of family) {
      expect(await me(tokens)).toFailWith(401, 'invalid_token');
      expect(await answerTo(tokens)).toFailWith(401, 'invalid_refresh_token');
    }
  }

  it('gives a new pair of the same session', async () => {
    const second = await refresh(first);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(sessionOf(second)).toBe(sessionOf(first));
    expect(await me(second)).toMatchObject({ status: 200, body: { id: ada.id } });
  });

  it('goes on for as many rotations as anyone likes', async () => {
    let tokens = first;
    for (let i = 0; i < 20; i++) tokens = await refresh(tokens);
    expect(await me(tokens)).toMatchObject({ status: 200 });
  });

  describe('after a failover that lost rotations, or from a restored backup', () => {
    /** The row as it was so many rotations ago, on a standby that knew no better. */
    const goBack = (tokens: Tokens, rotations: number) =>
      app.sql('UPDATE sessions SET counter = counter - $2 WHERE id = $1', [sessionOf(tokens), rotations]);

    it.each([1, 3])('takes the token of a rotation that was lost, %i ago, and goes on from there', async (lost) => {
      let tokens = first;
      for (let i = 0; i < 4; i++) tokens = await refresh(tokens);
      await goBack(tokens, lost);
      const next = await refresh(tokens);
      expect(next.refresh_token).not.toBe(tokens.refresh_token);
      expect(await me(next)).toMatchObject({ status: 200 });
      expect((await refresh(tokens)).refresh_token).toBe(next.refresh_token); // a lost answer, as ever
      await refresh(next);
    });

    it('still ends the session when an older token comes', async () => {
      const second = await refresh(first);
      const third = await refresh(second);
      await goBack(third, 2);
      await refresh(third);
      expect(await answerTo(second)).toFailWith(401, 'refresh_token_reused');
      await expectDead(third);
    });

    it('gives 20 who come at once with it one and the same child', async () => {
      const second = await refresh(first);
      const third = await refresh(second);
      await goBack(third, 2);
      const children = await Promise.all(Array.from({ length: 20 }, () => refresh(third)));
      expect(new Set(children.map(({ refresh_token }) => refresh_token)).size).toBe(1);
    });
  });

  it('is never cached', async () => {
    expect((await answerTo(first)).headers.get('cache-control')).toBe('no-store');
  });

  describe('with a token that was used before', () => {
    it('gives the same child to whoever lost the answer', async () => {
      const second = await refresh(first);
      const again = await refresh(first);
      expect(again.refresh_token).toBe(second.refresh_token);
      expect(await me(again)).toMatchObject({ status: 200 });
    });

    it('gives the same child for as much longer as this process could not reach the database', async () => {
      const second = await refresh(first);
      const { reachability } = app.nest.get(Database);
      await wait(first, '40 seconds', 'last_used_at');
      const away = jest.spyOn(reachability, 'awayWithin').mockReturnValue(15_000);
      expect((await refresh(first)).refresh_token).toBe(second.refresh_token);
      expect(away.mock.calls[0]?.[0]).toBeGreaterThan(39_000);
      away.mockReturnValue(5_000);
      expect(await answerTo(first)).toFailWith(401, 'refresh_token_reused');
      away.mockRestore();
    });

    it('gives the same child up to the end of the grace window', async () => {
      const second = await refresh(first);
      await wait(first, '28 seconds', 'last_used_at');
      expect((await refresh(first)).refresh_token).toBe(second.refresh_token);
    });

    it('gives the same child by the token route', async () => {
      const second = await refresh(first);
      const { body } = await app.api.form('/api/auth/token', {
        grant_type: 'refresh_token',
        refresh_token: first.refresh_token,
      });
      expect(body).toMatchObject({ refresh_token: second.refresh_token });
    });

    it('does not extend the grace window by its use', async () => {
      await refresh(first);
      await wait(first, '20 seconds', 'last_used_at');
      await refresh(first);
      await wait(first, '11 seconds', 'last_used_at');
      expect(await answerTo(first)).toFailWith(401, 'refresh_token_reused');
    });

    it('ends the session when the window is over', async () => {
      const second = await refresh(first);
      await wait(first, '31 seconds', 'last_used_at');
      expect(await answerTo(first)).toFailWith(401, 'refresh_token_reused');
      await expectDead(first, second);
    });

    it('ends the session when it is the grandparent, even inside the window', async () => {
      const second = await refresh(first);
      const third = await refresh(second);
      expect(await answerTo(first)).toFailWith(401, 'refresh_token_reused');
      await expectDead(first, second, third);
    });

    it('ends the session without a grace window at the first repeat', async () => {
      const strict = await app.replica({ REFRESH_GRACE_SECONDS: '0' });
      const second = await refresh(first, strict);
      expect(await answerTo(first, strict)).toFailWith(401, 'refresh_token_reused');
      await expectDead(first, second);
      await strict.close();
    });

    it('tells the owner', async () => {
      await refresh(await refresh(first));
      await answerTo(first);
      const { body } = await ada.api.get('/api/auth/events?action=token_reused&limit=1');
      expect(body.items).toMatchObject([{ outcome: 'failure', details: { session_id: sessionOf(first) } }]);
    });

    it('ends only that session', async () => {
      const other = await signIn(app, 'ada');
      await refresh(await refresh(first));
      await answerTo(first);
      expect(await me(other)).toMatchObject({ status: 200 });
    });
  });

  describe('after a restart', () => {
    let restarted: TestApp;
    let before: Tokens[];

    beforeEach(async () => {
      const process = await app.replica();
      const second = await refresh(first, process);
      before = [first, second, await refresh(second, process)];
      await process.close();
      restarted = await app.replica();
    });
    afterEach(() => restarted.close());

    it('goes on', async () => {
      const [, , third] = before as [Tokens, Tokens, Tokens];
      expect(await me(await refresh(third, restarted), restarted)).toMatchObject({ status: 200 });
    });

    it('still gives the parent the same child', async () => {
      const [, second, third] = before as [Tokens, Tokens, Tokens];
      expect((await refresh(second, restarted)).refresh_token).toBe(third.refresh_token);
    });

    it('still knows the grandparent', async () => {
      expect(await answerTo(first, restarted)).toFailWith(401, 'refresh_token_reused');
      await expectDead(...before);
    });
  });

  describe('by the clock of the database', () => {
    it('refuses a session that was idle too long', async () => {
      await wait(first, '7 days 1 second', 'expires_at');
      expect(await answerTo(first)).toFailWith(401, 'invalid_refresh_token');
      expect(await me(first)).toFailWith(401, 'invalid_token');
    });

    it('gives another week at each use', async () => {
      await wait(first, '6 days', 'expires_at', 'created_at', 'last_used_at');
      expect((await refresh(first)).refresh_expires_in).toBeGreaterThan(604_790);
    });

    it('never outlasts SESSION_MAX_DAYS', async () => {
      await wait(first, '29 days 23 hours', 'created_at');
      const second = await refresh(first);
      expect(second.refresh_expires_in).toBeGreaterThan(3500);
      expect(second.refresh_expires_in).toBeLessThanOrEqual(3600);
      await wait(first, '1 hour', 'created_at', 'expires_at');
      expect(await answerTo(second)).toFailWith(401, 'invalid_refresh_token');
    });

    it('is capped from the start when sessions are shorter than refresh tokens', async () => {
      const brief = await app.replica({ SESSION_MAX_DAYS: '1' });
      expect((await signIn(brief, 'ada')).refresh_expires_in).toBe(86_400);
      await brief.close();
    });

    it('obeys a cap that was lowered since', async () => {
      const brief = await app.replica({ SESSION_MAX_DAYS: '1' });
      await wait(first, '25 hours', 'created_at');
      expect(await answerTo(first, brief)).toFailWith(401, 'invalid_refresh_token');
      await brief.close();
    });
  });

  describe('with a token that is none', () => {
    const tampered = (change: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(first.refresh_token.slice(3), 'base64url');
      change(bytes);
      return { refresh_token: `rt_${bytes.toString('base64url')}` };
    };

    it.each<[string, (bytes: Buffer) => void]>([
      ['another counter', (bytes) => bytes.writeUInt32BE(1, 16)],
      ['another session', (bytes) => bytes.writeUInt8(bytes.readUInt8(15) ^ 1, 15)],
      ['another signature', (bytes) => bytes.writeUInt8(bytes.readUInt8(51) ^ 1, 51)],
      ['a signature of nothing', (bytes) => bytes.fill(0, 20)],
    ])('refuses %s', async (_, change) => {
      expect(await answerTo(tampered(change))).toFailWith(401, 'invalid_refresh_token');
      expect(await me(first)).toMatchObject({ status: 200 });
    });

    it.each([
      ['nothing', () => ''],
      ['the prefix alone', () => 'rt_'],
      ['a token without its prefix', () => first.refresh_token.slice(3)],
      ['a token without its end', () => first.refresh_token.slice(0, -1)],
      ['a token with more', () => `${first.refresh_token}A`],
      ['a token with a space', () => `${first.refresh_token} `],
      ['an access token', () => first.access_token],
      ['other letters', () => `rt_${'é'.repeat(70)}`],
      ['64 KiB', () => 'rt_'.padEnd(60_000, 'A')],
    ])('refuses %s', async (_, token) => {
      expect(await answerTo({ refresh_token: token() })).toFailWith(401, 'invalid_refresh_token');
    });

    it.each([[null], [7], [['rt_']], [{}]])('refuses %j', async (refresh_token) => {
      expect(await app.api.post('/api/auth/refresh', { refresh_token })).toFailWith(422, 'validation_failed');
    });
  });
});

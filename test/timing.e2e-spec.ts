import type { Answer } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { figure } from './support/figures.js';
import { notJudged } from './support/noise.js';
import { admin, PASSWORD, person } from './support/people.js';

const ROUNDS_IN_BATCH = 50; // of five samples each
const MOST_BATCHES = 5;
const ROUNDS = '7'; // some 8 ms: enough to tell whether it was done, and little enough for a thousand

/** Whoever guesses must learn neither from the answer nor from its time whether the account exists. */
describe('A failed sign-in', () => {
  let app: TestApp;
  const kinds = {
    unknown: { username: 'nobody', password: PASSWORD },
    wrong: { username: 'ada', password: 'a wrong horse battery' },
    'wrong, by e-mail address': { username: 'ada@example.com', password: 'a wrong horse battery' },
    'wrong, with an older hash': { username: 'olivia', password: 'a wrong horse battery' },
    inactive: { username: 'bob', password: PASSWORD },
    deleted: { username: 'carol', password: PASSWORD },
    'too long': { username: 'ada', password: 'horse'.repeat(20) },
  };
  type Kind = keyof typeof kinds;
  const names = Object.keys(kinds) as Kind[];
  const timed = names.filter((name) => !name.includes('address') && name !== 'too long');
  let addresses = 0;
  const somewhere = () => `10.0.${addresses >> 8}.${addresses++ & 255}`; // so that none is throttled
  const fail = (kind: Kind): Promise<Answer> =>
    app.api.with({ 'x-forwarded-for': somewhere() }).post('/api/auth/login', kinds[kind]);

  beforeAll(async () => {
    const cheap = await startApp({ BCRYPT_ROUNDS: '4' });
    await person(cheap, 'olivia');
    const [olivia] = await cheap.sql<{ hash: string }>(`SELECT password_hash AS hash FROM users`);
    await cheap.close();

    app = await startApp({ BCRYPT_ROUNDS: ROUNDS, THROTTLE: 'on', TRUST_PROXY: '127.0.0.1/32' });
    const root = await admin(app);
    for (const name of ['ada', 'olivia', 'bob', 'carol']) await person(app, name);
    await app.sql(`UPDATE users SET password_hash = $1 WHERE username = 'olivia'`, [olivia?.hash]);
    const [bob] = await app.sql<{ id: string }>(`SELECT id FROM users WHERE username = 'bob'`);
    const [carol] = await app.sql<{ id: string }>(`SELECT id FROM users WHERE username = 'carol'`);
    await root.api.patch(`/api/users/${bob?.id}`, { is_active: false });
    await root.api.delete(`/api/users/${carol?.id}`);
  });
  afterAll(() => app.close());

  it('is answered alike, to the byte and the header', async () => {
    const answers = await Promise.all(names.map(fail));
    const seen = answers.map(({ status, text, body, headers }) => {
      const alike = [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date');
      return { status, text: text.replace(body.request_id, '…'), alike };
    });
    expect(answers[0]).toFailWith(401, 'invalid_credentials');
    expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(1);
  });

  it('takes as long, whatever the reason', async () => {
    const times = Object.fromEntries(timed.map((name) => [name, [] as number[]])) as Record<Kind, number[]>;
    let [spread, tolerance, noise] = [Infinity, 0, Infinity];
    // a noisy machine needs more samples; what really takes longer does so in all of them
    for (let batch = 0; batch < MOST_BATCHES && spread >= tolerance; batch++) {
      await app.sql(`TRUNCATE throttle_counters`);
      for (let round = 0; round < ROUNDS_IN_BATCH; round++) await sample(round, times);
      const medians = timed.map((name) => median(times[name]));
      spread = Math.max(...medians) - Math.min(...medians);
      tolerance = Math.max(5, Math.min(...medians) * 0.03);
      noise = Math.max(...timed.map((name) => disagreement(times[name])));
    }
    const medians = Object.fromEntries(timed.map((name) => [name, median(times[name])]));
    figure('medians of failed sign-ins, in ms', { ...medians, noise, samples: times.unknown.length * timed.length });
    if (spread >= tolerance && noise >= spread / 2) {
      return notJudged(`the same sign-in differs by ${noise} ms from one half of the samples to the other`);
    }
    expect(spread).toBeLessThan(tolerance);
  }, 240_000);

  /** One of each, begun with another one each time. */
  async function sample(round: number, times: Record<Kind, number[]>): Promise<void> {
    for (let i = 0; i < timed.length; i++) {
      const name = timed[(round + i) % timed.length] as Kind;
      const start = performance.now();
      const { status } = await fail(name);
      times[name].push(performance.now() - start);
      if (status !== 401) throw new Error(`${name}: ${status}`);
    }
  }
});

const median = (values: number[]) =>
  Number([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]?.toFixed(2));

/** How far the medians of halves of the same samples are apart: what this machine does to them, and not their kind. */
function disagreement(values: number[]): number {
  const half = Math.floor(values.length / 2);
  const halves = [
    [values.slice(0, half), values.slice(half)], // what began or ended meanwhile
    [values.filter((_, i) => i % 2), values.filter((_, i) => !(i % 2))],
  ] as const;
  return Math.max(...halves.map(([one, other]) => Math.abs(median(one) - median(other))));
}

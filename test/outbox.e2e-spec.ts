import { Mails } from '../src/mail/mails.js';
import { Outbox } from '../src/outbox/outbox.js';
import { Database } from '../src/database/database.js';
import { startApp, type TestApp } from './support/app.js';
import { eventually } from './support/insist.js';
import { expectWithin, timed } from './support/noise.js';
import { mailBy, type Relay, startRelay } from './support/relay.js';
import { holding } from './support/trouble.js';

interface Job {
  id: string;
  state: string;
  attempts: number;
  last_status: number | null;
  last_error: string | null;
  data: object;
  wait: number;
}

describe('the outbox', () => {
  let relay: Relay;
  let app: TestApp;

  beforeAll(async () => {
    relay = await startRelay();
    app = await startApp(mailBy(relay));
  });
  afterAll(async () => {
    await app.close();
    await relay.close();
  });
  beforeEach(() => {
    relay.manners = {};
    relay.received.length = 0;
  });

  const mails = () => app.nest.get(Mails);
  const send = async (to: string) => (await mails().send('test', { to })) ?? '';
  const job = async (id: string) => {
    const rows = await app.sql<Job>(
      `SELECT *, extract(epoch FROM due_at - now())::float8 AS wait FROM outbox WHERE id = $1`,
      [id],
    );
    if (!rows[0]) throw new Error('There is no such job');
    return rows[0];
  };
  const jobWhen = (id: string, fits: (job: Job) => boolean) =>
    eventually(async () => {
      const found = await job(id);
      return fits(found) && found;
    });
  /** Lets the next try be now; what the last one said goes, so that the next one is noticed. */
  const hurry = (id: string) => app.sql(`UPDATE outbox SET due_at = now(), last_error = NULL WHERE id = $1`, [id]);

  it('sends what was added, once, and forgets its words', async () => {
    const id = await send('ada@example.com');
    const mail = await relay.mailTo('ada@example.com');
    expect(mail.id).toBe(`<${id}@example.com>`);
    const done = await jobWhen(id, ({ state }) => state === 'sent');
    expect(done).toMatchObject({ attempts: 1, last_status: 250, last_error: null, data: {} });
    expect(relay.received).toHaveLength(1);
  });

  it('sends what a statement added beside its change, and nothing that was undone', async () => {
    const database = app.nest.get(Database);
    const statement = (email: string) => ({
      text: `WITH change AS (INSERT INTO users (id, email, username, password_hash)
               VALUES (gen_random_uuid(), $1, $2, '') RETURNING id, email, username),
             mail AS (${mails().insert('password_changed', {
               from: 'change',
               to: 'email',
               userId: 'id',
               data: `$3::jsonb || jsonb_build_object('username', username)`,
             })})
             SELECT change.id, (SELECT id FROM mail) AS mail FROM change`,
      values: [email, email.replace(/\W/g, '').slice(0, 30), { ip: '203.0.113.7' }],
    });
    const { text, values } = statement('bob@example.com');
    const [row] = await database.write<{ id: string; mail: string }>({ text }, values);
    mails().wake();
    const mail = await relay.mailTo('bob@example.com');
    expect(mail.id).toBe(`<${row?.mail}@example.com>`);
    expect(row?.mail).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
    expect(mail.parsed.text).toContain('203.0.113.0/24');
    await expect(database.write({ text }, values)).rejects.toMatchObject({ code: 'email_taken' });
    const jobs = await app.sql(`SELECT id FROM outbox WHERE recipient = 'bob@example.com'`);
    expect(jobs).toHaveLength(1);
  });

  it('picks up within milliseconds what this replica has written, and within a second what another has', async () => {
    const arrival = async (send: () => Promise<unknown>, to: string) => {
      await send();
      await relay.mailTo(to);
    };
    await send('warm@example.com');
    await relay.mailTo('warm@example.com');
    expectWithin(500, await timed(arrival(() => send('quick@example.com'), 'quick@example.com')));
    const elsewhere = () =>
      app.sql(
        `INSERT INTO outbox (id, channel, kind, recipient) VALUES (gen_random_uuid(), 'mail', 'test', 'slow@example.com')`,
      );
    expectWithin(2_500, await timed(arrival(elsewhere, 'slow@example.com')));
  });

  it('tries again after 5 s, 30 s, 2 min … when the relay says 4xx, and gets through in the end', async () => {
    relay.manners.recipient = () => 451;
    const id = await send('later@example.com');
    for (const [index, seconds] of [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 14_400].entries()) {
      const isNext = ({ attempts, wait }: Job) => attempts === index + 1 && wait > seconds - 4 && wait <= seconds;
      expect(await jobWhen(id, isNext)).toMatchObject({ state: 'queued', last_status: 451 });
      await hurry(id);
    }
    relay.manners = {};
    await hurry(id);
    await jobWhen(id, ({ state }) => state === 'sent');
    expect(relay.received).toHaveLength(1);
  });

  it('gives up at once when the relay says 5xx to the address, and goes on when told to', async () => {
    relay.manners.recipient = () => 550;
    const id = await send('nobody@example.com');
    const failed = await jobWhen(id, ({ state }) => state === 'failed');
    expect(failed).toMatchObject({ attempts: 1, last_status: 550 });
    relay.manners = {};
    expect(await app.nest.get(Outbox).retry(id, 'mail')).toBe(true);
    await jobWhen(id, ({ state }) => state === 'sent');
    expect(await app.nest.get(Outbox).retry(id, 'mail')).toBe(false);
  });

  it('keeps trying until the mail is of no use any more', async () => {
    relay.manners.recipient = () => 451;
    const id = await mails().send('test', { to: 'late@example.com', expiresAt: new Date(Date.now() + 1500) });
    const done = await jobWhen(id ?? '', ({ state }) => state === 'expired');
    expect(done).toMatchObject({ attempts: 1, data: {} });
  });

  it('lets a job that can never be written fail after its schedule, and the others go on', async () => {
    const [{ id }] = (await app.sql<{ id: string }>(
      `INSERT INTO outbox (id, channel, kind, recipient) VALUES (gen_random_uuid(), 'mail', 'poison', 'x@example.com') RETURNING id`,
    )) as [{ id: string }];
    for (let tries = 1; tries < 9; tries++) {
      const tried = await jobWhen(id, ({ attempts, last_error }) => attempts === tries && last_error !== null);
      expect(tried.state).toBe('queued');
      await hurry(id);
    }
    const dead = await jobWhen(id, ({ state }) => state === 'failed');
    expect(dead).toMatchObject({ attempts: 9, last_error: 'There is no mail "poison".' });
    await send('alive@example.com');
    await relay.mailTo('alive@example.com');
  });

  it('writes down neither code nor link when the relay quotes them', async () => {
    relay.manners.data = () => 554;
    const challengeId = '0190a0a0-0000-7000-8000-00000000000a';
    const id = await mails().send('verify', { to: 'ada@example.com', challengeId, words: { username: 'ada' } });
    const failed = await jobWhen(id ?? '', ({ state }) => state === 'failed');
    expect(failed.last_error).toContain('… is your code');
    expect(failed.last_error).toContain('Confirm your address'); // the relay has quoted the text, too
    for (const written of [await app.sql(`SELECT * FROM outbox`), app.logs]) {
      expect(JSON.stringify(written)).not.toMatch(/\d{3} ?\d{3} is your|ev_/);
    }
  });

  it('waits for the database to note what was sent, and does not send it again', async () => {
    relay.manners.delay = 300;
    const id = await send('once@example.com');
    await eventually(async () => (await job(id)).attempts === 1);
    const lock = await holding(app, 'LOCK TABLE outbox IN EXCLUSIVE MODE');
    await relay.mailTo('once@example.com');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await lock.release();
    await jobWhen(id, ({ state }) => state === 'sent');
    expect(relay.received).toHaveLength(1);
  });

  it('removes what was finished 30 days ago', async () => {
    const id = await send('old@example.com');
    await jobWhen(id, ({ state }) => state === 'sent');
    expect(await app.nest.get(Outbox).purge()).toBe(0);
    await app.sql(`UPDATE outbox SET done_at = now() - interval '31 days' WHERE id = $1`, [id]);
    expect(await app.nest.get(Outbox).purge()).toBe(1);
  });
});

import { Mails } from '../src/mail/mails.js';
import { Outbox } from '../src/outbox/outbox.js';
import { startApp, type TestApp } from './support/app.js';
import { eventually } from './support/insist.js';
import { sendSample } from './support/mails.js';
import { admin, type Person } from './support/people.js';
import { mailBy, type Relay, startRelay } from './support/relay.js';

describe('mails, for admins', () => {
  let relay: Relay;
  let app: TestApp;
  let root: Person;

  beforeAll(async () => {
    relay = await startRelay();
    app = await startApp(mailBy(relay));
    root = await admin(app);
  });
  afterAll(async () => {
    await app.close();
    await relay.close();
  });

  interface Mail {
    id: string;
    state: string;
    attempts: number;
  }

  const list = async (query: string) => (await root.api.get(`/api/mails?${query}`)).body.items as Mail[];
  const mailWhen = (id: string, fits: (mail: Mail) => boolean) =>
    eventually(async () => (await list('limit=100')).find((mail) => mail.id === id && fits(mail)));

  it('are listed with how they went, and without a word of what they say', async () => {
    const id = await sendSample(app.nest.get(Mails), 'verify', 'ada@example.com');
    const mail = await mailWhen(id, ({ state }) => state === 'sent');
    expect(mail).toEqual({
      id,
      kind: 'verify',
      to: 'ada@example.com',
      user_id: null,
      state: 'sent',
      attempts: 1,
      created_at: expect.any(String),
      sent_at: expect.any(String),
      last_error: null,
    });
  });

  it('are found by state, kind and address', async () => {
    const other = await sendSample(app.nest.get(Mails), 'test', 'bob@example.com');
    await mailWhen(other, ({ state }) => state === 'sent');
    const ids = async (query: string) => (await list(query)).map(({ id }) => id);
    expect(await ids('to=%20BOB@Example.com')).toEqual([other]);
    expect(await ids('kind=test&state=sent')).toEqual([other]);
    expect(await ids('state=failed')).toEqual([]);
    const first = await root.api.get('/api/mails?limit=1');
    const second = await root.api.get(`/api/mails?limit=1&cursor=${first.body.next_cursor}`);
    expect(second.body.items[0].id).not.toBe(first.body.items[0].id);
    expect((await root.api.get('/api/mails?state=lost')).status).toBe(422);
    expect((await root.api.get('/api/mails?kind=poem')).status).toBe(422);
  });

  it('that failed are tried again', async () => {
    relay.manners.recipient = () => 550;
    const id = await sendSample(app.nest.get(Mails), 'test', 'full@example.com');
    expect(await mailWhen(id, ({ state }) => state === 'failed')).toMatchObject({
      attempts: 1,
      sent_at: null,
      last_error: expect.stringContaining('550'),
    });
    relay.manners = {};
    const answer = await root.api.post(`/api/mails/${id}/retry`);
    expect([answer.status, answer.body]).toEqual([202, { status: 'accepted' }]);
    await mailWhen(id, ({ state }) => state === 'sent');
    expect(await root.api.post(`/api/mails/${id}/retry`)).toFailWith(409, 'conflict');
    expect(await root.api.post('/api/mails/0190a0a0-0000-7000-8000-00000000000b/retry')).toFailWith(404, 'not_found');
    expect(await root.api.post('/api/mails/not-an-id/retry')).toFailWith(422, 'validation_failed');
  });

  it('that wait for their next try need not wait', async () => {
    relay.manners.recipient = () => 451;
    const id = await sendSample(app.nest.get(Mails), 'test', 'busy@example.com');
    await eventually(
      async () => (await app.sql(`SELECT FROM outbox WHERE id = $1 AND last_status = 451`, [id])).length > 0,
    );
    relay.manners = {};
    expect((await root.api.post(`/api/mails/${id}/retry`)).status).toBe(202);
    await mailWhen(id, ({ state }) => state === 'sent');
  });

  it('can be tried out', async () => {
    expect((await root.api.post('/api/mails/test', { to: 'Ops@example.com' })).status).toBe(202);
    expect((await relay.mailTo('ops@example.com')).parsed.subject).toBe('Mail from UserHub arrives');
    for (const body of [{}, { to: 'nobody' }, { to: ['a@example.com'] }, { to: 'a@example.com', text: 'buy!' }]) {
      expect(await root.api.post('/api/mails/test', body)).toFailWith(422, 'validation_failed');
    }
  });

  it('can not be tried out where there are none', async () => {
    const production = await app.replica({
      NODE_ENV: 'production',
      SHUTDOWN_DELAY_SECONDS: '0',
      MAIL_URL: '',
      MIGRATE_ON_START: 'false',
    });
    const answer = await production.api.as(root.tokens).post('/api/mails/test', { to: 'ops@example.com' });
    expect(answer).toFailWith(503, 'mail_not_configured');
    expect((await production.api.as(root.tokens).get('/api/mails')).status).toBe(200);
    await production.close();
  });

  it('count as a backlog while they wait', async () => {
    relay.manners.recipient = () => 451;
    await sendSample(app.nest.get(Mails), 'test', 'waits@example.com');
    const [backlog] = await app.nest.get(Outbox).backlog();
    expect(backlog).toMatchObject({ channel: 'mail', queued: 1 });
    expect(backlog?.oldestSeconds).toBeLessThan(60);
    relay.manners = {};
  });
});

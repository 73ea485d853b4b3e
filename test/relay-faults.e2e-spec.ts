import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { jest } from '@jest/globals';
import { Mails } from '../src/mail/mails.js';
import { startApp, type TestApp } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/insist.js';
import { expectWithin, timed } from './support/noise.js';
import { freePort } from './support/ports.js';
import { mailBy, type Relay, startRelay } from './support/relay.js';

interface Job {
  state: string;
  attempts: number;
  last_status: number | null;
  last_error: string;
  due_at: Date;
}

describe('a relay that', () => {
  let database: TestDatabase;
  let relay: Relay;
  let app: TestApp;

  beforeAll(async () => {
    database = await createDatabase();
    relay = await startRelay();
    app = await startApp(mailBy(relay), database);
  });
  afterAll(async () => {
    await app.close();
    await relay.close();
    await database.drop();
  });
  beforeEach(() => {
    relay.manners = {};
    relay.received.length = 0;
  });

  const send = async (to: string, by = app) => (await by.nest.get(Mails).send('test', { to })) ?? '';
  const job = async (id: string): Promise<Job> => {
    const [row] = await database.sql<Job>(`SELECT * FROM outbox WHERE id = $1`, [id]);
    if (!row) throw new Error('There is no such job');
    return row;
  };
  const jobWhen = (id: string, fits: (job: Job) => boolean) =>
    eventually(async () => {
      const found = await job(id);
      return fits(found) && found;
    });
  const hurry = (id: string) => database.sql(`UPDATE outbox SET due_at = now() WHERE id = $1`, [id]);
  const copies = (to: string) => relay.received.filter((mail) => mail.to === to);

  it('refuses connections is asked again, and every mail arrives once it is back', async () => {
    const port = await freePort();
    const other = await startApp({ ...mailBy(relay), MAIL_URL: `smtp://127.0.0.1:${port}` }, await createDatabase());
    const id = await send('refused@example.com', other);
    const look = async () => (await other.sql<Job>(`SELECT * FROM outbox WHERE id = $1`, [id]))[0];
    const failed = await eventually(async () => {
      const found = await look();
      return found?.last_error && found;
    });
    expect(failed).toMatchObject({ state: 'queued', last_error: expect.stringContaining('ECONNREFUSED') });
    const back = await startRelay({ port });
    await other.sql(`UPDATE outbox SET due_at = now()`);
    expect((await back.mailTo('refused@example.com')).id).toBe(`<${id}@example.com>`);
    await eventually(async () => (await look())?.state === 'sent');
    expect(back.received).toHaveLength(1);
    await other.close();
    await other.database.drop();
    await back.close();
  });

  it('dies in the middle of a message gets it again, whole, and the mail is there once', async () => {
    relay.manners.diesInData = true;
    const id = await send('cut@example.com');
    const cut = await jobWhen(id, ({ last_error }) => Boolean(last_error));
    expect(cut).toMatchObject({ state: 'queued', attempts: 1 });
    expect(copies('cut@example.com')).toHaveLength(0);
    relay.manners = {};
    await hurry(id);
    await jobWhen(id, ({ state }) => state === 'sent');
    expect(copies('cut@example.com')).toHaveLength(1);
  });

  it('takes a message and dies before it says so gets it again under the same Message-ID', async () => {
    relay.manners.diesAfterData = true;
    const id = await send('twice@example.com');
    await jobWhen(id, ({ last_error }) => Boolean(last_error));
    relay.manners = {};
    await hurry(id);
    await jobWhen(id, ({ state }) => state === 'sent');
    const [first, second, ...more] = copies('twice@example.com');
    expect(more).toEqual([]);
    expect(second?.id).toBe(first?.id);
    expect(second?.parsed.date).toEqual(first?.parsed.date);
  });

  it('says 4xx to the message is asked again, 5xx is final', async () => {
    relay.manners.data = () => 452;
    const later = await send('later@example.com');
    expect(await jobWhen(later, ({ last_status }) => last_status === 452)).toMatchObject({ state: 'queued' });
    relay.manners.data = () => 554;
    const never = await send('never@example.com');
    expect(await jobWhen(never, ({ last_status }) => last_status === 554)).toMatchObject({ state: 'failed' });
  });

  it('refuses us, not the mail, is asked again: somebody has to mend the settings', async () => {
    const strict = await startRelay({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ password }, _session, answer) =>
        password === 'right'
          ? answer(null, { user: 'ada' })
          : answer(Object.assign(new Error('Who?'), { responseCode: 535 })),
    });
    const host = `127.0.0.1:${strict.port}`;
    const wrong = await startApp({ ...mailBy(relay), MAIL_URL: `smtp://ada:wrong@${host}` }, database);
    await app.close(); // the other would send it
    const id = await send('auth@example.com', wrong);
    expect(await jobWhen(id, ({ last_status }) => last_status === 535)).toMatchObject({ state: 'queued' });
    expect(JSON.stringify(wrong.logs)).not.toContain('wrong@');
    await wrong.close();
    const right = await startApp({ ...mailBy(relay), MAIL_URL: `smtp://ada:right@${host}` }, database);
    await hurry(id);
    await strict.mailTo('auth@example.com');
    await right.close();
    await strict.close();
    app = await startApp(mailBy(relay), database);
  });

  it('offers no encryption gets nothing, unless that is asked for', async () => {
    const plain = await startApp({ ...mailBy(relay), SMTP_SECURE: 'auto' }, await createDatabase());
    const id = await send('secret@example.com', plain);
    const row = await eventually(async () => {
      const [found] = await plain.sql<Job>(`SELECT * FROM outbox WHERE id = $1 AND last_error IS NOT NULL`, [id]);
      return found;
    });
    expect(row).toMatchObject({ state: 'queued', last_error: expect.stringMatching(/STARTTLS|TLS/) });
    expect(copies('secret@example.com')).toHaveLength(0);
    await plain.close();
    await plain.database.drop();
  });

  it('is ready for a message when the lease of it is over gets nothing from the one that was frozen', async () => {
    let goOn: () => void = () => undefined;
    const asked = new Promise<void>((isAsked) => {
      relay.manners.recipientGate = () => {
        isAsked();
        return new Promise<void>((resolve) => (goOn = resolve));
      };
    });
    const id = await send('frozen@example.com');
    await asked;
    const now = performance.now.bind(performance);
    const asleep = jest.spyOn(performance, 'now').mockImplementation(() => now() + 45_000);
    relay.manners = { recipient: () => 451 }; // whoever comes next
    goOn();
    await jobWhen(id, ({ last_status }) => last_status === 451); // given back at once, and claimed anew
    expect(copies('frozen@example.com')).toHaveLength(0);
    asleep.mockRestore();
    relay.manners = {};
    await hurry(id);
    await jobWhen(id, ({ state }) => state === 'sent');
    expect(copies('frozen@example.com')).toHaveLength(1);
  });

  it('is slow holds up nobody: five at once, requests as quick as ever', async () => {
    let [underWay, most] = [0, 0];
    relay.manners = {
      delay: 1000,
      recipientGate: () => {
        most = Math.max(most, ++underWay);
        return eventually(() => most >= 5).catch(() => undefined);
      },
      data: () => {
        underWay--;
        return undefined;
      },
    };
    expectWithin(1000, await timed(Promise.all(Array.from({ length: 10 }, (_, i) => send(`slow${i}@example.com`)))));
    expectWithin(10_000, await timed(eventually(() => relay.received.length === 10)));
    expect(new Set(relay.received.map(({ id }) => id)).size).toBe(10);
    expect(most).toBe(5);
  });
});

describe('a relay that hangs', () => {
  let database: TestDatabase;
  let silent: Server;
  let url: string;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    database = await createDatabase();
    silent = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    url = `smtp://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
    await database.drop();
  });

  it('is given up on after seconds, and a server that ends gives its mails back at once', async () => {
    const relay = await startRelay();
    const hung = await startApp({ ...mailBy(relay), MAIL_URL: url }, database);
    const first = (await hung.nest.get(Mails).send('test', { to: 'first@example.com' })) ?? '';
    const [row] = await eventually(async () => {
      const rows = await database.sql<Job>(`SELECT * FROM outbox WHERE id = $1 AND last_error IS NOT NULL`, [first]);
      return rows.length > 0 && rows;
    });
    expect(row).toMatchObject({ state: 'queued', attempts: 1, last_error: expect.stringMatching(/time|greeting/i) });

    for (let i = 0; i < 3; i++) await hung.nest.get(Mails).send('test', { to: `last${i}@example.com` });
    await eventually(
      async () => (await database.sql(`SELECT FROM outbox WHERE claimed_by IS NOT NULL AND attempts = 1`)).length === 4,
    );
    const begin = performance.now();
    await hung.close();
    expect(performance.now() - begin).toBeLessThan(12_000);

    await database.sql(`UPDATE outbox SET due_at = now() WHERE id = $1`, [first]);
    const well = await startApp(mailBy(relay), database);
    await eventually(() => relay.received.length === 4, 8000); // long before the lease would be over
    expect(new Set(relay.received.map(({ id }) => id)).size).toBe(4);
    await well.close();
    await relay.close();
  });
});

describe('MAIL_MAX_PER_MINUTE', () => {
  it('holds back what is more than the relay takes', async () => {
    const relay = await startRelay();
    const app = await startApp({ ...mailBy(relay), MAIL_MAX_PER_MINUTE: '3' });
    for (let i = 0; i < 6; i++) await app.nest.get(Mails).send('test', { to: `many${i}@example.com` });
    await eventually(() => relay.received.length === 3);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(relay.received).toHaveLength(3);
    const waiting = await app.sql(`SELECT FROM outbox WHERE state = 'queued' AND attempts = 0`);
    expect(waiting).toHaveLength(3);
    await app.close();
    await relay.close();
  });
});

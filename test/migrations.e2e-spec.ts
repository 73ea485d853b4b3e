import { migrations } from '../migrations/index.js';
import { loadSettings } from '../src/config/settings.js';
import { listMigrations, migrate, revert } from '../src/database/migrate.js';
import { connection } from '../ormconfig.js';
import { SECRET } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { violation } from '../src/database/constraints.js';

const NAMES = migrations.map(({ name }) => name);

describe('migrations', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase({ empty: true });
  });
  afterEach(() => database.drop());

  const settingsOf = (url = database.url) => {
    return loadSettings({ NODE_ENV: 'test', DATABASE_URL: url, JWT_SECRET_KEY: SECRET });
  };
  const up = () => migrate(settingsOf());
  const down = () => revert(settingsOf());

  /** All that is in the database, as text: columns, constraints, indexes. */
  const schema = async () => [
    ...(await database.sql(`SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`)), // prettier-ignore
    ...(await database.sql(`SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`)), // prettier-ignore
    ...(await database.sql(`SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`)),
  ];

  it('go up, all the way down, and up again to the same', async () => {
    expect(await up()).toEqual(NAMES);
    const first = await schema();
    expect(await up()).toEqual([]);

    const undone: (string | undefined)[] = [];
    while (undone.length < NAMES.length) undone.push(await down());
    expect(undone).toEqual([...NAMES].reverse());
    expect(await down()).toBeUndefined();
    const left = await database.sql(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
    expect(left).toEqual([{ tablename: 'migrations' }]);

    expect(await up()).toEqual(NAMES);
    expect(await schema()).toEqual(first);
  });

  it('leave what the entities describe', async () => {
    await up();
    const dataSource = await (await connection(settingsOf())).initialize();
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    await dataSource.destroy();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('are applied once each when eight want to at once', async () => {
    const done = await Promise.all(Array.from({ length: 8 }, up));
    expect(done.flat().sort()).toEqual([...NAMES].sort());
    const rows = await database.sql<{ name: string }>('SELECT name FROM migrations ORDER BY timestamp, id');
    expect(rows.map(({ name }) => name)).toEqual(NAMES);
  });

  it('are all or nothing on a new database', async () => {
    await database.sql('CREATE TABLE audit_events (id int)'); // in the way of a later one
    await expect(up()).rejects.toThrow(/audit_events/);
    expect(await database.sql(`SELECT to_regclass('users') AS users`)).toEqual([{ users: null }]);
    expect((await listMigrations(settingsOf())).every(({ applied }) => !applied)).toBe(true);
  });

  it('give every constraint and index a name that says what it is', async () => {
    await up();
    const rows = await database.sql<{ name: string; table: string; kind: string }>(
      `SELECT conname AS name, conrelid::regclass::text AS table, contype::text AS kind FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'f', 'u', 'c') AND conrelid <> 'migrations'::regclass
         AND conislocal -- those of partitions are the whole's
       UNION ALL
       SELECT indexrelid::regclass::text, indrelid::regclass::text, 'i' FROM pg_index
       WHERE indrelid::regclass::text NOT LIKE 'pg_%' AND indrelid <> 'migrations'::regclass`,
    );
    const ours = rows.filter(({ table }) => !/^(pg_|information_schema)/.test(table));
    expect(ours.length).toBeGreaterThan(15);
    for (const { name, table } of ours) {
      expect(name.startsWith(`${table}_`)).toBe(true);
      expect(name).toMatch(/_(pkey|fkey|key|check|idx)$/);
    }
  });

  it('give every unique index and foreign key a meaning for clients', async () => {
    await up();
    const rows = await database.sql<{ constraint: string }>(
      `SELECT conname AS constraint FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'u') AND conrelid <> 'migrations'::regclass
       UNION
       SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
       WHERE relnamespace = 'public'::regnamespace AND indisunique AND NOT indisprimary`,
    );
    expect(rows.length).toBeGreaterThan(5);
    const meaningless = rows.filter((row) => violation(row)?.status === undefined);
    expect(meaningless).toEqual([]);
  });

  it('keep addresses and usernames unique without regard to case, among those who are not deleted', async () => {
    await up();
    const insert = (email: string, username: string, deleted = false) =>
      database.sql(
        `INSERT INTO users (id, email, username, password_hash, deleted_at)
         VALUES (gen_random_uuid(), $1, $2, '', CASE WHEN $3 THEN now() END)`,
        [email, username, deleted],
      );
    await insert('ada@example.com', 'Ada');
    await expect(insert('ada@example.com', 'other')).rejects.toThrow('users_email_key');
    await expect(insert('Ada@example.com', 'other')).rejects.toThrow('users_email_check');
    await expect(insert('other@example.com', 'aDA')).rejects.toThrow('users_username_key');
    await insert('ada@example.com', 'ada', true);
    await insert('ada@example.com', 'ada', true);
  });
});

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { loadSettings } from '../src/config/settings.js';
import { projectFile } from '../src/config/project.js';
import { revert } from '../src/database/migrate.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { apply, NEWER, OLDER, SECRET } from './support/migrations-online.js';
import { HAS_PGBOUNCER, type PgBouncer, startPgBouncer } from './support/pgbouncer.js';

const [, BY_COLOUR = '', SIZES = ''] = NEWER.map(({ name }) => name);

describe('migrations of a database in use', () => {
  let database: TestDatabase;
  let others: pg.Client; // somebody who is in the middle of something
  const children: ChildProcess[] = [];
  const poolers: PgBouncer[] = [];

  beforeEach(async () => {
    database = await createDatabase({ empty: true });
    await apply(database.url, OLDER);
    others = new pg.Client(database.url);
    others.on('error', () => undefined);
    await others.connect();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const pooler of poolers.splice(0)) await pooler.stop();
    await others.end();
    await database.drop();
  });

  const { sql } = { sql: (text: string, values?: unknown[]) => database.sql<Record<string, unknown>>(text, values) };
  const indexes = () =>
    sql(`SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index
         WHERE indrelid = 'things'::regclass AND NOT indisprimary`);
  const applied = async () =>
    (await sql('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name); // prettier-ignore
  const building = () => sql(`SELECT pid FROM pg_stat_progress_create_index WHERE index_relid <> 0`);
  const until = async (condition: () => Promise<boolean>) => {
    while (!(await condition())) await delay(20);
  };

  /** A read that began before a build: the index is ready only when it is over. */
  const beginReading = async () => {
    await others.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await others.query('SELECT FROM things');
  };

  it('build an index while others write, without a transaction, and the rest in one each', async () => {
    await beginReading();
    const done = apply(database.url, NEWER);
    await until(async () => (await building()).length > 0);
    await sql(`INSERT INTO things SELECT n, 'green' FROM generate_series(1001, 2000) n`);
    await sql(`UPDATE things SET colour = 'blue' WHERE id = 1`);
    expect(await applied()).toEqual([OLDER[0]?.name]);
    await others.query('COMMIT');
    expect(await done).toEqual([BY_COLOUR, SIZES]);
    expect(await indexes()).toEqual([{ name: 'things_colour_idx', valid: true }]);
    expect(await applied()).toEqual(NEWER.map(({ name }) => name));
  });

  it('are undone one by one, the index too while others write', async () => {
    await apply(database.url, NEWER);
    const settings = loadSettings({ NODE_ENV: 'test', DATABASE_URL: database.url, JWT_SECRET_KEY: SECRET });
    expect(await revert(settings, NEWER)).toBe(SIZES);
    await beginReading();
    const undone = revert(settings, NEWER);
    const state = `SELECT FROM pg_index WHERE indexrelid = to_regclass('things_colour_idx') AND NOT indisvalid`;
    await until(async () => (await sql(state)).length > 0);
    await sql(`INSERT INTO things VALUES (5000, 'green')`);
    await others.query('COMMIT');
    expect(await undone).toBe(BY_COLOUR);
    expect(await indexes()).toEqual([]);
  });

  describe('are applied once each when eight want to at once', () => {
    const eight = async (url: string, env: Record<string, string> = {}) => {
      const done = await Promise.all(Array.from({ length: 8 }, () => apply(url, NEWER, env)));
      expect(done.flat().sort()).toEqual([BY_COLOUR, SIZES].sort());
      expect(await applied()).toEqual(NEWER.map(({ name }) => name));
      expect(await indexes()).toEqual([{ name: 'things_colour_idx', valid: true }]);
    };

    it('directly', () => eight(database.url));

    // with one connection, there is none to build on while another one holds the lock
    (HAS_PGBOUNCER ? it.each([20, 2, 1]) : it.skip.each([20, 2, 1]))(
      'through a pooler that has %i connections to give',
      async (poolSize) => {
        const pooler = await startPgBouncer(database.url, { poolSize });
        poolers.push(pooler);
        await eight(pooler.url, { DATABASE_POOLER: 'transaction' });
      },
    );

    (HAS_PGBOUNCER ? it : it.skip)('past a pooler, by DATABASE_URL_DIRECT', async () => {
      const pooler = await startPgBouncer(database.url, { poolSize: 1 });
      poolers.push(pooler);
      await eight(pooler.url, { DATABASE_POOLER: 'transaction', DATABASE_URL_DIRECT: database.url });
    });
  });

  describe('when the process is killed in the middle of a build', () => {
    /** Killed as by `kill -9`, while the build waits for others; PostgreSQL goes on with it. */
    const killInTheMiddle = async () => {
      await beginReading();
      const program = projectFile('test/support/migrations-online.ts');
      const child = spawn(process.execPath, ['--import', '@swc-node/register/esm-register', program, database.url], {
        stdio: 'inherit',
      });
      children.push(child);
      await until(async () => (await building()).length > 0);
      child.kill('SIGKILL');
      await once(child, 'exit');
      return (await building())[0]?.['pid'];
    };

    it('the next start waits for what PostgreSQL goes on building, and notes it', async () => {
      await killInTheMiddle();
      const done = apply(database.url, NEWER);
      await delay(500);
      expect(await building()).toHaveLength(1); // no second one
      await others.query('COMMIT');
      expect(await done).toEqual([BY_COLOUR, SIZES]);
      expect(await indexes()).toEqual([{ name: 'things_colour_idx', valid: true }]);
    });

    it('the next start drops the invalid index that is left, and builds it anew', async () => {
      const builder = await killInTheMiddle();
      await sql('SELECT pg_terminate_backend($1)', [builder]);
      await until(async () => (await building()).length === 0);
      expect(await indexes()).toEqual([{ name: 'things_colour_idx', valid: false }]);
      await others.query('COMMIT');
      expect(await apply(database.url, NEWER)).toEqual([BY_COLOUR, SIZES]);
      expect(await indexes()).toEqual([{ name: 'things_colour_idx', valid: true }]);
    });
  });

  it('wait for a locked table for 2 s at a time, so that others get in between, and try again', async () => {
    await others.query('BEGIN');
    await others.query('LOCK TABLE things IN ACCESS SHARE MODE'); // as any reading transaction does
    const done = apply(database.url, [...OLDER, ...NEWER.slice(2)]);
    const waiting = `SELECT FROM pg_locks WHERE relation = 'things'::regclass AND NOT granted`;
    await until(async () => (await sql(waiting)).length > 0);
    const begun = performance.now();
    await sql('SELECT FROM things LIMIT 1'); // stands in line behind the migration
    expect(performance.now() - begun).toBeLessThan(3500);
    await others.query('COMMIT');
    expect(await done).toEqual([SIZES]);
  });

  it('give up after the fifth try, with nothing done', async () => {
    await others.query('BEGIN');
    await others.query('LOCK TABLE things IN ACCESS SHARE MODE');
    await expect(apply(database.url, [...OLDER, ...NEWER.slice(2)])).rejects.toThrow(/lock timeout/);
    expect(await applied()).toEqual([OLDER[0]?.name]);
  });
});

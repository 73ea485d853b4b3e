import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { DataSource } from 'typeorm';
import whenAwaited, { connection, entities } from '../ormconfig.js';
import { migrations } from '../migrations/index.js';
import { projectFile } from '../src/config/project.js';
import { loadSettings } from '../src/config/settings.js';
import { migrate, revert } from '../src/database/migrate.js';
import { SECRET, startApp } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';

describe('ormconfig', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  const settings = (url = database.url) =>
    loadSettings({ NODE_ENV: 'test', DATABASE_URL: url, JWT_SECRET_KEY: SECRET });

  /** What TypeORM would do to the database to make it as the entities describe it. */
  async function drift(url?: string): Promise<string[]> {
    const dataSource = await (await connection(settings(url))).initialize();
    try {
      return (await dataSource.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query);
    } finally {
      await dataSource.destroy();
    }
  }

  it('names every entity that the server has', async () => {
    const app = await startApp({}, database);
    const served = app.nest.get(DataSource).entityMetadatas.map(({ target }) => target);
    await app.close();
    expect(new Set(entities)).toEqual(new Set(served));
  });

  it('finds the database as the entities describe it, once the migrations have run', async () => {
    expect(await drift()).toEqual([]);
  });

  it('finds what an entity has and the migrations lack', async () => {
    await database.sql('ALTER TABLE users DROP COLUMN display_name');
    expect(await drift()).toEqual(['ALTER TABLE "users" ADD "display_name" text']);
  });

  it('does nothing before it is awaited', () => {
    expect(typeof whenAwaited.then).toBe('function');
    expect(whenAwaited).not.toBeInstanceOf(Promise);
  });

  it('serves the TypeORM tool', async () => {
    const tool = ['--import', '@swc-node/register/esm-register', projectFile('node_modules/typeorm/cli.js')];
    const { stdout } = await promisify(execFile)(process.execPath, [...tool, 'migration:show', '-d', 'ormconfig.ts'], {
      cwd: projectFile('.'),
      env: { ...process.env, DATABASE_URL: database.url, JWT_SECRET_KEY: SECRET },
    });
    expect(stdout.match(/\[X\] \d+ \w+/g)).toHaveLength(migrations.length);
  }, 60_000);
});

describe('the migrations', () => {
  it('can be undone one by one, leave nothing behind, and be applied again', async () => {
    const database = await createDatabase({ empty: true });
    const settings = loadSettings({ NODE_ENV: 'test', DATABASE_URL: database.url, JWT_SECRET_KEY: SECRET });
    const place = settings.database;
    if (!place) throw new Error('no database');
    const tables = async () => (await database.sql<{ name: string }>(TABLES)).map(({ name }) => name);
    const names = migrations.map(({ name }) => name);

    expect(await migrate(settings, place)).toEqual(names);
    const whole = await tables();
    for (const name of names.toReversed()) expect(await revert(settings, place)).toBe(name);
    expect(await tables()).toEqual([]);
    expect(await migrate(settings, place)).toEqual(names);
    expect(await tables()).toEqual(whole);
    await database.drop();
  });

  it('are listed in the order of their time, each in a file of its name', () => {
    const times = migrations.map(({ name }) => /\d+$/.exec(name)?.[0] ?? '');
    expect(times).toEqual(times.toSorted());
    for (const { name } of migrations) {
      const file = name
        .replace(/(\d+)$/, '')
        .replace(/(?!^)[A-Z]/g, '-$&')
        .toLowerCase();
      expect(existsSync(path.join(projectFile('migrations'), `${/\d+$/.exec(name)?.[0]}-${file}.ts`))).toBe(true);
    }
  });
});

const TABLES = `
  SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'
  UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'migrations' ORDER BY 1`;

import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { DataSource } from 'typeorm';
import whenAwaited, { connection, findEntities } from '../ormconfig.js';
import { migrations } from '../migrations/index.js';
import { projectFile } from '../src/config/project.js';
import { loadSettings } from '../src/config/settings.js';
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
  async function drift(): Promise<string[]> {
    const dataSource = await (await connection(settings())).initialize();
    try {
      return (await dataSource.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query);
    } finally {
      await dataSource.destroy();
    }
  }

  it('finds every entity that the server has, and no other', async () => {
    const app = await startApp({}, database);
    const served = app.nest.get(DataSource).entityMetadatas.map(({ target }) => target);
    await app.close();
    expect(new Set((await findEntities()) as unknown[])).toEqual(new Set(served));
  });

  it('finds what an entity has and the migrations lack', async () => {
    await database.sql('ALTER TABLE users DROP COLUMN display_name');
    expect(await drift()).toEqual(['ALTER TABLE "users" ADD "display_name" text']);
  });

  it('is a promise that begins when it is awaited, so that importing it starts no server', () => {
    expect(whenAwaited).toHaveProperty('then');
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

describe('the list of migrations', () => {
  it('is in the order of their time, each in a file of its name', () => {
    const times = migrations.map(({ name }) => /\d+$/.exec(name)?.[0] ?? '');
    expect(times).toEqual(times.toSorted());
    const files = migrations.map(({ name }, i) => `${times[i]}-${kebabCase(name.replace(/\d+$/, ''))}.ts`);
    expect(readdirSync(projectFile('migrations')).filter((file) => /^\d/.test(file))).toEqual(files);
  });
});

const kebabCase = (name: string) => name.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase();

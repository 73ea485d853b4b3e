import { execFileSync } from 'node:child_process';
import type { QueryRunner } from 'typeorm';
import { DataSource } from 'typeorm';
import { migrations } from '../migrations/index.js';
import { loadSettings } from '../src/config/settings.js';
import { projectFile } from '../src/config/project.js';
import { migrate, migrationOptions } from '../src/database/migrate.js';
import { SECRET } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';

/** Those that landed before there was this rule; migrations are never edited. */
const EXEMPT_UNTIL = 'WebhookUsers1764610000000';

/** In an instant, on an empty table of its own making, after a CHECK that was validated without a lock. */
const EXEMPT = ['EventsByMonth1764750000000'];

/** What locks a table for as long as it takes to read or write it. */
const RULES = [
  'require-concurrent-index-creation',
  'require-concurrent-index-deletion',
  'constraint-missing-not-valid',
  'adding-foreign-key-constraint',
  'adding-not-nullable-field',
  'adding-field-with-default',
  'adding-serial-primary-key-field',
  'changing-column-type',
  'disallowed-unique-constraint',
];

/** What squawk has to say against a text, by these rules. */
function complaints(sql: string): string[] {
  const args = ['--reporter', 'json', '--pg-version', '14', '--stdin-filepath', 'migration.sql'];
  const squawk = projectFile('node_modules/squawk-cli/js/bin/squawk');
  let json: string;
  try {
    json = execFileSync(process.execPath, [squawk, ...args], { input: sql, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    json = (error as { stdout: string }).stdout; // it has found something
  }
  const found = JSON.parse(json) as { rule_name: string; line: number }[];
  return found.map(({ rule_name: rule }) => rule).filter((rule) => RULES.includes(rule));
}

describe('migrations that are new', () => {
  let database: TestDatabase | undefined;
  afterEach(async () => {
    await database?.drop();
    database = undefined;
  });

  const first = migrations.findIndex(({ name }) => name === EXEMPT_UNTIL) + 1;
  const settings = () => loadSettings({ NODE_ENV: 'test', DATABASE_URL: database?.url, JWT_SECRET_KEY: SECRET });

  /** What a migration runs on a database that is in use, as text. */
  async function statementsOf(place: number): Promise<string> {
    database = await createDatabase({ empty: true });
    await migrate(settings(), migrations.slice(0, place));
    const dataSource = await new DataSource(migrationOptions(settings())).initialize();
    const statements: string[] = [];
    try {
      await using runner = dataSource.createQueryRunner();
      const query = runner.query.bind(runner);
      runner.query = ((text: string, ...rest: unknown[]) => {
        if (!/^\s*(SELECT|LOCK)\b/.test(text)) statements.push(text.trim());
        return (query as (...args: unknown[]) => unknown)(text, ...rest);
      }) as QueryRunner['query'];
      const Migration = migrations[place] as (typeof migrations)[number];
      await new Migration().up(runner);
    } finally {
      await dataSource.destroy();
    }
    return statements.map((text) => `${text};`).join('\n');
  }

  it.each(migrations.slice(first).map(({ name }, place) => [name, first + place] as const))(
    '%s locks no large table',
    async (name, place) => {
      const found = complaints(await statementsOf(place));
      expect(EXEMPT.includes(name) ? [] : found).toEqual([]);
    },
  );

  it.each([
    ['CREATE INDEX sessions_x_idx ON sessions (user_id);', 'require-concurrent-index-creation'],
    ['ALTER TABLE users ADD CONSTRAINT users_x_check CHECK (length(username) < 40);', 'constraint-missing-not-valid'],
    ['ALTER TABLE users ALTER COLUMN locale SET NOT NULL;', 'adding-not-nullable-field'],
    ['ALTER TABLE users ALTER COLUMN locale TYPE varchar(10);', 'changing-column-type'],
    ['ALTER TABLE users ADD CONSTRAINT users_x_key UNIQUE (locale);', 'disallowed-unique-constraint'],
    ['ALTER TABLE users ADD COLUMN x uuid NOT NULL DEFAULT gen_random_uuid();', 'adding-field-with-default'],
  ])('may not say %s', (sql, rule) => {
    expect(complaints(sql)).toContain(rule);
  });

  it('may say what locks for an instant', () => {
    const fine = ['CREATE TABLE notes (id uuid PRIMARY KEY);', 'CREATE INDEX notes_x_idx ON notes (id);', 'CREATE INDEX CONCURRENTLY users_x_idx ON users (id);', 'ALTER TABLE users ADD COLUMN x text;', 'ALTER TABLE users ADD CONSTRAINT c CHECK (true) NOT VALID;']; // prettier-ignore
    expect(complaints(['BEGIN;', ...fine.slice(0, 2), 'COMMIT;', ...fine.slice(2)].join('\n'))).toEqual([]);
  });
});

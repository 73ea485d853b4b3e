import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database of a test's own: a copy of the migrated one, or an empty one. */
export interface TestDatabase {
  url: string;
  /** Runs a statement past the application, to look at or to arrange what HTTP can't. */
  sql: <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;
  drop: () => Promise<void>;
}

/** Makes a database; `empty` leaves the migrations out. */
export async function createDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const template = new URL(process.env['TEST_DATABASE_URL'] ?? '');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asOwner(template, `CREATE DATABASE ${name} ${empty ? '' : `TEMPLATE ${template.pathname.slice(1)}`}`);
  const url = Object.assign(new URL(template), { pathname: `/${name}` }).href;
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined); // when a test ends its connections
  return {
    url,
    sql: async <Row extends object>(text: string, values?: unknown[]) =>
      (await insisting(() => pool.query<Row>(text, values))).rows,
    drop: async () => {
      await pool.end();
      await asOwner(template, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function asOwner(template: URL, statement: string): Promise<void> {
  const client = new pg.Client(Object.assign(new URL(template), { pathname: '/postgres' }).href);
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** Again after a deadlock: emptying tables may meet what the server does in the background. */
async function insisting<T>(work: () => Promise<T>, tries = 5): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (tries === 1 || (error as { code?: string }).code !== '40P01') throw error;
    return insisting(work, tries - 1);
  }
}

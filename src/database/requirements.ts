import type { DataSource, QueryRunner } from 'typeorm';

/** An unmet requirement, and its remedy. */
export interface Requirement {
  text: string;
  remedy: string;
}

/** The database is reachable but can't be used until somebody changes it. */
export class UnusableDatabaseError extends Error {
  constructor({ text, remedy }: Requirement) {
    super(`${text} ${remedy}`);
    this.name = 'UnusableDatabaseError';
  }
}

interface Facts {
  encoding: string;
  isolation: string;
  dateStyle: string;
  schema: string | null;
  searchPath: string;
  role: string;
  database: string;
  locale: string;
  canFoldCase: boolean;
  migrationColumns: string[] | null;
}

/** Collations that fold case beyond ASCII without special rules for the letter I; the first that exists is used. */
const CASE_COLLATIONS = ['und-x-icu', 'pg_c_utf8', 'C.utf8', 'C.UTF-8', 'en_US.utf8'];

const FACTS = `
  SELECT current_setting('server_encoding') AS encoding,
    current_setting('default_transaction_isolation') AS isolation,
    current_setting('DateStyle') AS "dateStyle",
    current_schema() AS schema, current_setting('search_path') AS "searchPath",
    current_user AS role, current_database() AS database,
    (SELECT datctype FROM pg_database WHERE datname = current_database()) AS locale,
    lower('I' || chr(201)) = 'i' || chr(233)
      OR EXISTS (SELECT FROM pg_collation WHERE collname = ANY ($1)) AS "canFoldCase",
    (SELECT array_agg(attname::text) FROM pg_attribute
     WHERE attrelid = to_regclass('migrations') AND attnum > 0 AND NOT attisdropped) AS "migrationColumns"`;

/** Requirements on database and role that aren't met. */
export async function unmetRequirements(db: DataSource | QueryRunner): Promise<Requirement[]> {
  const [facts] = (await db.query(FACTS, [CASE_COLLATIONS])) as [Facts];
  return [...sessionRequirements(facts), ...databaseRequirements(facts)];
}

/** @throws UnusableDatabaseError for the first unmet requirement */
export async function assertUsable(db: DataSource | QueryRunner): Promise<void> {
  const [unmet] = await unmetRequirements(db);
  if (unmet) throw new UnusableDatabaseError(unmet);
}

/** Session parameters that are set on connecting; behind a pooler that shares sessions they must be defaults of the role. */
function* sessionRequirements({ isolation, dateStyle, role }: Facts): Generator<Requirement> {
  const set = (what: string) => `As an administrator, run: ALTER ROLE "${role}" SET ${what}`;
  if (isolation !== 'read committed') {
    yield {
      text: `Transactions are ${isolation} by default.`,
      remedy: set(`default_transaction_isolation = 'read committed'`),
    };
  }
  if (!dateStyle.startsWith('ISO')) yield { text: `DateStyle is ${dateStyle}.`, remedy: set(`DateStyle = 'ISO'`) };
}

function* databaseRequirements(facts: Facts): Generator<Requirement> {
  const { encoding, schema, searchPath, role, database, locale, canFoldCase, migrationColumns } = facts;
  if (encoding !== 'UTF8') {
    yield {
      text: `The encoding of the database ${database} is ${encoding}.`,
      remedy: `Recreate it: CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'`,
    };
  }
  if (schema === null) {
    yield {
      text: `No schema of the search_path exists (${searchPath || 'it is empty'}).`,
      remedy: `As an administrator, run: ALTER ROLE "${role}" SET search_path = public`,
    };
  }
  if (!canFoldCase) {
    yield {
      text: `The locale ${locale} folds the case of ASCII letters only, and there is no collation that folds more.`,
      remedy: `Recreate the database with LOCALE 'C.UTF-8', or install a PostgreSQL with ICU.`,
    };
  }
  if (migrationColumns && !['id', 'timestamp', 'name'].every((column) => migrationColumns.includes(column))) {
    yield {
      text: `The schema ${schema} has a table "migrations" of another tool.`,
      remedy:
        `Give UserHub a database of its own, or a schema: CREATE SCHEMA userhub AUTHORIZATION "${role}", ` +
        `and ALTER ROLE "${role}" SET search_path = userhub`,
    };
  }
}

/** The remedy when the role lacks a privilege that a migration needs; undefined for other errors. */
export function missingRight(error: unknown, role: string): Requirement | undefined {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (code !== '42501') return undefined;
  const text = `The migrations may not be applied: ${message}.`;
  const extension = /extension "(\w+)"/.exec(message)?.[1];
  if (extension) return { text, remedy: `As an administrator, run in this database: CREATE EXTENSION ${extension}` };
  const schema = /schema "?(\w+)/.exec(message)?.[1] ?? 'public';
  return { text, remedy: `As the owner of the database, run: GRANT CREATE ON SCHEMA ${schema} TO "${role}"` };
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Collations that know upper and lower case beyond ASCII, and have no idea of their own of the letter I. */
const COLLATIONS = ['und-x-icu', 'pg_c_utf8', 'C.utf8', 'C.UTF-8', 'en_US.utf8'];

/** `É` and `I`: what the locale C doesn't know, and what the Turkish one knows otherwise. */
const FOLDS = (collation = '') => `lower(('I' || chr(201)) ${collation && `COLLATE "${collation}"`}) = 'i' || chr(233)`;

const SEARCH_INDEXES = (lower: string) => [
  `CREATE UNIQUE INDEX users_username_key ON users (${lower}(username)) WHERE deleted_at IS NULL`,
  `CREATE INDEX users_username_idx ON users (${lower}(username), id)`,
  `CREATE INDEX users_search_idx ON users
   USING gin (${lower}(username || E'\\n' || coalesce(display_name, '')) gin_trgm_ops)`,
  `CREATE INDEX users_admin_search_idx ON users
   USING gin (${lower}(username || E'\\n' || coalesce(display_name, '') || E'\\n' || email) gin_trgm_ops)`,
  `CREATE INDEX posts_search_idx ON posts
   USING gin (${lower}(coalesce(title, '') || E'\\n' || content) gin_trgm_ops)`,
];

/**
 * Search without regard to case, whatever the locale of the database: `fold_case`. Where the locale does, it is `lower` and
 * PostgreSQL inlines it, so that the indexes on `lower(…)` still serve; elsewhere they are made anew. And indexes for what
 * begins with one or two characters, which have no trigram.
 */
export class FoldCase1764020000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    const collation = await collationFor(db);
    const lowered = collation ? `$1 COLLATE pg_catalog."${collation}"` : '$1';
    await db.query(`
      CREATE FUNCTION fold_case(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
      AS $$ SELECT pg_catalog.lower(${lowered}) $$`);
    if (collation) await replaceIndexes(db, SEARCH_INDEXES('fold_case'));
    await db.query(`CREATE INDEX users_username_prefix_idx ON users (fold_case(username) text_pattern_ops)`);
    await db.query(`CREATE INDEX users_display_name_prefix_idx ON users (fold_case(display_name) text_pattern_ops)`);
    await db.query(`CREATE INDEX posts_title_prefix_idx ON posts (fold_case(title) text_pattern_ops)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP INDEX posts_title_prefix_idx, users_display_name_prefix_idx, users_username_prefix_idx`);
    if (await collationFor(db)) await replaceIndexes(db, SEARCH_INDEXES('lower'));
    await db.query(`DROP FUNCTION fold_case(text)`);
  }
}

/** A collation to fold case by; undefined when the database's own does. */
async function collationFor(db: QueryRunner): Promise<string | undefined> {
  const [own] = (await db.query(`SELECT ${FOLDS()} AS folds`)) as { folds: boolean }[];
  if (own?.folds) return undefined;
  const found = (await db.query(
    `SELECT collname AS name FROM pg_collation
     WHERE collnamespace = 'pg_catalog'::regnamespace AND collname = ANY ($1) ORDER BY array_position($1, collname::text)`,
    [COLLATIONS],
  )) as { name: string }[];
  for (const { name } of found) {
    const [row] = (await db.query(`SELECT ${FOLDS(name)} AS folds`)) as { folds: boolean }[];
    if (row?.folds) return name;
  }
  throw new Error(
    'No collation knows upper and lower case beyond ASCII: create the database anew with LOCALE C.UTF-8.',
  );
}

async function replaceIndexes(db: QueryRunner, statements: string[]): Promise<void> {
  for (const statement of statements) {
    await db.query(`DROP INDEX ${/INDEX (\w+)/.exec(statement)?.[1]}`);
    await db.query(statement);
  }
}

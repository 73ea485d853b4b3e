import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  type IndexDescription,
  createIndexConcurrently,
  dropIndexConcurrently,
  withLockTimeout,
} from '../src/database/online-ddl.js';

const NAMES = `fold_case(username || E'\\n' || coalesce(display_name, ''))`;
const NAMES_AND_ADDRESS = `fold_case(username || E'\\n' || coalesce(display_name, '') || E'\\n' || coalesce(email, ''))`;
const ADDRESS = `fold_case(coalesce(email, ''))`;

/**
 * What was written lately stands in a list that every search reads from end to end, until it is full and somebody's write
 * moves it into the index. With PostgreSQL's 4 MB a search took ten times as long while users were being changed, and that
 * one write up to 0.3 s.
 */
const PENDING_LIST = 'gin_pending_list_limit = 256'; // kB

const BOTH = {
  name: 'users_names_email_search_idx',
  table: 'users',
  definition: `USING gin (${NAMES} gin_trgm_ops, ${ADDRESS} gin_trgm_ops) WITH (${PENDING_LIST})`,
};
const OLD: [IndexDescription, IndexDescription] = [
  { name: 'users_search_idx', table: 'users', definition: `USING gin (${NAMES} gin_trgm_ops)` },
  { name: 'users_admin_search_idx', table: 'users', definition: `USING gin (${NAMES_AND_ADDRESS} gin_trgm_ops)` },
];
/** What the first of them is on where the locale of the database knows case beyond ASCII. */
const BY_LOWER = [{ ...OLD[0], definition: OLD[0].definition.replace('fold_case', 'lower') }, OLD[1]];

/**
 * One trigram index for the searches of people and of admins: two held the same names, and every update wrote both. While
 * processes of the version before still run, what admins search for there is found without an index.
 */
export class OneSearchIndex1764750000000 implements MigrationInterface {
  readonly transaction = false;

  async up(db: QueryRunner): Promise<void> {
    await createIndexConcurrently(db, BOTH);
    await setPendingList(db, `SET (${PENDING_LIST})`);
    for (const { name } of OLD) await dropIndexConcurrently(db, name);
  }

  async down(db: QueryRunner): Promise<void> {
    for (const index of (await isByLower(db)) ? BY_LOWER : OLD) await createIndexConcurrently(db, index);
    await setPendingList(db, 'RESET (gin_pending_list_limit)');
    await dropIndexConcurrently(db, BOTH.name);
  }
}

/** Whether `fold_case` came without the indexes on `lower` being replaced: the one of posts tells. */
async function isByLower(db: QueryRunner): Promise<boolean> {
  const [posts] = (await db.query(`SELECT pg_get_indexdef('posts_search_idx'::regclass) AS definition`)) as [
    { definition: string },
  ];
  return posts.definition.includes('lower(');
}

/** Posts are searched as people are. */
async function setPendingList(db: QueryRunner, what: string): Promise<void> {
  const set = () => db.query(`ALTER INDEX posts_search_idx ${what}`);
  await (db.isTransactionActive ? set() : withLockTimeout(db, set));
}

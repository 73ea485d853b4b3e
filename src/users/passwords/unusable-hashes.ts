import { pepperId } from './peppers.js';

const NEWEST = 10_000;

// a hash from before peppers had ids ends in 53 characters of bcrypt, and may have been made with any
const UNUSABLE = `starts_with(password_hash, '$pepper')
  AND (cardinality($1::text[]) = 0 OR (length(password_hash) > 67 AND NOT right(password_hash, 8) = ANY ($1)))`;

type Query = <Row>(text: string, values: unknown[]) => Promise<Row[]>;

/**
 * How many passwords nobody can sign in with, as their hashes need a pepper that PASSWORD_PEPPER doesn't have: among all,
 * or among the 10,000 newest accounts only, which costs a start next to nothing.
 */
export async function countUnusableHashes(
  query: Query,
  peppers: string[],
  { among }: { among: 'all' | 'newest' },
): Promise<number> {
  const accounts =
    among === 'all' ? 'users' : `(SELECT password_hash FROM users ORDER BY id DESC LIMIT ${NEWEST}) AS newest`;
  const text = `SELECT count(*)::int AS count FROM ${accounts} WHERE ${UNUSABLE}`;
  const [row] = await query<{ count: number }>(text, [peppers.map(pepperId)]);
  return row?.count ?? 0;
}

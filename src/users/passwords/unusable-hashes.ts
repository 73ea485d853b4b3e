import { pepperId } from './peppers.js';

const NEWEST = 10_000;

// a hash from before peppers had ids ends in 53 characters of bcrypt; its pepper is unknown
const UNUSABLE = `starts_with(password_hash, '$pepper')
  AND (cardinality($1::text[]) = 0 OR (length(password_hash) > 67 AND NOT right(password_hash, 8) = ANY ($1)))`;

type Query = <Row>(text: string, values: unknown[]) => Promise<Row[]>;

/**
 * Number of passwords that nobody can sign in with, as PASSWORD_PEPPER lacks the pepper of their hash: of all accounts, or
 * of the 10,000 newest, which is cheap enough for the start.
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

import { normalizePassword } from './password-rules.js';
import { type Pepper, season } from './peppers.js';

/** A stored bcrypt hash. */
export interface StoredHash {
  peppered: boolean;
  /** The id of its pepper; hashes from before peppers had ids have none. */
  pepperId?: string;
  cost: number;
  bcrypt: string;
}

const HASH = /^(\$pepper)?\$2[aby]\$(0[4-9]|[12]\d|3[01])(\$[./A-Za-z0-9]{53})(?:\$([A-Za-z0-9_-]{8}))?$/;

/** The parts of a stored hash; undefined when it isn't bcrypt's. */
export function parseHash(hash: string): StoredHash | undefined {
  const [, marker, cost, rest, pepperId] = HASH.exec(hash) ?? [];
  const peppered = marker !== undefined;
  if (!cost || !rest || (pepperId && !peppered)) return undefined;
  // $2y$ is PHP's name for $2b$, and $2a$ differs only beyond 72 bytes; node's bcrypt doesn't accept $2y$
  return { peppered, pepperId, cost: Number(cost), bcrypt: `$2b$${cost}${rest}` };
}

/** What is stored of a hash with a pepper. */
export const withPepper = (hash: string, { id }: Pepper): string => `$pepper${hash}$${id}`;

/** The input of bcrypt. */
export function inputFor(password: string, pepper?: Pepper): string {
  const normalized = normalizePassword(password);
  return pepper ? season(normalized, pepper) : normalized;
}

/** A well-formed hash that no password matches, as expensive to check as a new one. */
export function dummyHash(rounds: number): string {
  return `$2b$${String(rounds).padStart(2, '0')}$${'.'.repeat(53)}`;
}

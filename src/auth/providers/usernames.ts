import { randomInt } from 'node:crypto';

const LONGEST = 32;
const SHORTEST = 3;

/** Candidates for a username: the one at the provider, then the same with more and more random digits. */
export function* usernamesFor(username: string | null, email: string): Generator<string> {
  const [local = ''] = (username ?? email).split('@');
  const base = local
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]/g, '')
    .slice(0, LONGEST);
  if (base.length >= SHORTEST) yield base;
  for (let digits = 3; digits <= 9; digits += 2) {
    const number = randomInt(10 ** digits)
      .toString()
      .padStart(digits, '0');
    yield `${(base || 'user').slice(0, LONGEST - digits)}${number}`;
  }
}

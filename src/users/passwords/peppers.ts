import { createHmac, scryptSync } from 'node:crypto';

const ID_BYTES = 6;

/** A secret kept outside the database and mixed into passwords before hashing, with its id. */
export interface Pepper {
  id: string;
  secret: string;
}

/** The peppers of PASSWORD_PEPPER, with their ids. */
export const pepperOf = (secret: string): Pepper => ({ id: pepperId(secret), secret });

/**
 * The id of a pepper, stored at the end of each hash that was made with it. Derived by scrypt, so that having the hashes
 * doesn't allow guessing the pepper quickly.
 */
export const pepperId = (secret: string): string =>
  scryptSync(secret, 'userhub pepper id', ID_BYTES).toString('base64url');

/** The input of bcrypt with a pepper: an HMAC of the whole password, as 64 characters. */
export const season = (password: string, { secret }: Pepper): string =>
  createHmac('sha384', secret).update(password).digest('base64');

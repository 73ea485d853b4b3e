import { createHmac, scryptSync } from 'node:crypto';

const ID_BYTES = 6;

/** A secret beside the database, mixed into passwords before they are hashed, and the name that hashes call it by. */
export interface Pepper {
  id: string;
  secret: string;
}

/** The peppers of PASSWORD_PEPPER, with their ids. */
export const pepperOf = (secret: string): Pepper => ({ id: pepperId(secret), secret });

/**
 * What tells a pepper from others: it stands at the end of each hash that was made with it. By scrypt, so that whoever has
 * the hashes, but not the pepper, gains no quick way of guessing it.
 */
export const pepperId = (secret: string): string =>
  scryptSync(secret, 'userhub pepper id', ID_BYTES).toString('base64url');

/** What is hashed in place of a password: 64 characters that depend on the whole of it and on the pepper. */
export const season = (password: string, { secret }: Pepper): string =>
  createHmac('sha384', secret).update(password).digest('base64');

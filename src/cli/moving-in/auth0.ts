import { converted, ndjsonRows, type Rows } from './files.js';
import { displayNameOf, type Row, rowOf, timeOf, usernameOf } from './members.js';

interface User {
  email?: string;
  email_verified?: boolean;
  username?: string;
  name?: string;
  passwordHash?: string;
  password_hash?: string;
  created_at?: string;
  blocked?: boolean;
}

/** The NDJSON with hashes from Auth0's support, or that of its export extension, without hashes. */
export const auth0Rows = (file: string): Rows => converted(ndjsonRows(file), rowFrom);

const rowFrom = (user: User): Row =>
  rowOf({
    email: user.email,
    username: usernameOf(user.username),
    display_name: user.name === user.email ? undefined : displayNameOf(user.name), // Auth0's default name is the address
    password_hash: user.passwordHash ?? user.password_hash,
    email_verified: user.email_verified ?? false,
    is_active: !user.blocked,
    created_at: timeOf(user.created_at),
  });

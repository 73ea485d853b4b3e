import { converted, csvRows, type Rows } from './files.js';
import { displayNameOf, type Row, rowOf, usernameOf } from './members.js';

type User = Partial<
  Record<
    'first_name' | 'last_name' | 'username' | 'primary_email_address' | 'verified_email_addresses' | 'password_digest',
    string
  >
>;

/** The CSV that Clerk's dashboard exports. `password_hasher` isn't read: the digests name their algorithm. */
export const clerkRows = (file: string): Rows => converted(csvRows(file), rowFrom);

function rowFrom(user: User): Row {
  const { primary_email_address: email = '', verified_email_addresses: verified = '' } = user;
  return rowOf({
    email,
    username: usernameOf(user.username),
    display_name: displayNameOf(user.first_name, user.last_name),
    password_hash: user.password_digest,
    email_verified: email !== '' && verified.split(/[\s,|]+/).includes(email),
  });
}

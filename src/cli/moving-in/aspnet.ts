import { converted, csvRows, type Rows } from './files.js';
import { displayNameOf, flagOf, idOf, type Row, rowOf, timeOf, usernameOf } from './members.js';

type User = Partial<Record<'Id' | 'UserName' | 'Email' | 'EmailConfirmed' | 'PasswordHash' | 'LockoutEnd', string>>;

/** The table `AspNetUsers` of ASP.NET Core Identity as CSV. */
export const aspNetRows = (file: string): Rows => converted(csvRows(file), rowFrom);

function rowFrom({ Id, UserName, Email, EmailConfirmed, PasswordHash, LockoutEnd }: User): Row {
  return rowOf({
    id: idOf(Id),
    email: Email,
    username: usernameOf(UserName),
    display_name: UserName === Email || usernameOf(UserName) ? undefined : displayNameOf(UserName),
    password_hash: PasswordHash === 'NULL' ? undefined : PasswordHash,
    email_verified: flagOf(EmailConfirmed) ?? false,
    is_active: !isFarAhead(timeOf(LockoutEnd)),
  });
}

/** A lock-out of minutes is automatic and soon over; admins lock an account out for centuries. */
const isFarAhead = (time: string | undefined) =>
  time !== undefined && Date.parse(time) > Date.now() + 365 * 24 * 3_600_000;

import { converted, csvRows, documentRows, type Rows } from './files.js';
import { displayNameOf, flagOf, type Row, rowOf, timeOf, usernameOf } from './members.js';

interface Fields {
  email?: string;
  username?: string;
  password?: string;
  first_name?: string;
  last_name?: string;
  is_active?: boolean | string;
  date_joined?: string;
}

/** The file of `manage.py dumpdata auth.user`, or the table `auth_user` as CSV. */
export const djangoRows = (file: string): Rows =>
  /\.csv$/i.test(file)
    ? converted(csvRows(file), rowFrom)
    : converted(
        documentRows(file, usersIn, 'This is no dump of Django: it is no list of objects.'),
        ({ fields = {} }: { fields?: Fields }) => rowFrom(fields),
      );

/** A dump may contain other models; a custom user model has another name, but these fields. */
const usersIn = (document: unknown) =>
  Array.isArray(document)
    ? (document as ({ fields?: Fields } | null)[]).filter((item) => item?.fields?.password !== undefined)
    : undefined;

const rowFrom = (user: Fields): Row =>
  rowOf({
    email: user.email,
    username: usernameOf(user.username),
    display_name: displayNameOf(user.first_name, user.last_name),
    password_hash: user.password?.startsWith('!') ? undefined : user.password, // Django's unusable passwords begin with "!"
    is_active: flagOf(user.is_active) ?? true,
    created_at: timeOf(user.date_joined),
  });

import { converted, documentRows, readJson, type Rows } from './files.js';
import { displayNameOf, type Row, rowOf, timeOf } from './members.js';

interface User {
  email?: string;
  emailVerified?: boolean;
  passwordHash?: string;
  salt?: string;
  displayName?: string;
  createdAt?: string;
  disabled?: boolean;
}

interface Config {
  base64_signer_key: string;
  base64_salt_separator: string;
  rounds: number;
  mem_cost: number;
}

/** The file of `firebase auth:export users.json`, with the hash parameters from the Firebase console. */
export async function* firebaseRows(file: string, configFile: string): Rows {
  const config = await readJson<Config>(configFile);
  const users = documentRows(file, listIn, 'This is no export of Firebase: it has no list "users".');
  yield* converted(users, (user: User) => rowFrom(user, config));
}

const listIn = (document: unknown) => (document as { users?: unknown } | null)?.users;

function rowFrom(user: User, config: Config): Row {
  const { email, emailVerified, passwordHash, salt, displayName, createdAt, disabled } = user;
  const { mem_cost: n, rounds: r, base64_salt_separator: ss, base64_signer_key: sk } = config;
  const hash = passwordHash && salt && `$fbscrypt$v=1,n=${n},r=${r},p=1,ss=${ss},sk=${sk}$${plain(salt)}$${plain(passwordHash)}`; // prettier-ignore
  return rowOf({
    email,
    password_hash: hash,
    display_name: displayNameOf(displayName),
    created_at: timeOf(createdAt),
    email_verified: emailVerified ?? false,
    is_active: !disabled,
  });
}

/** Firebase exports the URL-safe alphabet of base64. */
const plain = (base64: string) => base64.replaceAll('-', '+').replaceAll('_', '/');

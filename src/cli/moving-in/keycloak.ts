import { converted, documentRows, type Rows } from './files.js';
import { displayNameOf, idOf, type Row, rowOf, timeOf, usernameOf } from './members.js';

interface User {
  id?: string;
  username?: string;
  email?: string;
  emailVerified?: boolean;
  enabled?: boolean;
  firstName?: string;
  lastName?: string;
  createdTimestamp?: number;
  credentials?: Credential[];
}

/** Both parts are JSON in strings; before Keycloak 8 their members stood here. */
interface Credential {
  type?: string;
  secretData?: string;
  credentialData?: string;
  hashedSaltedValue?: string;
  salt?: string;
  hashIterations?: number;
  algorithm?: string;
}

interface Parts {
  algorithm?: string;
  hashIterations?: number;
  value?: string;
  salt?: string;
  additionalParameters?: Record<string, string[] | undefined>;
}

const DIGESTS = new Map([['pbkdf2', ''], ['pbkdf2-sha256', '-sha256'], ['pbkdf2-sha512', '-sha512']]); // prettier-ignore

/** A realm export (`kc.sh export`), whole or only the users' files, with the credentials. */
export const keycloakRows = (file: string): Rows =>
  converted(documentRows(file, listIn, 'This is no export of Keycloak: it has no list "users".'), rowFrom);

const listIn = (document: unknown) =>
  Array.isArray(document) ? (document as unknown[]) : (document as { users?: unknown } | null)?.users;

function rowFrom({ credentials = [], ...user }: User): Row {
  const password = credentials.find(({ type }) => type === 'password');
  return rowOf({
    id: idOf(user.id),
    email: user.email,
    username: usernameOf(user.username),
    display_name: displayNameOf(user.firstName, user.lastName),
    password_hash: password && hashFrom(partsOf(password)),
    email_verified: user.emailVerified ?? false,
    is_active: user.enabled ?? true,
    created_at: timeOf(user.createdTimestamp),
  });
}

function partsOf({ secretData, credentialData, hashedSaltedValue: value, ...legacy }: Credential): Parts {
  if (secretData === undefined || credentialData === undefined) return { ...legacy, value };
  try {
    const secret = JSON.parse(secretData) as Parts;
    return { ...(JSON.parse(credentialData) as Parts), value: secret.value, salt: secret.salt };
  } catch {
    return {};
  }
}

/** Hashes as PHC strings; an algorithm other than PBKDF2 and argon2 keeps its name, by which it is refused. */
function hashFrom({ algorithm = '', hashIterations, value = '', salt = '', ...data }: Parts): string {
  const digest = DIGESTS.get(algorithm);
  if (digest !== undefined) return `$pbkdf2${digest}$${hashIterations}$${unpadded(salt)}$${unpadded(value)}`;
  if (algorithm !== 'argon2') return `${algorithm}$`;
  const [type, version, memory, lanes] = ['type', 'version', 'memory', 'parallelism'].map(
    (name) => data.additionalParameters?.[name]?.[0],
  );
  const v = version === '1.0' ? 16 : 19;
  return `$argon2${type ?? 'id'}$v=${v}$m=${memory},t=${hashIterations},p=${lanes ?? 1}$${unpadded(salt)}$${unpadded(value)}`;
}

const unpadded = (base64: string) => base64.replace(/=+$/, '');

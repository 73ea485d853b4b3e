import { SCRIPT } from '../../src/request.js';
import { type AccessClaims, AccessTokens } from '../../src/auth/sessions/access-tokens.js';
import { UsersService } from '../../src/users/users.service.js';
import type { Api } from './api.js';
import type { TestApp } from './app.js';

/** Somebody with an account, signed in. */
export interface Person {
  id: string;
  email: string;
  username: string;
  password: string;
  tokens: Tokens;
  /** Calls the server as this person. */
  api: Api;
}

export interface Tokens {
  access_token: string;
  token_type: string;
  expires_in: number;
  refresh_token: string;
  refresh_expires_in: number;
}

export const PASSWORD = 'correct horse battery';

/** Registers somebody by name and signs them in. The password holds "horse", which no log may. */
export async function person(
  app: Pick<TestApp, 'api'>,
  name: string,
  more: { email?: string; [member: string]: unknown } = {},
): Promise<Person> {
  const { email = `${name}@example.com` } = more;
  const { body, status } = await app.api.post('/api/auth/register', {
    email,
    username: name,
    password: PASSWORD,
    ...more,
  });
  if (status !== 201) throw new Error(`${name} could not register: ${JSON.stringify(body)}`);
  return signedIn(app, (body as { id: string }).id, { email, username: name });
}

/** Somebody who is an admin, signed in. */
export async function admin(app: TestApp, name = 'root'): Promise<Person> {
  const email = `${name}@example.com`;
  const users = app.nest.get(UsersService);
  const { id } = await users.create(
    { email, username: name, password: PASSWORD, role: 'admin', email_verified: true },
    SCRIPT,
  );
  return signedIn(app, id, { email, username: name });
}

/** Signs somebody in. */
export async function signIn(app: Pick<TestApp, 'api'>, identifier: string, password = PASSWORD): Promise<Tokens> {
  const { body, status } = await app.api.post('/api/auth/login', { username: identifier, password });
  if (status !== 200) throw new Error(`${identifier} could not sign in: ${JSON.stringify(body)}`);
  return body as Tokens;
}

async function signedIn(
  app: Pick<TestApp, 'api'>,
  id: string,
  who: { email: string; username: string },
): Promise<Person> {
  const tokens = await signIn(app, who.email);
  return { id, ...who, password: PASSWORD, tokens, api: app.api.as(tokens) };
}

/** So many people, signed in without hashing so many passwords. */
export async function crowd(app: TestApp, size: number, name = 'fan'): Promise<Api[]> {
  const sessions = await app.sql<AccessClaims>(
    `WITH people AS (
       INSERT INTO users (id, email, username, password_hash)
       SELECT gen_random_uuid(), $2 || n || '@example.com', $2 || n, '' FROM generate_series(1, $1::int) n
       RETURNING id)
     INSERT INTO sessions (id, user_id, generation, expires_at)
     SELECT gen_random_uuid(), id, 0, now() + interval '1 hour' FROM people
     RETURNING id AS "sessionId", user_id AS "userId", auth_time AS "authTime", amr`,
    [size, name],
  );
  const tokens = app.nest.get(AccessTokens, { strict: false });
  return sessions.map((claims) => app.api.as(tokens.sign(claims)));
}

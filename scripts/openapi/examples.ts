/** What things look like: Ada, her session, her posts. The values of a DTO's own `@example` go before these. */
import { sameFor, type Schema } from './document.js';

const ID = '0199c2f4-5a10-7c3e-9b7d-2f6c1e0a4b11';
const LINK = 'AZnC9FoQfD6bfS9sHgpLEcSMZ0UWsNnEhhYwJq0wkXwwbqmFKbZrYSdDE5cXKyGl';
const TIME = '2026-01-31T09:30:00.000Z';

/** By the name of a member or parameter. */
const MEMBERS: Record<string, unknown> = {
  username: 'ada',
  provider: 'google',
  email: 'ada@example.com',
  email_verified: true,
  pending_email: null,
  locale: 'en',
  password: 'correct horse battery',
  current_password: 'correct horse battery',
  display_name: 'Ada Lovelace',
  profile_picture_url: 'https://example.com/ada.png',
  is_active: true,
  deleted_at: null,
  access_token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk5YzJmNCJ9.c2lnbmF0dXJl',
  refresh_token: 'rt_AZnC9FoQfD6bfS9sHgpLEQ',
  expires_in: 1800,
  refresh_expires_in: 604_800,
  ip: '203.0.113.7',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0',
  current: true,
  request_id: 'b7f9c1de-2f4a-4f8e-9a51-0c6a3a7d9e42',
  details: {},
  purge_at: TIME,
  invited_by: ID,
  accepted_by: ID,
  accepted_at: null,
  revoked_at: null,
  last_error: null,
  message: 'Welcome aboard',
  keys: [{ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: 'sR1v', x: 'kHk3…', y: 'Q4dL…' }],
  q: 'ada',
  total: 1,
  skip: 0,
  limit: 10,
  next_cursor: null,
};

/** By the format of a value. */
const FORMATS: Record<string, unknown> = { uuid: ID, 'date-time': TIME, email: 'ada@example.com' };

/** What a member of this name and schema may look like; undefined when nobody has said. */
export function exampleOfMember(name: string, { format, type, minimum = 0 }: Schema): unknown {
  if (Object.hasOwn(MEMBERS, name)) return MEMBERS[name];
  if (format && Object.hasOwn(FORMATS, format)) return FORMATS[format];
  if (type === 'boolean') return false;
  return type === 'integer' ? minimum : undefined;
}

/**
 * What a whole value of this schema looks like.
 * @param resolve finds the schema behind a `$ref`
 * @throws Error when a member has no example
 */
export function exampleOf(schema: Schema, resolve: (ref: string) => Schema, { optional = false } = {}): unknown {
  const inner = (one: Schema) => exampleOf(one, resolve, { optional });
  if (schema.$ref !== undefined) return inner(resolve(schema.$ref));
  if (schema.examples) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf?.[0]) return inner(schema.anyOf[0]);
  if (schema.items) return [inner(schema.items)];
  if (!schema.properties) throw new Error(`There is no example of ${JSON.stringify(schema)}`);
  const members = Object.entries(schema.properties).filter(([name]) => optional || schema.required?.includes(name));
  return Object.fromEntries(members.map(([name, member]) => [name, inner(member)]));
}

/** What is answered with 503 in the shape of a 200. By class. */
export const UNHEALTHY: Record<string, object> = {
  HealthDto: { status: 'unhealthy', database: 'disconnected', api: 'ok' },
  HealthCheckResult: {
    status: 'error',
    info: { migrations: { status: 'up' }, process: { status: 'up' } },
    error: { database: { status: 'down' } },
    details: { database: { status: 'down' }, migrations: { status: 'up' }, process: { status: 'up' } },
  },
};

/** Bodies that say more than one of everything would. By operation, then by what the example shows. */
export const BODIES: Record<string, Record<string, unknown>> = {
  ...sameFor(['verifyEmail', 'confirmEmailChange'], {
    'the link, with a bearer token': { token: `ev_${LINK}` },
    'the link, with the password': { token: `ev_${LINK}`, password: 'correct horse battery' },
    'the code, with a bearer token': { code: '482 915' },
    'the code, with the password': { email: 'ada@example.com', code: '482 915', password: 'correct horse battery' },
  }),
  completeSignInByForm: {
    'somebody comes back': { code: 'c6a1b2…', state: 'AZnC9FoQfD6bfS9sHgpLEcSM…' },
    'somebody said no': { error: 'user_cancelled_authorize', state: 'AZnC9FoQfD6bfS9sHgpLEcSM…' },
  },
  linkIdentity: {
    'the code of a flow': {
      code: 'pc_4mbrfCzDMQ…',
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      redirect_uri: 'https://app.example.com/profile',
    },
    'what was found to be yours': { link_token: 'lt_AZqy…' },
  },
  requestPasswordReset: {
    'by e-mail address': { email: 'ada@example.com' },
    'by username': { username: 'ada' },
  },
  confirmPasswordReset: {
    'by the link': { token: `pr_${LINK}`, new_password: 'a better horse battery' },
    'by the code': { email: 'ada@example.com', code: '482 915', new_password: 'a better horse battery' },
  },
  resetPasswordOf: {
    'by mail': { deliver: 'mail' },
    'by a link, and at once': { deliver: 'link', end_sessions: true },
  },
  acceptInvitation: {
    'a new account': { token: `iv_${LINK}`, username: 'ada', password: 'correct horse battery' },
    'an account that is there': { token: `iv_${LINK}` },
  },
  login: {
    'by e-mail address': { email: 'ada@example.com', password: 'correct horse battery' },
    'by username': { username: 'ada', password: 'correct horse battery' },
  },
  issueToken: {
    'with a password': { grant_type: 'password', username: 'ada@example.com', password: 'correct horse battery' },
    'with a refresh token': { grant_type: 'refresh_token', refresh_token: MEMBERS['refresh_token'] },
    'with what a provider sent': {
      grant_type: 'authorization_code',
      code: 'pc_4mbrfCzDMQ…',
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      redirect_uri: 'https://app.example.com/signed-in',
    },
  },
  ...sameFor(['replaceUser', 'updateUser'], {
    'the name': { display_name: 'Ada, Countess of Lovelace' },
    'the e-mail address': { email: 'ada.lovelace@example.com', current_password: 'correct horse battery' },
    'the role, as an admin': { role: 'admin' },
  }),
  ...sameFor(['replaceTask', 'updateTask'], {
    done: { is_completed: true },
    'the words': { title: 'Water the plants', description: null },
  }),
};

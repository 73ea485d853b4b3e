/** People with second factors: how tests set them up and use them. */
import { TOTP } from 'otpauth';
import type { Api, Answer } from './api.js';
import type { TestApp } from './app.js';
import { Authenticator, type CredentialJson, type Deviations } from './authenticator.js';
import type { Person } from './people.js';

/** Somebody with an authenticator app. */
export interface Protected extends Person {
  secret: string;
  recoveryCodes: string[];
}

/** The code that an app shows, so many steps of 30 seconds from now. */
export function codeOf({ secret }: { secret: string }, steps = 0): string {
  return new TOTP({ secret }).generate({ timestamp: Date.now() + steps * 30_000 });
}

/** A code that is not right, now or soon. */
export function wrongCode(who: { secret: string }): string {
  const right = [-2, -1, 0, 1, 2].map((steps) => codeOf(who, steps));
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !right.includes(code)) as string;
}

/** As if time had gone by: a code that was used is good again. */
export async function letTimePass({ sql }: TestApp, { id }: { id: string }): Promise<void> {
  await sql('UPDATE totp_factors SET last_step = 0 WHERE user_id = $1', [id]);
}

/** Sets up an authenticator app in the person's session. The access token is a new one, and fresh. */
export async function withTotp(app: TestApp, person: Person): Promise<Protected> {
  const { body: setup } = ok(await person.api.post('/api/auth/mfa/totp'));
  const { secret, setup_token } = setup as { secret: string; setup_token: string };
  const confirmation = { setup_token, code: codeOf({ secret }) };
  const { body } = ok(await person.api.post('/api/auth/mfa/totp/confirm', confirmation));
  await letTimePass(app, person);
  const { access_token, recovery_codes } = body as { access_token: string; recovery_codes: string[] };
  const tokens = { ...person.tokens, access_token };
  return { ...person, tokens, api: app.api.as(access_token), secret, recoveryCodes: recovery_codes };
}

/** What the first factor answers for somebody who has a second one: the token for it. */
export async function firstFactor(api: Api, { email, password }: Pick<Person, 'email' | 'password'>): Promise<string> {
  const { status, body } = await api.post('/api/auth/login', { email, password });
  if (status !== 403) throw new Error(`No second factor was asked for: ${JSON.stringify(body)}`);
  return (body as { mfa: { token: string } }).mfa.token;
}

/** Registers a passkey in the person's session. */
export async function addPasskey(
  { api }: Pick<Person, 'api'>,
  authenticator = new Authenticator(),
  deviations?: Deviations,
): Promise<{ id: string; authenticator: Authenticator }> {
  const { body: options } = ok(await api.post('/api/auth/passkeys/options'));
  const credential = authenticator.create(options, deviations);
  const { body } = ok(await api.post('/api/auth/passkeys', { credential, name: 'Key' }));
  return { id: (body as { id: string }).id, authenticator };
}

/** Signs in with nothing but a passkey. */
export async function passkeySignIn(
  api: Api,
  authenticator: Authenticator,
  deviations?: Deviations,
): Promise<Answer & { credential: CredentialJson }> {
  const { body: options } = ok(await api.post('/api/auth/passkeys/sign-in-options'));
  const credential = authenticator.get(options, deviations);
  return { ...(await api.post('/api/auth/passkeys/sign-in', { credential })), credential };
}

/** As if somebody had signed in long ago: their access token isn't fresh any more, nor is one that a refresh gives. */
export async function stale(app: TestApp, person: Person): Promise<Person> {
  await app.sql(`UPDATE sessions SET auth_time = now() - interval '1 hour' WHERE user_id = $1`, [person.id]);
  const { body } = ok(await app.api.post('/api/auth/refresh', { refresh_token: person.tokens.refresh_token }));
  const tokens = body as Person['tokens'];
  return { ...person, tokens, api: app.api.as(tokens) };
}

function ok(answer: Answer): Answer {
  if (answer.status < 300) return answer;
  throw new Error(`It failed: ${answer.status} ${answer.text}`);
}

/** Signing in with an authenticator app: password, challenge, code. A code that was used is refused, each time. */
import { TOTP } from 'otpauth';
import type { Sample, Span } from './load.js';
import { median } from './results.js';
import { loginOf, type Actor, signIn, type World } from './world.js';
import type { Server } from './servers.js';

const PEOPLE = 4; // as many as sign in at once without one, see the line `login`

interface Holder {
  actor: Actor;
  secret: string;
}

/** Sign-ins a second. @throws when a code works twice */
export async function measureSecondFactor(server: Server, world: World, { seconds }: Span): Promise<Sample> {
  const holders = await Promise.all(world.actors.slice(-PEOPLE).map((actor) => setUp(server, world, actor)));
  const latencies: number[] = [];
  const start = performance.now();
  const cpuBefore = server.cpuMs();
  await Promise.all(
    holders.map(async (holder) => {
      while (performance.now() - start < seconds * 1000) latencies.push(await signInOnce(server, world, holder));
    }),
  );
  const elapsed = (performance.now() - start) / 1000;
  const cpuAfter = server.cpuMs();
  for (const { actor } of holders) await tearDown(server, world, actor);
  return {
    rate: latencies.length / elapsed,
    p50: median(latencies),
    p99: Math.max(...latencies),
    errors: 0,
    cpu: cpuBefore === undefined || cpuAfter === undefined ? undefined : ((cpuAfter - cpuBefore) * 1000) / latencies.length, // prettier-ignore
  };
}

async function setUp(server: Server, world: World, actor: Actor): Promise<Holder> {
  const { access_token: token } = await signIn(server, actor); // a fresh one
  const { secret, setup_token } = await expectStatus(200, post(server, '/api/auth/mfa/totp', {}, token));
  const code = codeOf(secret as string);
  await expectStatus(200, post(server, '/api/auth/mfa/totp/confirm', { setup_token, code }, token));
  await forgetCode(world, actor);
  return { actor, secret: secret as string };
}

/** Takes the factor away again. Setting it up has ended the sessions of before. */
async function tearDown(server: Server, { sql }: World, actor: Actor): Promise<void> {
  await sql('DELETE FROM totp_factors WHERE user_id = $1', [actor.id]);
  await sql('DELETE FROM recovery_codes WHERE user_id = $1', [actor.id]);
  await sql('UPDATE users SET mfa_enabled = false WHERE id = $1', [actor.id]);
  actor.token = (await signIn(server, actor)).access_token;
}

async function signInOnce(server: Server, world: World, { actor, secret }: Holder): Promise<number> {
  const start = performance.now();
  const { path, body } = loginOf(actor);
  const { mfa } = (await expectStatus(403, post(server, path, body as object))) as { mfa: { token: string } };
  const code = codeOf(secret);
  await expectStatus(200, post(server, '/api/auth/mfa/verify', { mfa_token: mfa.token, code }));
  const took = performance.now() - start;
  await expectStatus(401, post(server, '/api/auth/mfa/verify', { mfa_token: mfa.token, code }));
  await forgetCode(world, actor);
  return took;
}

const codeOf = (secret: string) => new TOTP({ secret }).generate();

/** As if half a minute had gone by. */
const forgetCode = ({ sql }: World, { id }: Actor) => sql('UPDATE totp_factors SET last_step = 0 WHERE user_id = $1', [id]); // prettier-ignore

function post({ url }: Server, path: string, body: object, token?: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  return fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function expectStatus(status: number, answer: Promise<Response>): Promise<Record<string, unknown>> {
  const response = await answer;
  const text = await response.text();
  if (response.status !== status) throw new Error(`${response.url} got ${response.status} ${text.slice(0, 500)}`);
  return JSON.parse(text) as Record<string, unknown>;
}

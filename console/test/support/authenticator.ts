import { TOTP } from 'otpauth';
import type { World } from './world.ts';

/** The code of an authenticator app; of a later step, for when this one has been used. */
export const code = (secret: string, stepsLater = 0): Promise<string> =>
  Promise.resolve(new TOTP({ secret }).generate({ timestamp: Date.now() + stepsLater * 30_000 }));

/** Sets up an authenticator for somebody, and gives the step of its first code back. Returns the secret. */
export async function enrol(world: World, username: string): Promise<string> {
  const hub = await world.device(username);
  const post = hub.api.POST as (path: string, init?: object) => Promise<{ data: Record<string, string> }>;
  const { data } = await post('/api/auth/mfa/totp');
  const secret = data['secret'] ?? '';
  await post('/api/auth/mfa/totp/confirm', { body: { setup_token: data['setup_token'], code: await code(secret) } });
  // each step works once, and the test can't wait for the next one
  await world.sql(
    `UPDATE totp_factors SET last_step = last_step - 2 WHERE user_id = (SELECT id FROM users WHERE username = $1)`,
    [username],
  );
  return secret;
}

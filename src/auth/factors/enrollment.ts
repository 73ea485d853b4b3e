import type { Origin } from '../../request.js';
import type { Proof } from '../sessions/proof.js';
import type { Sealer } from '../sessions/sealer.js';
import type { AccountFactors } from './account-factors.js';
import type { FactorNotices } from './notices.js';
import { hashOfRecoveryCode, newRecoveryCodes, readRecoveryCode } from './recovery-codes.js';
import type { ConfirmedTotp } from './setup-tokens.js';
import { totpContext } from './totp-secrets.js';

interface Tools {
  sealer: Sealer;
  notices: FactorNotices;
  from: Origin;
}

/**
 * Proof of a sign-in that sets up the first factor of an account that must have one: the app is stored by the statement that
 * starts the session. Only while the account has no factor: knowing just the password must not suffice to add one.
 */
export function enrollment(
  { id }: AccountFactors,
  { secret, step }: ConfirmedTotp,
  { sealer, notices, from }: Tools,
): { proof: Proof; codes: string[] } {
  const codes = newRecoveryCodes();
  const hashes = codes.map((code) => hashOfRecoveryCode(id, readRecoveryCode(code) as string));
  const words = notices.wordsOf(from, { factor: 'totp' });
  const proof: Proof = {
    name: 'enrollment',
    enablesMfa: true,
    sql: (n) => `INSERT INTO totp_factors (user_id, secret, last_step)
      SELECT u.id, $${n}, $${n + 1} FROM u
      WHERE NOT EXISTS (SELECT FROM totp_factors f WHERE f.user_id = u.id)
        AND NOT EXISTS (SELECT FROM passkeys p WHERE p.user_id = u.id)
      ON CONFLICT DO NOTHING RETURNING NULL::uuid AS device_id`,
    values: [sealer.seal(secret, totpContext(id)), step, hashes, words],
    also: (n) => [
      `gone AS (DELETE FROM recovery_codes c USING change WHERE c.user_id = change."userId")`,
      `made AS (
        INSERT INTO recovery_codes (user_id, hash) SELECT change."userId", hash FROM change, unnest($${n + 2}::bytea[]) AS hash)`,
      notices.cte('factor_added', { user: 'change."userId"', words: n + 3 }),
    ],
    events: [{ action: 'totp_added' }, { action: 'recovery_codes_made' }],
  };
  return { proof, codes };
}

import type { Proof } from '../sessions/proof.js';

/**
 * Consumes the code of a time step: only later steps are accepted from now on.
 * @param resealed the secret encrypted under the first key, if it was under an older one
 */
export const totpProof = (step: number, resealed: Buffer | null): Proof => ({
  name: 'totp',
  sql: (
    n,
  ) => `UPDATE totp_factors f SET last_step = $${n}, last_used_at = now(), secret = coalesce($${n + 1}::bytea, f.secret)
    FROM u WHERE f.user_id = u.id AND f.last_step < $${n}::bigint RETURNING NULL::uuid AS device_id`,
  values: [step, resealed],
});

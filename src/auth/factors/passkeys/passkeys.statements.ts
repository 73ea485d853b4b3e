import { recorded } from '../../../audit/recorded.js';
import { statement } from '../../../database/statement.js';
import type { Account } from '../../sessions/authentication.js';
import type { Proof } from '../../sessions/proof.js';
import type { FactorNotices } from '../notices.js';
import type { Passkey } from './passkey.entity.js';
import type { Assertion } from './verify-passkey.js';

/** A passkey as its owner may see it. */
export type PasskeyRow = Pick<
  Passkey,
  | 'id'
  | 'name'
  | 'createdAt'
  | 'lastUsedAt'
  | 'backedUp'
  | 'backupEligible'
  | 'discoverable'
  | 'transports'
  | 'credentialId'
>;

/** A passkey and its account: what is needed to verify an assertion. */
export interface UsedPasskey extends Pick<Passkey, 'id' | 'publicKey' | 'counter' | 'backupEligible'> {
  /** null when the user may not sign in. */
  account: Account | null;
}

const COLUMNS = `id, name, created_at AS "createdAt", last_used_at AS "lastUsedAt", backed_up AS "backedUp",
  backup_eligible AS "backupEligible", discoverable, transports, credential_id AS "credentialId"`;

export const LIST = statement(
  'passkeys.list',
  `SELECT ${COLUMNS} FROM passkeys WHERE user_id = $1 ORDER BY created_at, id`,
);

/** By WebAuthn credential id. */
export const FIND = statement(
  'passkeys.find',
  `SELECT p.id, p.public_key AS "publicKey", p.counter, p.backup_eligible AS "backupEligible",
     CASE WHEN u.is_active AND u.deleted_at IS NULL THEN jsonb_build_object('id', u.id, 'role', u.role,
       'sessionGeneration', u.session_generation, 'mfaEnabled', u.mfa_enabled, 'mfaRequired', u.mfa_required) END AS account
   FROM passkeys p JOIN users u ON u.id = p.user_id WHERE p.credential_id = $1`,
);

export const RENAME = statement(
  'passkeys.rename',
  `UPDATE passkeys SET name = $3 WHERE id = $1 AND user_id = $2 RETURNING ${COLUMNS}`,
);

/** Statements that change passkeys. Each runs in a transaction that has locked the user's row. */
export const passkeyChanges = (notices: FactorNotices) => ({
  /** $1 id, $2 user, $3 … $12 the columns, $13 words. */
  insert: recorded({
    name: 'passkeys.insert',
    change: `INSERT INTO passkeys (id, user_id, credential_id, public_key, counter, transports, aaguid, discoverable,
        user_verified, backup_eligible, backed_up, name)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
      RETURNING ${COLUMNS}, user_id AS "userId"`,
    also: [notices.cte('factor_added', { user: 'change."userId"', words: 13 })],
    events: [{ action: 'passkey_added', userId: '"userId"', details: `jsonb_build_object('passkey_id', id)` }],
  }),

  /** $1 id, $2 user, $3 words. */
  delete: recorded({
    name: 'passkeys.delete',
    change: `DELETE FROM passkeys WHERE id = $1 AND user_id = $2 RETURNING id, user_id AS "userId", name`,
    also: [
      notices.cte('factor_removed', {
        user: 'change."userId"',
        words: 3,
        more: `jsonb_build_object('name', change.name)`,
      }),
    ],
    events: [{ action: 'passkey_removed', userId: '"userId"', details: `jsonb_build_object('passkey_id', id)` }],
  }),
});

/**
 * Stores the new signature counter. A device-bound passkey must have increased it, or it may be a copy. Synced passkeys, and
 * some devices, always report 0.
 */
export const passkeyProof = (passkeyId: string, { counter, backedUp, userVerified }: Assertion): Proof => ({
  name: 'passkey',
  sql: (n) => `UPDATE passkeys p SET counter = $${n + 1}, last_used_at = now(), backed_up = $${n + 2},
      user_verified = p.user_verified OR $${n + 3}
    FROM u WHERE p.id = $${n} AND p.user_id = u.id
      AND (p.backup_eligible OR p.counter < $${n + 1}::bigint OR (p.counter = 0 AND $${n + 1}::bigint = 0))
    RETURNING NULL::uuid AS device_id`,
  values: [passkeyId, counter, backedUp, userVerified],
});

import { statement } from '../../database/statement.js';
import type { Account } from '../sessions/authentication.js';

/** The ways to show a second factor. */
export type FactorMethod = 'totp' | 'passkey' | 'recovery_code';

/** An authenticator app, as it is stored. */
export interface StoredTotp {
  /** Encrypted. */
  secret: Buffer;
  /** The time step of the last code that was accepted. */
  lastStep: number;
  createdAt: Date;
  lastUsedAt: Date | null;
}

/** An account that may sign in, with its second factors. */
export interface AccountFactors extends Account {
  email: string;
  username: string;
  totp: StoredTotp | null;
  passkeys: number;
  /** Unused ones. */
  recoveryCodes: number;
  devices: number;
}

/** One row of `FIND_FACTORS`. */
export interface FactorsRow extends Omit<AccountFactors, 'totp'> {
  secret: Buffer | null;
  lastStep: string | null;
  totpCreatedAt: Date;
  totpLastUsedAt: Date | null;
}

/** An account that may sign in, with all that decides about its second factor. */
export const FIND_FACTORS = statement(
  'factors.find',
  `SELECT u.id, u.email, u.username, u.role, u.session_generation AS "sessionGeneration", u.mfa_enabled AS "mfaEnabled",
     u.mfa_required AS "mfaRequired", f.secret, f.last_step AS "lastStep", f.created_at AS "totpCreatedAt",
     f.last_used_at AS "totpLastUsedAt",
     (SELECT count(*)::int FROM passkeys p WHERE p.user_id = u.id) AS passkeys,
     (SELECT count(*)::int FROM recovery_codes c WHERE c.user_id = u.id AND c.used_at IS NULL) AS "recoveryCodes",
     (SELECT count(*)::int FROM remembered_devices d
      WHERE d.user_id = u.id AND d.generation = u.session_generation AND d.expires_at > now()) AS devices
   FROM users u LEFT JOIN totp_factors f ON f.user_id = u.id
   WHERE u.id = $1 AND u.is_active AND u.deleted_at IS NULL`,
);

/** Locks the user's row: changes of a user's factors run one after the other. */
export const LOCK_USER = `SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE`;

/** Maps a row of `FIND_FACTORS`. */
export function toAccountFactors(row: FactorsRow): AccountFactors {
  const { secret, lastStep, totpCreatedAt: createdAt, totpLastUsedAt: lastUsedAt, ...account } = row;
  return { ...account, totp: secret && { secret, lastStep: Number(lastStep), createdAt, lastUsedAt } };
}

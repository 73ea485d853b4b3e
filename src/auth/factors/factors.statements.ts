/** Statements that change factors. Each runs in a transaction that has locked the user's row. */
import { recorded } from '../../audit/recorded.js';
import type { FactorNotices } from './notices.js';
import { takingAlong } from '../../users/addresses/challenge-ctes.js';

/** Builds the statements; their mails depend on whether mail is configured. */
export const factorStatements = (notices: FactorNotices) => ({
  /** $1 user, $2 sealed secret, $3 step of the code that confirmed it, $4 words. */
  putTotp: recorded({
    name: 'factors.put_totp',
    change: `INSERT INTO totp_factors (user_id, secret, last_step) VALUES ($1, $2, $3)
      ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = excluded.last_step, created_at = now(),
        last_used_at = NULL
      RETURNING user_id AS "userId"`,
    also: [notices.cte('factor_added', { user: 'change."userId"', words: 4 })],
    events: [{ action: 'totp_added', userId: '"userId"' }],
  }),

  /** $1 user, $2 words. */
  deleteTotp: recorded({
    name: 'factors.delete_totp',
    change: `DELETE FROM totp_factors WHERE user_id = $1 RETURNING user_id AS "userId"`,
    also: [notices.cte('factor_removed', { user: 'change."userId"', words: 2 })],
    events: [{ action: 'totp_removed', userId: '"userId"' }],
  }),

  /** $1 user, $2 hashes, $3 words, or null for no mail. Replaces the old codes. */
  replaceRecoveryCodes: recorded({
    name: 'factors.replace_recovery_codes',
    before: [
      `gone AS (DELETE FROM recovery_codes WHERE user_id = $1)`,
      `made AS (INSERT INTO recovery_codes (user_id, hash) SELECT $1, hash FROM unnest($2::bytea[]) AS hash)`,
    ],
    change: `SELECT id AS "userId" FROM users WHERE id = $1`,
    also: [notices.cte('factor_added', { user: 'change."userId"', words: 3, when: '$3::jsonb IS NOT NULL' })],
    events: [{ action: 'recovery_codes_made', userId: '"userId"' }],
  }),

  /** $1 user, $2 whether it is switched on, $3 words. */
  switchMfa: recorded({
    name: 'factors.switch_mfa',
    change: `SELECT id AS "userId" FROM users WHERE id = $1`,
    also: [
      notices.cte('factor_removed', { user: 'change."userId"', words: 3, when: 'NOT $2::boolean' }),
      notices.cte('factor_added', { user: 'change."userId"', words: 3, when: '$2::boolean', name: 'other_mail' }),
    ],
    events: [
      { action: 'mfa_enabled', when: '$2::boolean', userId: '"userId"' },
      { action: 'mfa_disabled', when: 'NOT $2::boolean', userId: '"userId"' },
    ],
  }),

  /** $1 user, $2 words: an admin removes all factors, and what was started with them. */
  reset: recorded({
    name: 'factors.reset',
    before: [
      `totp AS (DELETE FROM totp_factors WHERE user_id = $1)`,
      `codes AS (DELETE FROM recovery_codes WHERE user_id = $1)`,
      `keys AS (DELETE FROM passkeys WHERE user_id = $1)`,
      `devices AS (DELETE FROM remembered_devices WHERE user_id = $1)`,
    ],
    change: `UPDATE users SET mfa_enabled = false, session_generation = session_generation + 1 WHERE id = $1
      RETURNING id AS "userId", username, email, session_generation`,
    also: [takingAlong('change', '"userId"'), notices.cte('factors_reset', { user: 'change."userId"', words: 2 })],
    events: [{ action: 'mfa_reset', userId: '"userId"' }],
  }),
});

/** What goes with the last factor: recovery codes and remembered devices. */
export const DELETE_REPLACEMENTS = `WITH codes AS (DELETE FROM recovery_codes WHERE user_id = $1)
  DELETE FROM remembered_devices WHERE user_id = $1`;

/** Forgets remembered devices and ends the sessions that were started with them, except one. */
export const FORGET_DEVICES = `WITH forgotten AS (DELETE FROM remembered_devices WHERE user_id = $1 RETURNING id)
  UPDATE sessions s SET ended_at = now() FROM forgotten WHERE s.device_id = forgotten.id AND s.ended_at IS NULL`;

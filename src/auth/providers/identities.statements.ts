import { recorded } from '../../audit/recorded.js';
import { statement } from '../../database/statement.js';
import type { Profile } from './profile.js';

/** An identity that isn't linked yet. */
export interface NewIdentity extends Pick<Profile, 'issuer' | 'subject' | 'email'> {
  provider: string;
}

/** The values that identify it, in the order of the parameters below. */
export const valuesOf = ({ provider, issuer, subject, email }: NewIdentity) => [provider, issuer, subject, email];

const COLUMNS = `i.id, i.user_id AS "userId", i.provider, i.email, i.created_at AS "createdAt", i.last_used_at AS "lastUsedAt"`;

const ACCOUNT = `u.id, u.role, u.session_generation AS "sessionGeneration", u.mfa_enabled AS "mfaEnabled",
  u.mfa_required AS "mfaRequired", u.is_active AND u.deleted_at IS NULL AS "isActive"`;

/** The account of a linked identity; records that it was used, under this name, with this address. */
export const USE = statement(
  'identities.use',
  `UPDATE identities i SET last_used_at = now(), provider = $1, email = coalesce($4, i.email)
   FROM users u WHERE i.issuer = $2 AND i.subject = $3 AND u.id = i.user_id RETURNING ${ACCOUNT}`,
);

/** The account with an address. */
export const BY_EMAIL = statement(
  'identities.account_by_email',
  `SELECT ${ACCOUNT}, u.email_verified_at IS NOT NULL AS "isVerified" FROM users u
   WHERE u.email = $1 AND u.deleted_at IS NULL`,
);

/** Links an identity to an account that was created in the same transaction. */
export const REGISTER = recorded({
  name: 'identities.register',
  change: `INSERT INTO identities AS i (id, user_id, provider, issuer, subject, email, last_used_at)
    VALUES ($1, $2, $3, $4, $5, $6, now()) RETURNING ${COLUMNS}`,
  events: [
    {
      action: 'identity_linked',
      userId: '"userId"',
      actorId: '"userId"',
      details: `jsonb_build_object('provider', provider)`,
    },
  ],
});

/**
 * Links an identity to an account that may sign in; with `$6`, only while that is its verified address. One that is linked
 * to another account violates `identities_issuer_subject_key`.
 * @param mail the INSERT of the notice to the owner
 */
export const link = (mail: string) =>
  recorded({
    name: 'identities.link',
    before: [
      `account AS (
         SELECT id, username, email, locale FROM users
         WHERE id = $6 AND is_active AND deleted_at IS NULL
           AND ($7::text IS NULL OR email = $7 AND email_verified_at IS NOT NULL)
         FOR NO KEY UPDATE)`,
    ],
    change: `INSERT INTO identities AS i (id, user_id, provider, issuer, subject, email)
      SELECT $1::uuid, id, $2, $3, $4, $5::text FROM account RETURNING ${COLUMNS}`,
    also: [`mail AS (${mail})`],
    events: [
      {
        action: 'identity_linked',
        userId: '"userId"',
        actorId: '"userId"',
        details: `jsonb_build_object('provider', provider)`,
      },
    ],
  });

/** @param mail the INSERT of the notice to the owner */
export const unlink = (mail: string) =>
  recorded({
    name: 'identities.unlink',
    change: `DELETE FROM identities i WHERE i.id = $1 AND i.user_id = $2 RETURNING ${COLUMNS}`,
    also: [`mail AS (${mail})`],
    events: [
      {
        action: 'identity_unlinked',
        userId: '"userId"',
        details: `jsonb_build_object('provider', provider)`,
      },
    ],
  });

export const LOCK_USER = `SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE`;

export const LIST = statement(
  'identities.list',
  `SELECT ${COLUMNS} FROM identities i WHERE i.user_id = $1 ORDER BY i.id`,
);

export const OWN = statement(
  'identities.own',
  `SELECT ${COLUMNS} FROM identities i WHERE i.user_id = $1 AND i.issuer = $2 AND i.subject = $3`,
);

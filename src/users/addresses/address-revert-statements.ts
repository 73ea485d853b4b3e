import { recorded, type RecordedStatement } from '../../audit/recorded.js';
import type { Mails } from '../../mail/mails.js';
import type { CredentialTables } from '../credential-tables.js';
import { locked, opening, toChallenged, using } from './challenge-ctes.js';

/**
 * After a revert, cancels the open challenges by which an attacker with other mailboxes could move the address again:
 * verifications, pending changes, and reverts of the same or later changes.
 */
const LATER_CHANGES = `later AS (
  UPDATE mail_challenges c SET cancelled_at = now() FROM used
  WHERE c.user_id = used.user_id AND c.id <> used.id AND c.used_at IS NULL AND c.cancelled_at IS NULL
    AND (c.purpose IN ('verify', 'change')
      OR c.purpose = 'revert' AND (c.created_at >= used.created_at OR c.email = used.email)))`;

/** The statements that revert a change of address. */
export class AddressRevertStatements {
  /** When another account has the old address by now: the sessions end all the same. */
  readonly revertTaken = recorded({
    name: 'users.revert_taken',
    before: [locked('$1'), using({ purpose: 'revert', id: '$1', where: 'a.deleted_at IS NULL' }), LATER_CHANGES],
    change: `UPDATE users u SET session_generation = u.session_generation + 1
      FROM used WHERE u.id = used.user_id RETURNING u.id`,
    events: [{ action: 'sessions_ended' }],
  });

  private built?: RecordedStatement;

  constructor(
    private readonly mails: Mails,
    private readonly tables: CredentialTables,
  ) {}

  /** Built on first use: by then every module has registered its tables. */
  get revert(): RecordedStatement {
    return (this.built ??= this.buildRevert());
  }

  private buildRevert(): RecordedStatement {
    return recorded({
      name: 'users.revert_email_change',
      before: [locked('$1'), using({ purpose: 'revert', id: '$1', where: 'a.deleted_at IS NULL' }), LATER_CHANGES],
      change: `UPDATE users u SET email = used.email, email_verified_at = now(), updated_at = now(), version = u.version + 1,
          password_hash = NULL, session_generation = u.session_generation + 1
        FROM used WHERE u.id = used.user_id
        RETURNING u.id, u.username, u.email, u.locale, u.session_generation, u.is_active`,
      also: [
        opening({
          purpose: 'reset',
          from: 'change',
          id: '$2',
          lifetime: '$3::bigint',
          generation: 'session_generation',
          where: 'is_active',
        }),
        `mail AS (${this.mails.insert('reset', {
          ...toChallenged('change'),
          data: `$4::jsonb || jsonb_build_object('username', a.username)`,
        })})`,
        ...this.tables.deletions('reset', { from: 'change' }),
      ],
      events: [{ action: 'email_change_reverted', actorId: 'id' }],
    });
  }
}

import { recorded, type RecordedStatement } from '../audit/recorded.js';
import { changing, hasVersion } from '../lists/conditions.js';
import type { Mails } from '../mail/mails.js';
import type { CredentialTables } from './credential-tables.js';
import { USER_COLUMNS } from './users.statements.js';
import { locked, opening, SAME_GENERATION, using } from './addresses/challenge-ctes.js';

const MS = `interval '1 millisecond'`;

const RESTORED = {
  table: 'users',
  where: 'id = $1',
  assignments: 'is_active = true, deleted_at = NULL, purge_at = NULL',
  differs: 'NOT old.is_active OR old.deleted_at IS NOT NULL',
};

/** A notice to the user of the change. */
const NOTICE = {
  from: 'change',
  to: 'email',
  userId: 'id',
  locale: 'locale',
  data: `jsonb_build_object('username', username)`,
};

/** Casts: a parameter needs a type even in variants that don't use it. */
const PARAMETERS = 'parameters AS (SELECT $3::bigint, $4::text, $5::uuid, $6::bigint, $7::jsonb)';

/** Variants of a deletion: by the owner or an admin, and whether the account is known not to be an admin's. */
interface DeletionKind {
  isOwn: boolean;
  isOrdinary: boolean;
}

/** The statements of soft deletion and restoring, with their events and mails. */
export class RemovalStatements {
  private readonly deletions = new Map<string, RecordedStatement>();

  readonly restore = recorded({
    name: 'users.restore',
    before: [changing(RESTORED)],
    change: `SELECT ${USER_COLUMNS}, EXISTS (SELECT FROM changed) AS is_changed, (SELECT deleted_at FROM old) AS old_deleted_at FROM current`,
    also: [`notice AS (${this.mails.insert('account_restored', { ...NOTICE, where: 'old_deleted_at IS NOT NULL' })})`],
    events: [{ action: 'user_restored', when: 'is_changed' }],
  });

  /** By the link mailed to the user who deleted their own account; not after an admin restored and deleted it again. */
  readonly restoreByLink = recorded({
    name: 'users.restore_by_link',
    before: [
      locked('$1'),
      using({
        purpose: 'restore',
        id: '$1',
        where: `a.deleted_at IS NOT NULL AND a.email = c.email AND ${SAME_GENERATION}`,
      }),
    ],
    change: `UPDATE users u SET is_active = true, deleted_at = NULL, purge_at = NULL, updated_at = now(), version = u.version + 1
      FROM used WHERE u.id = used.user_id RETURNING u.id, u.username, u.email, u.locale`,
    also: [`notice AS (${this.mails.insert('account_restored', NOTICE)})`],
    events: [{ action: 'user_restored', actorId: 'id' }],
  });

  constructor(
    private readonly mails: Mails,
    private readonly tables: CredentialTables,
  ) {}

  /** The statement of a soft deletion. */
  deletion(kind: DeletionKind): RecordedStatement {
    const name = `users.delete_${kind.isOwn ? 'own' : 'other'}_${kind.isOrdinary ? 'ordinary' : 'any'}`;
    const known = this.deletions.get(name) ?? this.buildDeletion(name, kind); // built on first use, once every module has registered its tables
    this.deletions.set(name, known);
    return known;
  }

  /** Parameters: $1 id, $2 versions, $3 retention, $4 reason, $5 and $6 a challenge and its lifetime, $7 words. */
  private buildDeletion(name: string, { isOwn, isOrdinary }: DeletionKind): RecordedStatement {
    const data = `$7::jsonb || jsonb_strip_nulls(jsonb_build_object('username', a.username, 'purge_at', to_jsonb(a."purgeAt")))`;
    const mail = { to: 'a.email', userId: 'a.id', locale: 'a.locale', data };
    return recorded({
      name,
      before: [PARAMETERS],
      change: `UPDATE users SET is_active = false, deleted_at = now(), updated_at = now(), version = version + 1,
          session_generation = session_generation + 1, purge_at = now() + $3::bigint * ${MS}, mfa_enabled = false
        WHERE id = $1 AND deleted_at IS NULL AND ${hasVersion('$2')} ${isOrdinary ? `AND role <> 'admin'` : ''}
        RETURNING id, username, email, locale, session_generation, purge_at AS "purgeAt"`,
      also: [
        ...(isOwn
          ? this.wayBack(mail)
          : [`mail AS (${this.mails.insert('account_deleted', { ...mail, from: 'change a' })})`]),
        ...this.tables.deletions('deletion', { from: 'change' }),
      ],
      events: [{ action: 'user_deleted', details: `jsonb_build_object('reason', $4::text)` }],
    });
  }

  private wayBack(mail: { to: string; userId: string; locale: string; data: string }): string[] {
    if (!this.mails.isConfigured) return [];
    const generation = 'session_generation';
    return [
      opening({
        purpose: 'restore',
        from: 'change',
        id: '$5::uuid',
        lifetime: '$6::bigint',
        generation,
        where: 'email IS NOT NULL',
      }),
      `mail AS (${this.mails.insert('account_deleted', {
        ...mail,
        from: 'challenge c JOIN change a ON a.id = c.user_id',
        challengeId: 'c.id',
        expiresAt: `least(c.expires_at, now() + interval '3 days')`,
      })})`,
    ];
  }
}

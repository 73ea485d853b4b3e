import { recorded, type RecordedStatement } from '../../audit/recorded.js';
import type { Mails } from '../../mail/mails.js';
import {
  codeIsGood,
  IS_ACTIVE,
  locked,
  opening,
  PROVES_ADDRESS,
  SAME_GENERATION,
  toChallenged,
  using,
} from '../addresses/challenge-ctes.js';
import type { CredentialTables } from '../credential-tables.js';

/** The reset link of an account; $2 is its id, $3 its lifetime. */
const LINK = {
  purpose: 'reset',
  from: 'account',
  id: '$2',
  lifetime: '$3::bigint',
  generation: 'session_generation',
} as const;

/** The statements of a password reset, with their events and mails. */
export class PasswordResetStatements {
  /** The event is written for unknown addresses as well, so that both take the same time. */
  readonly send = recorded({
    name: 'mail_challenges.send_reset',
    before: [
      `account AS (
         SELECT id, username, email, locale, session_generation FROM users
         WHERE email = $1 AND is_active AND deleted_at IS NULL FOR NO KEY UPDATE)`,
    ],
    change: 'SELECT (SELECT id FROM account) AS id',
    also: [
      opening(LINK),
      `mail AS (${this.mail(`$5::jsonb || jsonb_build_object('username', a.username)`, 'coalesce(a.locale, $4)')})`,
    ],
    events: [{ action: 'password_reset_requested' }],
  });

  readonly open = recorded({
    name: 'users.open_reset',
    before: [
      `account AS (
         UPDATE users a SET session_generation = session_generation + $4::boolean::int
         WHERE id = $1 AND ${IS_ACTIVE} AND email IS NOT NULL RETURNING id, username, email, locale, session_generation)`,
      opening({
        ...LINK,
        heldIn: 'session_generation - $4::boolean::int', // an existing reset link stays valid when the sessions end
      }),
    ],
    change: 'SELECT user_id AS id, id AS challenge_id, expires_at FROM challenge',
    also: [
      `mail AS (${this.mail(`jsonb_build_object('username', a.username, 'by_admin', true)`, 'a.locale', '$5::boolean')})`,
    ],
    events: [
      {
        action: 'password_reset_requested',
        details: `jsonb_build_object('deliver', CASE WHEN $5::boolean THEN 'mail' ELSE 'link' END)`,
      },
      { action: 'sessions_ended', when: '$4::boolean' },
    ],
  });

  private built?: RecordedStatement;

  constructor(
    private readonly mails: Mails,
    private readonly tables: CredentialTables,
  ) {}

  /** Built on first use: by then every module has registered its tables. */
  get reset(): RecordedStatement {
    return (this.built ??= this.buildReset());
  }

  private mail(data: string, locale: string, where = 'true'): string {
    return this.mails.insert('reset', {
      ...toChallenged('account'),
      locale,
      data,
      where,
    });
  }

  private buildReset(): RecordedStatement {
    return recorded({
      name: 'users.reset_password',
      before: [
        locked('$1'),
        using({
          purpose: 'reset',
          id: '$1',
          where: `${PROVES_ADDRESS} AND ${SAME_GENERATION} AND ${codeIsGood('$3::boolean')}`,
        }),
      ],
      change: `UPDATE users u SET password_hash = $2, session_generation = u.session_generation + 1,
          email_verified_at = coalesce(u.email_verified_at, now()),
          mfa_enabled = u.mfa_enabled AND u.email_verified_at IS NOT NULL,
          version = u.version + (u.email_verified_at IS NULL)::int,
          updated_at = CASE WHEN u.email_verified_at IS NULL THEN now() ELSE u.updated_at END
        FROM used JOIN account a ON a.id = used.user_id WHERE u.id = used.user_id
        RETURNING u.id, u.username, u.email, u.locale, a.email_verified_at IS NULL AS reclaimed`,
      also: [
        `mail AS (${this.mails.insert('password_reset', {
          from: 'change',
          to: 'email',
          userId: 'id',
          locale: 'locale',
          data: `$4::jsonb || jsonb_build_object('username', username)`,
        })})`,
        ...this.tables.deletions('reset', { from: 'change' }),
        ...this.tables.deletions('reclaim', { from: 'change', where: 'a.reclaimed' }),
      ],
      events: [
        {
          action: 'password_reset',
          actorId: 'id',
          details: `CASE WHEN reclaimed THEN '{"reclaimed": "true"}' ELSE '{}' END::jsonb`,
        },
        { action: 'email_verified', actorId: 'id', when: 'reclaimed' },
      ],
    });
  }
}

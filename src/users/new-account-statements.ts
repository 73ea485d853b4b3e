import { recorded } from '../audit/recorded.js';
import type { Mails } from '../mail/mails.js';
import { opening, toChallenged } from './addresses/challenge-ctes.js';
import { remembering } from './addresses/known-devices.js';
import { NEW_USER_COLUMNS } from './users.statements.js';

const INSERT = `INSERT INTO users (id, email, username, password_hash, display_name, profile_picture_url, role, is_active, locale, email_verified_at, kind)
  SELECT $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::boolean, $9::text, CASE WHEN $10::boolean THEN now() END, $17::text`;

/** The statements that create an account, with its event and verification mail. */
export class NewAccountStatements {
  readonly register = recorded({
    name: 'users.register',
    change: `${INSERT} RETURNING ${NEW_USER_COLUMNS}`,
    also: this.alongWithIt,
    events: [{ action: 'register', actorId: 'id' }],
  });

  /** For a free address and a taken one alike it inserts one row into the outbox, in the same time. */
  readonly registerQuietly = recorded({
    name: 'users.register_quietly',
    before: [
      'taken AS (SELECT id, username, email, locale FROM users WHERE email = $2 AND deleted_at IS NULL)',
      'namesake AS (SELECT FROM users WHERE fold_case(username) = fold_case($3) AND deleted_at IS NULL)',
      `made AS (${INSERT} WHERE NOT EXISTS (SELECT FROM taken) RETURNING ${NEW_USER_COLUMNS})`,
    ],
    change: `SELECT made.*, EXISTS (SELECT FROM taken) AND EXISTS (SELECT FROM namesake) AS is_name_taken FROM (SELECT 1) one LEFT JOIN made ON true`,
    also: [
      ...this.alongWithIt,
      `mail_taken AS (${this.mails.insert('already_registered', {
        from: 'taken',
        to: 'email',
        userId: 'id',
        locale: 'coalesce(locale, $9)',
        data: `$13::jsonb || jsonb_build_object('username', username)`,
        where: '$18::boolean AND NOT EXISTS (SELECT FROM namesake)',
      })})`,
    ],
    events: [
      { action: 'register', actorId: 'id', when: 'id IS NOT NULL' },
      {
        action: 'register',
        outcome: 'failure',
        userId: '(SELECT id FROM taken)',
        when: 'id IS NULL AND NOT is_name_taken',
      },
    ],
  });

  readonly create = recorded({
    name: 'users.create',
    change: `${INSERT} RETURNING ${NEW_USER_COLUMNS}`,
    also: this.alongWithIt,
    events: [{ action: 'user_created', details: `jsonb_build_object('role', role)` }],
  });

  constructor(private readonly mails: Mails) {}

  private get alongWithIt(): string[] {
    return [
      opening({
        purpose: 'verify',
        from: 'change',
        id: '$11::uuid',
        lifetime: '$12::bigint',
        where: `$14::boolean AND "emailVerifiedAt" IS NULL AND "isActive" AND email IS NOT NULL`,
      }),
      `mail AS (${this.mails.insert('verify', {
        ...toChallenged('change'),
        data: `$13::jsonb || jsonb_build_object('username', a.username)`,
      })})`,
      remembering({ from: 'change', userId: 'id', network: '$15', agent: '$16' }),
    ];
  }
}

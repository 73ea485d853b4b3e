import { recorded } from '../../audit/recorded.js';
import { statement } from '../../database/statement.js';
import type { Mails } from '../../mail/mails.js';
import {
  cancelling,
  codeIsGood,
  IS_ACTIVE,
  locked,
  opening,
  openingRevert,
  SAME_GENERATION,
  toChallenged,
  using,
} from './challenge-ctes.js';

const TO_NEW_ADDRESS = toChallenged('account');

/** Recipient of the mail when the new address belongs to another account: its owner. The caller isn't told. */
const TO_WHOM_IT_BELONGS = { from: 'taken', to: 'email', userId: 'id', locale: 'locale' };

const TAKEN = `taken AS (
  SELECT t.id, t.username, t.email, t.locale FROM users t JOIN challenge c ON c.email = t.email WHERE t.deleted_at IS NULL)`;

/** The statements of a change of address, with their events and mails. */
export class AddressChangeStatements {
  /** Must run in the transaction that holds the account's row locked. */
  readonly request = recorded({
    name: 'mail_challenges.request_change',
    before: [
      `account AS (
         SELECT id, username, email, locale, session_generation FROM users a
         WHERE id = $1 AND session_generation = $2 AND email_verified_at IS NOT NULL AND ${IS_ACTIVE} FOR NO KEY UPDATE)`,
      opening({
        purpose: 'change',
        from: 'account',
        email: '$3::text',
        id: '$4',
        lifetime: '$5::bigint',
        generation: 'session_generation',
      }),
    ],
    change: 'SELECT c.user_id AS id, c.sent FROM challenge c',
    also: [
      openingRevert({
        from: 'challenge c JOIN account a ON a.id = c.user_id',
        userId: 'a.id',
        email: 'a.email',
        id: '$6',
        lifetime: '$7::bigint',
        where: 'c.sent = 1',
      }),
      TAKEN,
      `mail AS (${this.mails.insert('change', {
        ...TO_NEW_ADDRESS,
        data: `$8::jsonb || jsonb_build_object('username', a.username)`,
        where: '$9::boolean AND NOT EXISTS (SELECT FROM taken)',
      })})`,
      `mail_in_use AS (${this.mails.insert('address_in_use', { ...TO_WHOM_IT_BELONGS, data: '$8::jsonb', where: '$9::boolean' })})`,
      `notice AS (${this.mails.insert('email_change_requested', {
        from: 'revert r JOIN account a ON a.id = r.user_id',
        to: 'a.email',
        userId: 'a.id',
        challengeId: 'r.id',
        expiresAt: 'r.expires_at',
        locale: 'a.locale',
        data: `$8::jsonb || jsonb_build_object('username', a.username, 'old_email', a.email, 'new_email', $3::text)`,
      })})`,
    ],
    events: [{ action: 'email_change_requested', when: 'sent = 1' }],
  });

  readonly send = statement(
    'mail_challenges.send_change',
    `WITH account AS (
       SELECT id, username, email, locale, session_generation FROM users a WHERE id = $1 AND ${IS_ACTIVE} FOR NO KEY UPDATE),
     challenge AS (
       UPDATE mail_challenges c SET sent = least(c.sent + 1, 32767) FROM account a
       WHERE c.user_id = a.id AND c.purpose = 'change' AND c.used_at IS NULL AND c.cancelled_at IS NULL
         AND c.expires_at > now() AND ${SAME_GENERATION}
       RETURNING c.id, c.user_id, c.email, c.expires_at),
     ${TAKEN},
     mail AS (${this.mails.insert('change', {
       ...TO_NEW_ADDRESS,
       data: `$2::jsonb || jsonb_build_object('username', a.username)`,
       where: 'NOT EXISTS (SELECT FROM taken)',
     })}),
     mail_in_use AS (${this.mails.insert('address_in_use', { ...TO_WHOM_IT_BELONGS, data: '$2::jsonb' })})
     SELECT c.id FROM challenge c`,
  );

  readonly cancel = recorded({
    name: 'mail_challenges.cancel_change',
    change: `UPDATE mail_challenges SET cancelled_at = now()
      WHERE user_id = $1 AND purpose = 'change' AND used_at IS NULL AND cancelled_at IS NULL RETURNING user_id AS id`,
    events: [{ action: 'email_change_cancelled' }],
  });

  readonly confirm = recorded({
    name: 'users.confirm_email_change',
    before: [
      locked('$1'),
      using({
        purpose: 'change',
        id: '$1',
        where: `${IS_ACTIVE} AND ${SAME_GENERATION} AND ${codeIsGood('$2::boolean')}`,
      }),
    ],
    change: `UPDATE users u SET email = used.email, email_verified_at = now(), updated_at = now(), version = u.version + 1,
        session_generation = u.session_generation + 1
      FROM used JOIN account a ON a.id = used.user_id WHERE u.id = used.user_id
      RETURNING u.id, u.username, u.email, u.locale, u.session_generation, a.email AS old_email`,
    also: [
      `kept AS (UPDATE sessions s SET generation = u.session_generation FROM change u WHERE s.id = $6::uuid AND s.user_id = u.id)`,
      cancelling({ purposes: ['verify'], from: 'change' }),
      openingRevert({ from: 'change', email: 'old_email', id: '$3', lifetime: '$4::bigint' }),
      `notice_old AS (${this.mails.insert('email_changed', {
        from: 'revert r JOIN change a ON a.id = r.user_id',
        to: 'a.old_email',
        userId: 'a.id',
        challengeId: 'r.id',
        expiresAt: 'r.expires_at',
        locale: 'a.locale',
        data: `$5::jsonb || jsonb_build_object('username', a.username, 'old_email', a.old_email, 'new_email', a.email)`,
      })})`,
      `notice_new AS (${this.mails.insert('email_changed', {
        from: 'change',
        to: 'email',
        userId: 'id',
        locale: 'locale',
        data: `$5::jsonb || jsonb_build_object('username', username, 'new_email', email)`,
      })})`,
    ],
    events: [{ action: 'email_changed', actorId: 'id' }],
  });

  readonly lock = `WITH ${locked('$1')} SELECT id FROM account`;

  constructor(private readonly mails: Mails) {}
}

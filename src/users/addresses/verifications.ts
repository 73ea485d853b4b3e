import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { days } from '../../config/durations.js';
import { type Actor, AuditService } from '../../audit/audit.service.js';
import { recorded } from '../../audit/recorded.js';
import { AccountSettings } from '../../config/account-settings.js';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { Mails } from '../../mail/mails.js';
import { codeIsGood, locked, opening, PROVES_ADDRESS, toChallenged, using } from './challenge-ctes.js';

/** Lifetime of link and code of a verification (NIST SP 800-63B-4, 4.2.1.2: a day at most by mail). */
export const VERIFICATION_LIFETIME = days(1);

const NIL = '00000000-0000-0000-0000-000000000000';
const BATCH = 1000;

const VERIFY_BATCH = statement(
  'users.verify_batch',
  `WITH batch AS (
     SELECT id FROM users WHERE email_verified_at IS NULL AND email IS NOT NULL AND deleted_at IS NULL AND created_at < $1 AND id > $2
     ORDER BY id LIMIT ${BATCH} FOR NO KEY UPDATE),
   change AS (
     UPDATE users u SET email_verified_at = now(), updated_at = now(), version = u.version + 1 FROM batch WHERE u.id = batch.id)
   SELECT id FROM batch ORDER BY id`,
);

/** Verification of e-mail addresses. */
@Injectable()
export class Verifications {
  /** The event is written for unknown addresses as well, so that both take the same time. */
  private readonly sendStatement = recorded({
    name: 'mail_challenges.send_verification',
    before: [
      `account AS (
         SELECT id, username, email, locale FROM users
         WHERE email = $1 AND email_verified_at IS NULL AND is_active AND deleted_at IS NULL FOR NO KEY UPDATE)`,
    ],
    change: 'SELECT (SELECT id FROM account) AS id',
    also: [
      opening({ purpose: 'verify', from: 'account', id: '$2', lifetime: '$3::bigint' }),
      `mail AS (${this.mails.insert('verify', {
        ...toChallenged('account'),
        locale: 'coalesce(a.locale, $4)',
        data: `$5::jsonb || jsonb_build_object('username', a.username)`,
      })})`,
    ],
    events: [{ action: 'verification_requested' }],
  });

  private readonly verifyStatement = recorded({
    name: 'mail_challenges.verify',
    before: [
      locked('$1'),
      using({ purpose: 'verify', id: '$1', where: `${PROVES_ADDRESS} AND ${codeIsGood('$2::boolean')}` }),
      `verified AS (
         UPDATE users u SET email_verified_at = now(), updated_at = now(), version = u.version + 1
         FROM used WHERE u.id = used.user_id AND u.email_verified_at IS NULL RETURNING u.id)`,
    ],
    change: 'SELECT user_id AS id, (SELECT count(*) FROM verified) > 0 AS is_new FROM used',
    events: [{ action: 'email_verified', actorId: 'id', when: 'is_new' }],
  });

  /** Never an admin's account: a mail to a stranger must not leave the server without an admin. Other admins can delete it. */
  private readonly rejectStatement = recorded({
    name: 'mail_challenges.reject_registration',
    before: [
      locked('$1'),
      `used AS (
         UPDATE mail_challenges c SET cancelled_at = now() FROM account a
         WHERE c.id = $1 AND c.user_id = a.id AND c.used_at IS NULL AND a.email_verified_at IS NULL AND ${PROVES_ADDRESS}
           AND a.role <> 'admin' RETURNING c.user_id)`,
    ],
    change: `UPDATE users u SET is_active = false, deleted_at = now(), updated_at = now(), version = u.version + 1,
        session_generation = u.session_generation + 1, purge_at = now() + $2::bigint * interval '1 millisecond'
      FROM used WHERE u.id = used.user_id RETURNING u.id`,
    events: [{ action: 'registration_rejected' }],
  });

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly settings: AccountSettings,
  ) {}

  /** Mails link and code to an unverified address; for any other nothing happens, in the same time. */
  async send(email: string, locale: string | null, call: Actor): Promise<void> {
    const words = JSON.stringify(this.mails.originWords(call));
    await this.audit.write(this.sendStatement, [email, uuidv7(), VERIFICATION_LIFETIME, locale, words], call);
    this.mails.wake();
  }

  /**
   * Consumes a challenge: its address is verified. Returns false when the challenge is no longer valid.
   */
  async verify(challengeId: string, byCode: boolean, call: Actor): Promise<boolean> {
    return (await this.audit.write(this.verifyStatement, [challengeId, byCode], call)).length > 0;
  }

  /** Marks the addresses of all accounts older than this as verified. Returns how many. */
  async verifyAll(createdBefore: Date, call: Actor): Promise<number> {
    let count = 0;
    for (let last = NIL, found: { id: string }[] = []; ; last = found.at(-1)?.id ?? last) {
      found = await this.database.write<{ id: string }>(VERIFY_BATCH, [createdBefore, last]);
      count += found.length;
      if (found.length < BATCH) break;
    }
    const details = { count: String(count), created_before: createdBefore.toISOString() };
    await this.audit.record({ action: 'emails_verified', details }, call);
    return count;
  }

  /** Deletes an account whose address is still unverified, softly. */
  async reject(challengeId: string, call: Actor): Promise<void> {
    await this.audit.write(this.rejectStatement, [challengeId, this.settings.deletedRetention ?? null], call);
  }
}

import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { days } from '../../config/durations.js';
import { Database, statement } from '../../database/database.js';
import { Mails } from '../../mail/mails.js';
import type { Origin } from '../../request.js';
import { codeIsGood, locked, opening, PROVES_ADDRESS, using } from './challenges.statements.js';

/** How long the link and the code of a verification live (NIST SP 800-63B-4, 4.2.1.2: a day at most by mail). */
export const VERIFICATION_LIFETIME = days(1);

/** That somebody reads the mailbox of their address. */
@Injectable()
export class Verifications {
  private readonly sendStatement = statement(
    'verifications.send',
    `WITH account AS (
       SELECT id, username, email, locale FROM users
       WHERE email = $1 AND email_verified_at IS NULL AND is_active AND deleted_at IS NULL FOR NO KEY UPDATE),
     ${opening({ purpose: 'verify', from: 'account', id: '$2', lifetime: '$3::bigint' })},
     mail AS (${this.mails.insert('verify', {
       from: 'challenge c JOIN account a ON a.id = c.user_id',
       to: 'c.email',
       userId: 'a.id',
       challengeId: 'c.id',
       expiresAt: 'c.expires_at',
       locale: 'coalesce(a.locale, $4)',
       data: `$5::jsonb || jsonb_build_object('username', a.username)`,
     })})
     SELECT c.id FROM challenge c`,
  );

  private readonly verifyStatement = statement(
    'verifications.verify',
    `WITH ${locked('$1')},
     ${using({ purpose: 'verify', id: '$1', where: `${PROVES_ADDRESS} AND ${codeIsGood('$2::boolean')}` })},
     change AS (
       UPDATE users u SET email_verified_at = now(), updated_at = now(), version = u.version + 1
       FROM used WHERE u.id = used.user_id AND u.email_verified_at IS NULL RETURNING u.id)
     SELECT used.user_id AS id, (SELECT count(*) FROM change) > 0 AS "isNew" FROM used`,
  );

  /** Nobody may be left without an admin by a mail that went to a stranger: an admin's account is for other admins to delete. */
  private readonly rejectStatement = statement(
    'verifications.reject',
    `WITH ${locked('$1')},
     used AS (
       UPDATE mail_challenges c SET cancelled_at = now() FROM account a
       WHERE c.id = $1 AND c.user_id = a.id AND c.used_at IS NULL AND a.email_verified_at IS NULL AND ${PROVES_ADDRESS}
         AND a.role <> 'admin' RETURNING c.user_id)
     UPDATE users u SET is_active = false, deleted_at = now(), updated_at = now(), version = u.version + 1,
       session_generation = u.session_generation + 1
     FROM used WHERE u.id = used.user_id RETURNING u.id`,
  );

  constructor(
    private readonly database: Database,
    private readonly mails: Mails,
  ) {}

  /** Sends link and code to an address that is unverified; for any other nothing happens, in the same time. */
  async send(email: string, { origin, locale }: { origin: Origin; locale: string | null }): Promise<void> {
    const words = JSON.stringify(this.mails.originWords(origin));
    await this.database.write(this.sendStatement, [email, uuidv7(), VERIFICATION_LIFETIME, locale, words]);
    this.mails.wake();
  }

  /**
   * Uses a challenge up: its address is verified from now on. Returns the account, and whether it wasn't verified before;
   * null when the challenge doesn't hold any more.
   */
  async verify(challengeId: string, { byCode }: { byCode: boolean }): Promise<{ id: string; isNew: boolean } | null> {
    const [verified] = await this.database.write<{ id: string; isNew: boolean }>(this.verifyStatement, [challengeId, byCode]); // prettier-ignore
    return verified ?? null;
  }

  /** Deletes an account whose address was never verified, softly; returns its id, or null when nothing was to be done. */
  async reject(challengeId: string): Promise<string | null> {
    const [rejected] = await this.database.write<{ id: string }>(this.rejectStatement, [challengeId]);
    return rejected?.id ?? null;
  }
}

import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../../audit/audit.service.js';
import { recorded, type RecordedStatement } from '../../audit/recorded.js';
import { days } from '../../config/durations.js';
import { AccountSettings } from '../../config/account-settings.js';
import { Database, statement } from '../../database/database.js';
import { Mails } from '../../mail/mails.js';
import { Problem } from '../../problems.js';
import type { Origin } from '../../request.js';
import { CredentialTables } from '../credential-tables.js';
import {
  cancelling,
  codeIsGood,
  IS_ACTIVE,
  locked,
  opening,
  openingRevert,
  SAME_GENERATION,
  using,
} from './challenges.statements.js';

/** How long a change of address waits for the new mailbox. */
export const CHANGE_LIFETIME = days(1);
/** For how long the old mailbox can take a change back. */
export const REVERT_LIFETIME = days(7);

const TO_NEW_ADDRESS = {
  from: 'challenge c JOIN account a ON a.id = c.user_id',
  to: 'c.email',
  userId: 'a.id',
  challengeId: 'c.id',
  expiresAt: 'c.expires_at',
  locale: 'a.locale',
};

/** Whoever has the address tells us nothing, and is told that somebody wanted it. */
const TO_WHOM_IT_BELONGS = { from: 'taken', to: 'email', userId: 'id', locale: 'locale' };

const TAKEN = `taken AS (
  SELECT t.id, t.username, t.email, t.locale FROM users t JOIN challenge c ON c.email = t.email WHERE t.deleted_at IS NULL)`;

/** Both mailboxes are back where they were, so the thief's way on from there is cut: whatever later changes opened. */
const LATER_CHANGES = `later AS (
  UPDATE mail_challenges c SET cancelled_at = now() FROM used
  WHERE c.user_id = used.user_id AND c.id <> used.id AND c.used_at IS NULL AND c.cancelled_at IS NULL
    AND (c.purpose IN ('verify', 'change')
      OR c.purpose = 'revert' AND (c.created_at >= used.created_at OR c.email = used.email)))`;

/** A change of a verified address: it waits for the new mailbox, and can be taken back from the old one. */
@Injectable()
export class AddressChanges {
  /** Must run in the transaction that holds the account's row locked. */
  private readonly requestStatement = recorded({
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

  private readonly sendStatement = statement(
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

  private readonly cancelStatement = recorded({
    name: 'mail_challenges.cancel_change',
    change: `UPDATE mail_challenges SET cancelled_at = now()
      WHERE user_id = $1 AND purpose = 'change' AND used_at IS NULL AND cancelled_at IS NULL RETURNING user_id AS id`,
    events: [{ action: 'email_change_cancelled' }],
  });

  private readonly confirmStatement = recorded({
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

  private readonly lockStatement = `WITH ${locked('$1')} SELECT id FROM account`;

  /** The address is somebody else's by now; the thief is put out all the same. */
  private readonly revertTakenStatement = recorded({
    name: 'users.revert_taken',
    before: [locked('$1'), using({ purpose: 'revert', id: '$1', where: 'a.deleted_at IS NULL' }), LATER_CHANGES],
    change: `UPDATE users u SET session_generation = u.session_generation + 1
      FROM used WHERE u.id = used.user_id RETURNING u.id`,
    events: [{ action: 'sessions_ended' }],
  });

  private revertStatement?: RecordedStatement;

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly tables: CredentialTables,
    private readonly settings: AccountSettings,
  ) {}

  /**
   * Opens a change to this address and mails it there; the old address is told. Returns false when the account's password
   * has changed meanwhile, or it may not sign in, or its address isn't verified.
   * @param db the transaction that it belongs to
   * @param options.mail whether the mailbox takes another mail
   */
  async request(
    db: EntityManager,
    { userId, generation, email, mail }: { userId: string; generation: number; email: string; mail: boolean },
    call: Actor,
  ): Promise<boolean> {
    const lifetimes = [uuidv7(), CHANGE_LIFETIME, uuidv7(), REVERT_LIFETIME];
    const values = [userId, generation, email, ...lifetimes, this.words(call), mail];
    return (await this.audit.writeIn(db, this.requestStatement, values, call)).length > 0;
  }

  /** Sends link and code of the change that is under way once more; does nothing when there is none. */
  async send(userId: string, origin: Origin): Promise<void> {
    await this.database.write(this.sendStatement, [userId, this.words(origin)]);
    this.mails.wake();
  }

  /** Calls the change that is under way off, if there is one. */
  async cancel(userId: string, call: Actor): Promise<void> {
    await this.audit.write(this.cancelStatement, [userId], call);
  }

  /**
   * Uses a challenge up and makes its address the account's: every session ends but the one that asks, and every reset with
   * them; the old address is told, and can take it back. Returns false when the challenge doesn't hold any more.
   * @throws Problem 409 `email_taken` when somebody else has the address by now
   */
  async confirm(
    challengeId: string,
    { byCode, sessionId }: { byCode: boolean; sessionId: string | null },
    call: Actor,
  ): Promise<boolean> {
    const values = [challengeId, byCode, uuidv7(), REVERT_LIFETIME, this.words(call), sessionId];
    const changed = await this.audit.write(this.confirmStatement, values, call);
    this.mails.wake();
    return changed.length > 0;
  }

  /**
   * Takes a change back, confirmed or not: the old address is the account's again, nothing that was signed in or known
   * opens it any more, and a reset goes to the old address. Returns false when the challenge doesn't hold any more.
   * @throws Problem 409 `email_taken` when somebody else has the old address by now; sessions end all the same
   */
  async revert(challengeId: string, call: Actor): Promise<boolean> {
    this.revertStatement ??= this.buildRevert(); // once every module has named its tables
    const values = [challengeId, uuidv7(), this.settings.passwordResetLifetime, this.words(call)];
    try {
      return await this.inLock(challengeId, this.revertStatement, values, call);
    } catch (error) {
      if (error instanceof Problem && error.code === 'email_taken') {
        await this.inLock(challengeId, this.revertTakenStatement, [challengeId], call);
      }
      throw error;
    } finally {
      this.mails.wake();
    }
  }

  /**
   * In a transaction that locks the account first: a statement sees what was committed before it began, so one that waited
   * for the lock would miss the challenges of whoever held it.
   */
  private inLock(challengeId: string, statement: RecordedStatement, values: unknown[], call: Actor): Promise<boolean> {
    return this.database.transaction(async (db) => {
      await db.query(this.lockStatement, [challengeId]);
      return (await this.audit.writeIn(db, statement, values, call)).length > 0;
    }, 'users');
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
          from: 'challenge c JOIN change a ON a.id = c.user_id',
          to: 'c.email',
          userId: 'a.id',
          challengeId: 'c.id',
          expiresAt: 'c.expires_at',
          locale: 'a.locale',
          data: `$4::jsonb || jsonb_build_object('username', a.username)`,
        })})`,
        ...this.tables.deletions('reset', { from: 'change' }),
      ],
      events: [{ action: 'email_change_reverted', actorId: 'id' }],
    });
  }

  private words(origin: Origin): string {
    return JSON.stringify(this.mails.originWords(origin));
  }
}

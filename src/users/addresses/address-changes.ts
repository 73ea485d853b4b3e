import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../../audit/audit.service.js';
import type { RecordedStatement } from '../../audit/recorded.js';
import { days } from '../../config/durations.js';
import { AccountSettings } from '../../config/account-settings.js';
import { Database } from '../../database/database.js';
import { Mails } from '../../mail/mails.js';
import { Problem } from '../../problems.js';
import type { Origin } from '../../request.js';
import { CredentialTables } from '../credential-tables.js';
import { AddressChangeStatements } from './address-change-statements.js';
import { AddressRevertStatements } from './address-revert-statements.js';

/** How long the new mailbox has to confirm. */
const CHANGE_LIFETIME = days(1);
/** How long the old mailbox can revert a change. */
const REVERT_LIFETIME = days(7);

/** A change of a verified address: confirmed by the new mailbox, and revertible by the old one. */
@Injectable()
export class AddressChanges {
  private readonly statements = new AddressChangeStatements(this.mails);
  private readonly reverts = new AddressRevertStatements(this.mails, this.tables);

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly tables: CredentialTables,
    private readonly settings: AccountSettings,
  ) {}

  /**
   * Starts a change to this address and mails it a link; the old address gets a notice. Returns false when the account's
   * password has changed meanwhile, when it may not sign in, or when its address isn't verified.
   * @param db the transaction that it belongs to
   * @param options.mail whether the limit of the mailbox allows another mail
   */
  async request(
    db: EntityManager,
    { userId, generation, email, mail }: { userId: string; generation: number; email: string; mail: boolean },
    call: Actor,
  ): Promise<boolean> {
    const lifetimes = [uuidv7(), CHANGE_LIFETIME, uuidv7(), REVERT_LIFETIME];
    const values = [userId, generation, email, ...lifetimes, this.words(call), mail];
    return (await this.audit.writeIn(db, this.statements.request, values, call)).length > 0;
  }

  /** Mails link and code of the pending change again; does nothing when there is none. */
  async send(userId: string, origin: Origin): Promise<void> {
    await this.database.write(this.statements.send, [userId, this.words(origin)]);
    this.mails.wake();
  }

  /** Cancels the pending change, if there is one. */
  async cancel(userId: string, call: Actor): Promise<void> {
    await this.audit.write(this.statements.cancel, [userId], call);
  }

  /**
   * Consumes a challenge and sets the account's address: every session but the calling one ends, resets are cancelled, and
   * the old address gets a notice with a link to revert. Returns false when the challenge is no longer valid.
   * @throws Problem 409 `email_taken` when another account has the address by now
   */
  async confirm(
    challengeId: string,
    { byCode, sessionId }: { byCode: boolean; sessionId: string | null },
    call: Actor,
  ): Promise<boolean> {
    const values = [challengeId, byCode, uuidv7(), REVERT_LIFETIME, this.words(call), sessionId];
    const changed = await this.audit.write(this.statements.confirm, values, call);
    this.mails.wake();
    return changed.length > 0;
  }

  /**
   * Reverts a change, confirmed or not: the account gets its old address back, sessions and password are disabled, and a
   * reset is mailed there. Returns false when the challenge is no longer valid.
   * @throws Problem 409 `email_taken` when another account has the old address by now; sessions end all the same
   */
  async revert(challengeId: string, call: Actor): Promise<boolean> {
    const values = [challengeId, uuidv7(), this.settings.passwordResetLifetime, this.words(call)];
    try {
      return await this.inLock(challengeId, this.reverts.revert, values, call);
    } catch (error) {
      if (error instanceof Problem && error.code === 'email_taken') {
        await this.inLock(challengeId, this.reverts.revertTaken, [challengeId], call);
      }
      throw error;
    } finally {
      this.mails.wake();
    }
  }

  /**
   * In a transaction whose first statement locks the account: a statement's snapshot is taken before it waits for a lock, so
   * one statement alone would miss challenges committed by the previous holder of the lock.
   */
  private inLock(challengeId: string, statement: RecordedStatement, values: unknown[], call: Actor): Promise<boolean> {
    return this.database.transaction(async (db) => {
      await db.query(this.statements.lock, [challengeId]);
      return (await this.audit.writeIn(db, statement, values, call)).length > 0;
    }, 'users');
  }

  private words(origin: Origin): string {
    return JSON.stringify(this.mails.originWords(origin));
  }
}

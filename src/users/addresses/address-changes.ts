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

/** How long a change of address waits for the new mailbox. */
const CHANGE_LIFETIME = days(1);
/** For how long the old mailbox can take a change back. */
const REVERT_LIFETIME = days(7);

/** A change of a verified address: it waits for the new mailbox, and can be taken back from the old one. */
@Injectable()
export class AddressChanges {
  private readonly statements = new AddressChangeStatements(this.mails, this.tables);

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
    return (await this.audit.writeIn(db, this.statements.request, values, call)).length > 0;
  }

  /** Sends link and code of the change that is under way once more; does nothing when there is none. */
  async send(userId: string, origin: Origin): Promise<void> {
    await this.database.write(this.statements.send, [userId, this.words(origin)]);
    this.mails.wake();
  }

  /** Calls the change that is under way off, if there is one. */
  async cancel(userId: string, call: Actor): Promise<void> {
    await this.audit.write(this.statements.cancel, [userId], call);
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
    const changed = await this.audit.write(this.statements.confirm, values, call);
    this.mails.wake();
    return changed.length > 0;
  }

  /**
   * Takes a change back, confirmed or not: the old address is the account's again, nothing that was signed in or known
   * opens it any more, and a reset goes to the old address. Returns false when the challenge doesn't hold any more.
   * @throws Problem 409 `email_taken` when somebody else has the old address by now; sessions end all the same
   */
  async revert(challengeId: string, call: Actor): Promise<boolean> {
    const values = [challengeId, uuidv7(), this.settings.passwordResetLifetime, this.words(call)];
    try {
      return await this.inLock(challengeId, this.statements.revert, values, call);
    } catch (error) {
      if (error instanceof Problem && error.code === 'email_taken') {
        await this.inLock(challengeId, this.statements.revertTaken, [challengeId], call);
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
      await db.query(this.statements.lock, [challengeId]);
      return (await this.audit.writeIn(db, statement, values, call)).length > 0;
    }, 'users');
  }

  private words(origin: Origin): string {
    return JSON.stringify(this.mails.originWords(origin));
  }
}

import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../../audit/audit.service.js';
import { AccountSettings } from '../../config/account-settings.js';
import { MailLinks } from '../../mail/links.js';
import { Mails } from '../../mail/mails.js';
import { CredentialTables } from '../credential-tables.js';
import { PasswordResetStatements } from './password-reset-statements.js';
import type { Delivery, PasswordResetLinkDto } from './password-resets.dto.js';

interface OpenReset {
  challenge_id: string;
  expires_at: Date;
}

/** Password resets by mail, or by a link that an admin hands over. */
@Injectable()
export class PasswordResets {
  private readonly statements = new PasswordResetStatements(this.mails, this.tables);

  constructor(
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly settings: AccountSettings,
    private readonly tables: CredentialTables,
    private readonly links: MailLinks,
  ) {}

  /** Mails link and code to the account with this address; if there is none that may sign in, nothing is mailed, in the same time. */
  async send(email: string | null, locale: string | null, call: Actor): Promise<void> {
    const words = JSON.stringify(this.mails.originWords(call));
    await this.audit.write(this.statements.send, [email, uuidv7(), this.lifetime, locale, words], call);
    this.mails.wake();
  }

  /**
   * Opens a reset for an account, as an admin, and mails it or not. Returns its link; null when the account doesn't exist or
   * may not sign in.
   * @param endSessions ends the sessions of the account at once, not only with the new password
   */
  async open(
    userId: string,
    { deliver, endSessions = false, db }: { deliver: Delivery; endSessions?: boolean; db?: EntityManager },
    call: Actor,
  ): Promise<PasswordResetLinkDto | null> {
    const values = [userId, uuidv7(), this.lifetime, endSessions, deliver === 'mail'];
    const [reset] = await (db
      ? this.audit.writeIn<OpenReset>(db, this.statements.open, values, call)
      : this.audit.write<OpenReset>(this.statements.open, values, call));
    if (!reset) return null;
    if (deliver === 'mail') this.mails.wake();
    const { challenge_id: id, expires_at } = reset;
    return { url: this.links.url('reset', id), code: this.links.code(id), expires_at };
  }

  /** `mail` where mail is configured, else `link`. */
  get defaultDelivery(): Delivery {
    return this.mails.isConfigured ? 'mail' : 'link';
  }

  /**
   * Consumes a challenge and sets the password; ends every session, and cancels resets and pending changes of address.
   * Returns the account's id; null when the challenge is no longer valid.
   */
  async reset(
    challengeId: string,
    { passwordHash, byCode }: { passwordHash: string; byCode: boolean },
    call: Actor,
  ): Promise<string | null> {
    const values = [challengeId, passwordHash, byCode, JSON.stringify(this.mails.originWords(call))];
    const [account] = await this.audit.write<{ id: string }>(this.statements.reset, values, call);
    this.mails.wake();
    return account?.id ?? null;
  }

  private get lifetime(): number {
    return this.settings.passwordResetLifetime;
  }
}

import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../../audit/audit.service.js';
import { recorded, type RecordedStatement } from '../../audit/recorded.js';
import { AccountSettings } from '../../config/account-settings.js';
import { MailLinks } from '../../mail/links.js';
import { Mails } from '../../mail/mails.js';
import {
  codeIsGood,
  IS_ACTIVE,
  locked,
  opening,
  PROVES_ADDRESS,
  SAME_GENERATION,
  using,
} from '../addresses/challenges.statements.js';
import { CredentialTables } from '../credential-tables.js';
import type { Delivery, PasswordResetLinkDto } from './password-resets.dto.js';

interface OpenReset {
  challenge_id: string;
  expires_at: Date;
}

/** Password resets by mail, or by a link that an admin hands over. */
@Injectable()
export class PasswordResets {
  /** The event is written for unknown addresses as well, so that both take the same time. */
  private readonly sendStatement = recorded({
    name: 'mail_challenges.send_reset',
    before: [
      `account AS (
         SELECT id, username, email, locale, session_generation FROM users
         WHERE email = $1 AND is_active AND deleted_at IS NULL FOR NO KEY UPDATE)`,
    ],
    change: 'SELECT (SELECT id FROM account) AS id',
    also: [
      opening({
        purpose: 'reset',
        from: 'account',
        id: '$2',
        lifetime: '$3::bigint',
        generation: 'session_generation',
      }),
      `mail AS (${this.mail(`$5::jsonb || jsonb_build_object('username', a.username)`, 'coalesce(a.locale, $4)')})`,
    ],
    events: [{ action: 'password_reset_requested' }],
  });

  private readonly openStatement = recorded({
    name: 'users.open_reset',
    before: [
      `account AS (
         UPDATE users a SET session_generation = session_generation + $4::boolean::int
         WHERE id = $1 AND ${IS_ACTIVE} AND email IS NOT NULL RETURNING id, username, email, locale, session_generation)`,
      opening({
        purpose: 'reset',
        from: 'account',
        id: '$2',
        lifetime: '$3::bigint',
        generation: 'session_generation',
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

  private resetStatement?: RecordedStatement;

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
    await this.audit.write(this.sendStatement, [email, uuidv7(), this.lifetime, locale, words], call);
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
      ? this.audit.writeIn<OpenReset>(db, this.openStatement, values, call)
      : this.audit.write<OpenReset>(this.openStatement, values, call));
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
    this.resetStatement ??= this.buildReset(); // built on first use, once every module has registered its tables
    const values = [challengeId, passwordHash, byCode, JSON.stringify(this.mails.originWords(call))];
    const [account] = await this.audit.write<{ id: string }>(this.resetStatement, values, call);
    this.mails.wake();
    return account?.id ?? null;
  }

  private get lifetime(): number {
    return this.settings.passwordResetLifetime;
  }

  private mail(data: string, locale: string, where = 'true'): string {
    return this.mails.insert('reset', {
      from: 'challenge c JOIN account a ON a.id = c.user_id',
      to: 'c.email',
      userId: 'a.id',
      challengeId: 'c.id',
      expiresAt: 'c.expires_at',
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

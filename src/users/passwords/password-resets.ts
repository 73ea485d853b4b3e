import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Settings } from '../../config/settings.js';
import { Database, type Statement, statement } from '../../database/database.js';
import { Mails } from '../../mail/mails.js';
import type { Origin } from '../../request.js';
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

/** The challenge of a reset: what its link and code are computed from. */
export interface OpenReset {
  id: string;
  userId: string;
  expiresAt: Date;
}

/** What became of an account whose password was reset. */
export interface ResetAccount {
  id: string;
  /** Whether the address had never been verified: then all that was planted in the account is gone. */
  isReclaimed: boolean;
}

/** A new password for whoever reads the mailbox of the account's address. */
@Injectable()
export class PasswordResets {
  private readonly sendStatement = statement(
    'password_resets.send',
    `WITH account AS (
       SELECT id, username, email, locale, session_generation FROM users
       WHERE email = $1 AND is_active AND deleted_at IS NULL FOR NO KEY UPDATE),
     ${opening({ purpose: 'reset', from: 'account', id: '$2', lifetime: '$3::bigint', generation: 'session_generation' })},
     mail AS (${this.mail(`$5::jsonb || jsonb_build_object('username', a.username)`, 'coalesce(a.locale, $4)')})
     SELECT c.id, c.user_id AS "userId", c.expires_at AS "expiresAt" FROM challenge c`,
  );

  private readonly openStatement = statement(
    'password_resets.open',
    `WITH account AS (
       UPDATE users a SET session_generation = session_generation + $4::boolean::int
       WHERE id = $1 AND ${IS_ACTIVE} RETURNING id, username, email, locale, session_generation),
     ${opening({ purpose: 'reset', from: 'account', id: '$2', lifetime: '$3::bigint', generation: 'session_generation' })},
     mail AS (${this.mail(`jsonb_build_object('username', a.username, 'by_admin', true)`, 'a.locale', '$5::boolean')})
     SELECT c.id, c.user_id AS "userId", c.expires_at AS "expiresAt" FROM challenge c`,
  );

  private resetStatement?: Statement;

  constructor(
    private readonly database: Database,
    private readonly mails: Mails,
    private readonly settings: Settings,
    private readonly tables: CredentialTables,
  ) {}

  /** Sends link and code to the account with this address; to nobody when there is none that may sign in, in the same time. */
  async send(
    email: string | null,
    { origin, locale }: { origin: Origin; locale: string | null },
  ): Promise<OpenReset | null> {
    const words = JSON.stringify(this.mails.originWords(origin));
    const [reset] = await this.database.write<OpenReset>(this.sendStatement, [email, uuidv7(), this.lifetime, locale, words]); // prettier-ignore
    this.mails.wake();
    return reset ?? null;
  }

  /**
   * Opens a reset for an account, as an admin, and mails it if asked. Null when the account doesn't exist, or may not sign in.
   * @param options.endSessions ends the sessions of the account at once, not only with the new password
   */
  async open(userId: string, options: { mail: boolean; endSessions: boolean }): Promise<OpenReset | null> {
    const values = [userId, uuidv7(), this.lifetime, options.endSessions, options.mail];
    const [reset] = await this.database.write<OpenReset>(this.openStatement, values);
    if (options.mail) this.mails.wake();
    return reset ?? null;
  }

  /**
   * Uses a challenge up and sets the password, ends every session with it, and every reset and change of address that is
   * under way. Null when the challenge doesn't hold any more.
   */
  async reset(
    challengeId: string,
    { passwordHash, byCode, origin }: { passwordHash: string; byCode: boolean; origin: Origin },
  ): Promise<ResetAccount | null> {
    this.resetStatement ??= this.buildReset(); // once every module has named its tables
    const values = [challengeId, passwordHash, byCode, JSON.stringify(this.mails.originWords(origin))];
    const [account] = await this.database.write<ResetAccount>(this.resetStatement, values);
    this.mails.wake();
    return account ?? null;
  }

  private get lifetime(): number {
    return this.settings.accounts.passwordResetLifetime;
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

  private buildReset(): Statement {
    return statement(
      'password_resets.reset',
      `WITH ${locked('$1')},
       ${using({ purpose: 'reset', id: '$1', where: `${PROVES_ADDRESS} AND ${SAME_GENERATION} AND ${codeIsGood('$3::boolean')}` })},
       change AS (
         UPDATE users u SET password_hash = $2, session_generation = u.session_generation + 1,
           email_verified_at = coalesce(u.email_verified_at, now()),
           mfa_enabled = u.mfa_enabled AND u.email_verified_at IS NOT NULL,
           version = u.version + (u.email_verified_at IS NULL)::int,
           updated_at = CASE WHEN u.email_verified_at IS NULL THEN now() ELSE u.updated_at END
         FROM used JOIN account a ON a.id = used.user_id WHERE u.id = used.user_id
         RETURNING u.id, u.username, u.email, u.locale, a.email_verified_at IS NULL AS reclaimed),
       mail AS (${this.mails.insert('password_reset', {
         from: 'change',
         to: 'email',
         userId: 'id',
         locale: 'locale',
         data: `$4::jsonb || jsonb_build_object('username', username)`,
       })})
       ${this.tables.deletions('reset', { from: 'change' })}
       ${this.tables.deletions('reclaim', { from: 'change', where: 'a.reclaimed' })}
       SELECT id, reclaimed AS "isReclaimed" FROM change`,
    );
  }
}

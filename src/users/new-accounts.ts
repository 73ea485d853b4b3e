import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database, statement } from '../database/database.js';
import { Mails } from '../mail/mails.js';
import { Problem, problem } from '../problems.js';
import type { Origin, Role } from '../request.js';
import { opening } from './addresses/challenges.statements.js';
import { deviceDigests, remembering } from './addresses/known-devices.js';
import { VERIFICATION_LIFETIME } from './addresses/verifications.js';
import type { UserRow } from './users.dto.js';
import { USER_COLUMNS } from './users.statements.js';

/** An account that is to be made. */
export interface NewAccount {
  email: string;
  username: string;
  /** Null for one whose owner will set a password by mail. */
  passwordHash: string | null;
  displayName?: string | null | undefined;
  profilePictureUrl?: string | null | undefined;
  role?: Role | undefined;
  isActive?: boolean | undefined;
  locale?: string | null | undefined;
  /** Whether somebody vouches for the address. */
  isVerified?: boolean;
}

/** How to make it. */
export interface Making {
  origin: Origin;
  /** Whether to send the mail that verifies the address; not for one that is verified. */
  mail: boolean;
  /** Whether the device that asks is the owner's, so that signing in from it is nothing new. */
  isOwner: boolean;
}

const INSERT = `INSERT INTO users (id, email, username, password_hash, display_name, profile_picture_url, role, is_active, locale, email_verified_at)
  SELECT $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::boolean, $9::text, CASE WHEN $10::boolean THEN now() END`;

/** Accounts are made here, each with the mail that verifies its address in one statement. */
@Injectable()
export class NewAccounts {
  private readonly insertStatement = statement(
    'users.insert',
    `WITH change AS (${INSERT} RETURNING ${USER_COLUMNS}),
     ${this.alongWithIt}
     SELECT * FROM change`,
  );

  /** Of a free address and a taken one it makes the same: one row in the outbox, in the same time. */
  private readonly insertQuietlyStatement = statement(
    'users.insert_quietly',
    `WITH taken AS (SELECT id, username, email, locale FROM users WHERE email = $2 AND deleted_at IS NULL),
     namesake AS (SELECT FROM users WHERE fold_case(username) = fold_case($3) AND deleted_at IS NULL),
     change AS (${INSERT} WHERE NOT EXISTS (SELECT FROM taken) RETURNING ${USER_COLUMNS}),
     ${this.alongWithIt},
     mail_taken AS (${this.mails.insert('already_registered', {
       from: 'taken',
       to: 'email',
       userId: 'id',
       locale: 'coalesce(locale, $9)',
       data: `$13::jsonb || jsonb_build_object('username', username)`,
       where: '$17::boolean AND NOT EXISTS (SELECT FROM namesake)',
     })})
     SELECT (SELECT id FROM change) AS id, EXISTS (SELECT FROM taken) AND EXISTS (SELECT FROM namesake) AS "isNameTaken"`,
  );

  constructor(
    private readonly database: Database,
    private readonly mails: Mails,
  ) {}

  /** Makes an account. @throws Problem 409 `email_taken`, `username_taken` */
  async insert(account: NewAccount, making: Making): Promise<UserRow> {
    const [user] = await this.database.write<UserRow>(this.insertStatement, this.valuesOf(account, making));
    this.mails.wake();
    return user as UserRow;
  }

  /**
   * Makes an account and tells nobody whether the address was free: whoever has it is told by mail.
   * Returns the id of the account, or null when the address is taken.
   * @param mailTaken whether the mailbox takes such a mail
   * @throws Problem 409 `username_taken`: names are public
   */
  async insertQuietly(account: NewAccount, making: Making & { mailTaken: boolean }): Promise<string | null> {
    const values = [...this.valuesOf(account, making), making.mailTaken];
    const insert = () =>
      this.database.write<{ id: string | null; isNameTaken: boolean }>(this.insertQuietlyStatement, values);
    const [made] = await insert().catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'email_taken') return insert(); // by somebody at the same moment
      throw error;
    });
    this.mails.wake();
    if (made?.isNameTaken) throw problem('username_taken');
    return made?.id ?? null;
  }

  private get alongWithIt(): string {
    return `${opening({ purpose: 'verify', from: 'change', id: '$11::uuid', lifetime: '$12::bigint', where: `$14::boolean AND "emailVerifiedAt" IS NULL AND "isActive"` })},
     mail AS (${this.mails.insert('verify', {
       from: 'challenge c JOIN change a ON a.id = c.user_id',
       to: 'c.email',
       userId: 'a.id',
       challengeId: 'c.id',
       expiresAt: 'c.expires_at',
       locale: 'a.locale',
       data: `$13::jsonb || jsonb_build_object('username', a.username)`,
     })}),
     ${remembering({ from: 'change', userId: 'id', network: '$15', agent: '$16' })}`;
  }

  private valuesOf(account: NewAccount, { origin, mail, isOwner }: Making): unknown[] {
    const { email, username, passwordHash, displayName, profilePictureUrl, role, isActive, locale, isVerified } =
      account;
    const id = uuidv7();
    return [
      id,
      email,
      username,
      passwordHash,
      displayName ?? null,
      profilePictureUrl ?? null,
      role ?? 'user',
      isActive ?? true,
      locale ?? null,
      isVerified ?? false,
      uuidv7(),
      VERIFICATION_LIFETIME,
      JSON.stringify(this.mails.originWords(origin)),
      mail && this.mails.isConfigured,
      ...(isOwner ? deviceDigests(id, origin) : [null, null]),
    ];
  }
}

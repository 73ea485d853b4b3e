import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { EntityManager } from 'typeorm';
import { type Actor, AuditService } from '../audit/audit.service.js';
import { storing } from '../idempotency/idempotent.js';
import { ACCEPTED } from '../mail/mails.dto.js';
import { Mails } from '../mail/mails.js';
import { Problem, problem } from '../problems.js';
import type { Origin, Role } from '../request.js';
import { deviceDigests } from './addresses/known-devices.js';
import { VERIFICATION_LIFETIME } from './addresses/verifications.js';
import { toCreatedUserDto, toUserDto, type UserRow } from './users.dto.js';
import { NewAccountStatements } from './new-account-statements.js';

/** An account to be created. */
export interface NewAccount {
  /** `service` for a program, which has no address and no password. */
  kind?: 'person' | 'service' | undefined;
  email: string | null;
  username: string;
  /** Null for one whose owner will set a password by mail. */
  passwordHash: string | null;
  displayName?: string | null | undefined;
  profilePictureUrl?: string | null | undefined;
  role?: Role | undefined;
  isActive?: boolean | undefined;
  locale?: string | null | undefined;
  /** Whether the address counts as verified. */
  isVerified?: boolean;
}

interface QuietlyMade {
  id: string | null;
  is_name_taken: boolean;
}

/** The stored answer to an admin, for Idempotency-Key: without the link, which would sign in. */
export const answerToCreation = (call: Actor) =>
  storing<UserRow>(call, ([row]) => row && { answer: toCreatedUserDto(row, undefined), subjectId: row.id });

/** Creates accounts, each with its event and verification mail in one statement. */
@Injectable()
export class NewAccounts {
  private readonly statements = new NewAccountStatements(this.mails);

  constructor(
    private readonly audit: AuditService,
    private readonly mails: Mails,
  ) {}

  /**
   * Creates an account by registration; with a manager, in its transaction: then call `Mails.wake` after the commit.
   * @throws Problem 409 `email_taken`, `username_taken`
   */
  async register(
    account: NewAccount,
    { mail, db }: { mail: boolean; db?: EntityManager | undefined },
    origin: Origin,
  ): Promise<UserRow> {
    const values = this.valuesOf(account, { mail, isOwner: true }, origin);
    const answer = storing<UserRow>(origin, ([row]) => row && { answer: toUserDto(row), subjectId: row.id });
    const [user] = await (db
      ? this.audit.writeIn<UserRow>(db, this.statements.register, values, origin)
      : this.audit.write<UserRow>(this.statements.register, values, origin, answer));
    this.mails.wake();
    return user as UserRow;
  }

  /**
   * Creates an account by registration without disclosing whether the address was free: the owner of a taken one gets a
   * mail. Returns whether the account was created.
   * @param mails whether the limits of the mailbox allow either mail
   * @throws Problem 409 `username_taken`: names are public
   */
  async registerQuietly(
    account: NewAccount,
    mails: { free: boolean; taken: boolean },
    origin: Origin,
  ): Promise<boolean> {
    const values = [...this.valuesOf(account, { mail: mails.free, isOwner: true }, origin), mails.taken];
    const answer = storing<QuietlyMade>(origin, ([row]) =>
      row && !row.is_name_taken ? { answer: ACCEPTED, status: 202, subjectId: row.id } : undefined,
    );
    const register = () => this.audit.write<QuietlyMade>(this.statements.registerQuietly, values, origin, answer);
    const [made] = await register().catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'email_taken') return register(); // by a concurrent request
      throw error;
    });
    this.mails.wake();
    if (made?.is_name_taken) throw problem('username_taken');
    return made?.id !== null;
  }

  /**
   * Creates an account for somebody else.
   * @param making.mail whether to mail a verification; not for an address that is verified
   * @throws Problem 409 `email_taken`, `username_taken`
   */
  async create(
    account: NewAccount,
    { mail, db }: { mail: boolean; db?: EntityManager | undefined },
    call: Actor,
  ): Promise<UserRow> {
    const values = this.valuesOf(account, { mail, isOwner: false }, call);
    const [user] = await (db
      ? this.audit.writeIn<UserRow>(db, this.statements.create, values, call)
      : this.audit.write<UserRow>(this.statements.create, values, call, answerToCreation(call)));
    this.mails.wake();
    return user as UserRow;
  }

  /** @param isOwner whether the calling device is the owner's, so that it is stored as known */
  private valuesOf(
    account: NewAccount,
    { mail, isOwner }: { mail: boolean; isOwner: boolean },
    origin: Origin,
  ): unknown[] {
    const { kind, email, username, passwordHash, displayName, profilePictureUrl, role, isActive, locale, isVerified } =
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
      kind ?? 'person',
    ];
  }
}

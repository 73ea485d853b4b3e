import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import { AccountSettings } from '../config/account-settings.js';
import { Database } from '../database/database.js';
import { assertMatches } from '../http/conditional-requests.js';
import { assignmentsOf } from '../lists/conditions.js';
import { Lists } from '../lists/lists.js';
import { Mails } from '../mail/mails.js';
import { conflict, fieldForbidden, forbidden, invalidMember, notFound, problem, wrongPassword } from '../problems.js';
import { type Call, isSelfOrAdmin } from '../request.js';
import { AddressChanges } from './addresses/address-changes.js';
import { MailLimits } from './addresses/mail-limits.js';
import { VERIFICATION_LIFETIME } from './addresses/verifications.js';
import { type Credentials, Passwords } from './passwords/passwords.js';
import { toUserDto, type UserDto, type UserRow } from './users.dto.js';
import type { UpdateUserDto } from './user-requests.dto.js';
import { UserLookups } from './user-lookups.js';
import { type AddressChange, UserUpdateStatements } from './user-update-statements.js';
import { LOCK_ADMINS } from './users.statements.js';

/** What may be changed: some members by the owner, some by admins only. */
type Changes = Omit<UpdateUserDto, 'current_password' | 'reason'>;

const COLUMNS = [
  'email',
  'username',
  'display_name',
  'profile_picture_url',
  'locale',
  'role',
  'is_active',
  'mfa_required',
] as const;

/** Changes of accounts, with events and mails, each in one statement. */
@Injectable()
export class UserChanges {
  private readonly statements = new UserUpdateStatements(this.mails);

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly limits: MailLimits,
    private readonly addressChanges: AddressChanges,
    private readonly passwords: Passwords,
    private readonly lookups: UserLookups,
    private readonly lists: Lists,
    private readonly settings: AccountSettings,
  ) {}

  /**
   * Changes a user: oneself, or any user as an admin; only the members of `dto`. A verified address of one's own is replaced
   * once the new mailbox has confirmed it.
   * @throws Problem 403, 404, 409, 412; `last_admin` for the last one
   */
  async update(id: string, dto: UpdateUserDto, call: Call): Promise<UserDto> {
    const { me } = call;
    if (!isSelfOrAdmin(me, id)) throw forbidden();
    const { current_password, reason, ...changes } = dto;
    assertAllowed(dto, call);
    if (id === me.id && changes.email === me.email) delete changes.email;
    const isOwnAddress = id === me.id && changes.email !== undefined;
    const account = isOwnAddress ? await this.passwords.confirm(current_password, call) : undefined;
    const user = account
      ? await this.changeOwnAddress(account, changes, call)
      : await this.change(id, changes, call, reason);
    this.lists.changed('users');
    this.mails.wake();
    return toUserDto(user, me);
  }

  private async changeOwnAddress(account: Credentials, changes: Changes, call: Call): Promise<UserRow> {
    const email = changes.email as string;
    const row = await this.lookups.findById(account.id);
    if (!row?.emailVerifiedAt || !this.mails.isConfigured) {
      const user = await this.tryChange(account.id, { ...changes, address: 'at once' }, call);
      if (user) return user;
      if (!this.mails.isConfigured) throw await this.whyNotChanged(account.id, call);
    }
    if (this.settings.registrationReveals && (await this.lookups.findByEmail(email))) throw problem('email_taken');
    return this.changeLater(account, changes, call);
  }

  /** Changes the rest at once, and starts a change of address. */
  private async changeLater({ id, sessionGeneration }: Credentials, changes: Changes, call: Call): Promise<UserRow> {
    const email = changes.email as string;
    const request = {
      userId: id,
      generation: sessionGeneration,
      email,
      mail: await this.limits.mayMail('change', email),
    };
    const others = { ...changes, email: undefined };
    const user = await this.tryChange(id, { ...others, address: 'pending' }, call, {
      then: async (db) => {
        if (!(await this.addressChanges.request(db, request, call))) throw wrongPassword(); // the password was changed meanwhile
      },
    });
    if (!user) throw await this.whyNotChanged(id, call);
    return { ...user, pendingEmail: email };
  }

  private async change(id: string, changes: Changes, call: Call, reason: string | undefined): Promise<UserRow> {
    const address = changes.email === undefined ? 'none' : 'at once';
    const user = await this.tryChange(id, { ...changes, address }, call, { reason });
    if (!user) throw await this.whyNotChanged(id, call);
    return user;
  }

  /** Null when the user doesn't exist, has another version than `If-Match` names, or may not be changed so. */
  private async tryChange(
    id: string,
    { address, email_verified, ...changes }: Changes & { address: AddressChange },
    call: Call,
    { reason, then }: { reason?: string | undefined; then?: (db: EntityManager) => Promise<void> } = {},
  ): Promise<UserRow | undefined> {
    const isOwn = call.me.id === id;
    const mail = address === 'at once' && (!isOwn || (await this.limits.mayMail('verify', changes.email as string)));
    const known = [id, call.versions, reason ?? null, uuidv7(), VERIFICATION_LIFETIME, JSON.stringify(this.mails.originWords(call)), mail, email_verified ?? null]; // prettier-ignore
    const { values, ...change } = assignmentsOf(changes, COLUMNS, known);
    const parts = {
      ...change,
      address,
      isOwn,
      isAdmin: call.me.role === 'admin',
      vouches: email_verified !== undefined,
    };
    const statement = this.statements.get(changes.is_active === false ? { ...parts, ends: true } : parts);
    const mayTakeAdminAway = changes.role === 'user' || changes.is_active === false;
    if (!mayTakeAdminAway && !then) return (await this.audit.write<UserRow>(statement, values, call))[0];
    return this.database.transaction(async (db) => {
      if (mayTakeAdminAway) await assertNotLastAdmin(db, id);
      const [user] = await this.audit.writeIn<UserRow>(db, statement, values, call);
      if (user) await then?.(db);
      return user;
    }, 'users');
  }

  private async whyNotChanged(id: string, { me, versions }: Call): Promise<Error> {
    const user = await this.lookups.findShown(id);
    if (!user || (me.role !== 'admin' && !user.isActive)) return notFound('user');
    assertMatches(toUserDto(user, me), versions);
    return conflict('A deleted user must be restored before it can be changed.');
  }
}

/** Locks the rows of all admins, so that concurrent changes can't demote or delete the last one. */
export async function assertNotLastAdmin(db: EntityManager, id: string): Promise<void> {
  const admins = await db.query<{ id: string }[]>(LOCK_ADMINS);
  if (admins.length === 1 && admins[0]?.id === id) throw problem('last_admin');
}

function assertAllowed(dto: UpdateUserDto, { me }: Call): void {
  const forAdmins = ['role', 'is_active', 'mfa_required', 'reason', 'email_verified'] as const;
  if (me.role !== 'admin') for (const name of forAdmins) if (dto[name] !== undefined) throw fieldForbidden(`/${name}`);
  if (dto.reason !== undefined && dto.is_active !== false) {
    throw invalidMember('/reason', 'without_deactivation', 'is for is_active: false only');
  }
}

import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import { recorded, type RecordedStatement } from '../audit/recorded.js';
import { AccountSettings } from '../config/account-settings.js';
import { Database } from '../database/database.js';
import { assertMatches } from '../http/conditional-requests.js';
import { assignmentsOf, changing, hasVersion } from '../lists/conditions.js';
import { Lists } from '../lists/lists.js';
import { Mails } from '../mail/mails.js';
import { conflict, fieldForbidden, forbidden, invalidMember, notFound, problem, wrongPassword } from '../problems.js';
import { type Call, isSelfOrAdmin } from '../request.js';
import { AddressChanges } from './addresses/address-changes.js';
import { cancelling, opening, PENDING_EMAIL_TOPIC } from './addresses/challenges.statements.js';
import { MailLimits } from './addresses/mail-limits.js';
import { VERIFICATION_LIFETIME } from './addresses/verifications.js';
import { type Credentials, Passwords } from './passwords/passwords.js';
import { toUserDto, type UpdateUserDto, type UserDto, type UserRow } from './users.dto.js';
import { UserLookups } from './user-lookups.js';
import { LOCK_ADMINS, USER_COLUMNS } from './users.statements.js';

/** What may be changed of an account: by its owner, and by admins besides. */
type Changes = Omit<UpdateUserDto, 'current_password' | 'reason'>;

/** How an address is changed: not at all; at once; or once the new mailbox has confirmed it. */
type AddressChange = 'none' | 'at once' | 'pending';

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

/** What `user_updated` tells of: what has no event of its own. */
const PROFILE = ['username', 'display_name', 'profile_picture_url', 'locale'] as const;

/** The row before the change, beside the row after it. */
const BEFORE = `(SELECT email AS old_email, role AS old_role, is_active AS was_active, mfa_required AS was_mfa_required, email_verified_at AS old_verified_at,
    ${PROFILE.map((column) => `${column} AS old_${column}`).join(', ')} FROM old) AS before`;

const IS_MOVED = 'email IS DISTINCT FROM old_email';
const HAS_NEW_ROLE = 'role <> old_role';
const IS_DEACTIVATED = `was_active AND NOT "isActive"`;
const CHANGED = `concat_ws(',', ${PROFILE.map((column) => `CASE WHEN current.${column} IS DISTINCT FROM old_${column} THEN '${column}' END`).join(', ')})`;

/** So that each has a type, whatever the statement is made of. */
const PARAMETERS = 'parameters AS (SELECT $3::text, $4::uuid, $5::bigint, $6::jsonb, $7::boolean, $8::boolean)';

/** Changes of accounts, their events and their mails, each in one statement. */
@Injectable()
export class UserChanges {
  private readonly statements = new Map<string, RecordedStatement>();

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
   * Changes a user, one's own or as an admin anybody's; only what `dto` names. A verified address of one's own isn't
   * replaced before the new mailbox has confirmed it.
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

  /** The rest at once, the address when its mailbox has confirmed it. */
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
        if (!(await this.addressChanges.request(db, request, call))) throw wrongPassword(); // it was changed meanwhile
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

  /** Null when there is no such user, or not in a version that the caller has seen, or not one that may be changed so. */
  private async tryChange(
    id: string,
    { address, email_verified, ...changes }: Changes & { address: AddressChange },
    call: Call,
    { reason, then }: { reason?: string | undefined; then?: (db: EntityManager) => Promise<void> } = {},
  ): Promise<UserRow | undefined> {
    const isOwn = call.me.id === id;
    const mail = address === 'at once' && (!isOwn || (await this.limits.mayMail('verify', changes.email as string)));
    const known = [id, call.versions, reason ?? null, uuidv7(), VERIFICATION_LIFETIME, JSON.stringify(this.mails.originWords(call)), mail, email_verified ?? null]; // prettier-ignore
    const { assignments, differs, values } = assignmentsOf(changes, COLUMNS, known);
    const parts = {
      assignments,
      differs,
      address,
      isOwn,
      isAdmin: call.me.role === 'admin',
      vouches: email_verified !== undefined,
    };
    const statement = this.statementFor(changes.is_active === false ? { ...parts, ends: true } : parts);
    const mayTakeAdminAway = changes.role === 'user' || changes.is_active === false;
    if (!mayTakeAdminAway && !then) return (await this.audit.write<UserRow>(statement, values, call))[0];
    return this.database.transaction(async (db) => {
      if (mayTakeAdminAway) await assertNotLastAdmin(db, id);
      const [user] = await this.audit.writeIn<UserRow>(db, statement, values, call);
      if (user) await then?.(db);
      return user;
    }, 'users');
  }

  /** One statement for every combination of what is changed and by whom. */
  private statementFor(parts: StatementParts): RecordedStatement {
    const key = JSON.stringify(parts);
    const known = this.statements.get(key) ?? this.build(`users.update_${this.statements.size}`, parts);
    this.statements.set(key, known);
    return known;
  }

  /** Parameters: $1 id, $2 versions, $3 reason, $4 and $5 a challenge and its lifetime, $6 words, $7 mail, $8 verified. */
  private build(name: string, parts: StatementParts): RecordedStatement {
    const { address, isOwn, isAdmin, vouches, ends } = parts;
    // a verified address of one's own isn't replaced at once, also if it was verified just now
    const stays = address === 'at once' && isOwn && this.mails.isConfigured ? 'AND email_verified_at IS NULL' : '';
    const where = `id = $1 AND deleted_at IS NULL ${isAdmin ? '' : 'AND is_active'} ${stays} AND ${hasVersion('$2')}`;
    const verified = verifiedAt(parts);
    const assignments = [
      parts.assignments,
      verified && `email_verified_at = ${verified}`,
      ends && 'session_generation = t.session_generation + 1',
    ];
    const differs = [parts.differs, vouches && '(old.email_verified_at IS NOT NULL) IS DISTINCT FROM $8::boolean'];
    const update = {
      table: 'users',
      where,
      assignments: assignments.filter(Boolean).join(', '),
      differs: differs.filter(Boolean).join(' OR '),
    };
    return recorded({
      name,
      topic: PENDING_EMAIL_TOPIC,
      before: [PARAMETERS, changing(update)],
      change: `SELECT ${USER_COLUMNS}, before.*, ${CHANGED} AS changed_members FROM current, ${BEFORE}`,
      also: [...(address === 'at once' ? this.onMove(isOwn) : []), ...(isOwn ? [] : this.onAdmins())],
      events: [
        {
          action: 'user_updated',
          when: `changed_members <> ''`,
          details: `jsonb_build_object('changed', changed_members)`,
        },
        { action: 'email_changed', when: IS_MOVED },
        {
          action: 'email_verified',
          when: `"emailVerifiedAt" IS NOT NULL AND (old_verified_at IS NULL OR ${IS_MOVED})`,
        },
        { action: 'role_changed', when: HAS_NEW_ROLE, details: `jsonb_build_object('role', role)` },
        {
          action: 'mfa_required_changed',
          when: '"mfaRequired" <> was_mfa_required',
          details: `jsonb_build_object('mfa_required', "mfaRequired"::text)`,
        },
        { action: 'user_activated', when: `"isActive" AND NOT was_active` },
        { action: 'user_deactivated', when: IS_DEACTIVATED, details: `jsonb_build_object('reason', $3::text)` },
      ],
    });
  }

  /** The address is another one: what the old one was sent opens nothing any more, and the new one is to be verified. */
  private onMove(isOwn: boolean): string[] {
    const moved = { from: 'moved', userId: 'id', locale: 'locale' };
    const data = `$6::jsonb || jsonb_build_object('username', username, 'old_email', old_email, 'new_email', email)`;
    const wasVerified = 'old_verified_at IS NOT NULL';
    const notices = isOwn
      ? []
      : [
          `notice_old AS (${this.mails.insert('email_changed', { ...moved, to: 'old_email', data, where: wasVerified })})`,
          `notice_new AS (${this.mails.insert('email_changed', { ...moved, to: 'email', data, where: wasVerified })})`,
        ];
    return [
      `moved AS (SELECT * FROM change WHERE ${IS_MOVED})`,
      cancelling({ purposes: ['reset', 'change'], from: 'moved' }),
      opening({
        purpose: 'verify',
        from: 'moved',
        id: '$4::uuid',
        lifetime: '$5::bigint',
        where: `$7::boolean AND ${this.mails.isConfigured} AND "emailVerifiedAt" IS NULL AND "isActive"`,
      }),
      `mail AS (${this.mails.insert('verify', {
        from: 'challenge c JOIN moved a ON a.id = c.user_id',
        to: 'c.email',
        userId: 'a.id',
        challengeId: 'c.id',
        expiresAt: 'c.expires_at',
        locale: 'a.locale',
        data: `$6::jsonb || jsonb_build_object('username', a.username)`,
      })})`,
      ...notices,
    ];
  }

  /** What admins do to somebody, they are told. */
  private onAdmins(): string[] {
    const notice = { from: 'change', to: 'email', userId: 'id', locale: 'locale' };
    return [
      `notice_role AS (${this.mails.insert('role_changed', { ...notice, data: `jsonb_build_object('username', username, 'role', role)`, where: HAS_NEW_ROLE })})`,
      `notice_deactivated AS (${this.mails.insert('account_deactivated', { ...notice, data: `jsonb_build_object('username', username)`, where: IS_DEACTIVATED })})`,
    ];
  }

  private async whyNotChanged(id: string, { me, versions }: Call): Promise<Error> {
    const user = await this.lookups.findShown(id);
    if (!user || (me.role !== 'admin' && !user.isActive)) return notFound('user');
    assertMatches(toUserDto(user, me), versions);
    return conflict('A deleted user must be restored before it can be changed.');
  }
}

/** What decides the text of the statement. */
interface StatementParts {
  assignments: string;
  differs: string;
  address: AddressChange;
  isOwn: boolean;
  isAdmin: boolean;
  /** Whether an admin says that the address is, or isn't, verified. */
  vouches: boolean;
  /** Whether every session ends. */
  ends?: boolean;
}

/** When the address was verified, after the change: as SQL, or undefined when that stays as it is. */
function verifiedAt({ address, vouches, assignments }: StatementParts): string | undefined {
  const email = /\bemail = (\$\d+)/.exec(assignments)?.[1];
  const kept = email && address === 'at once' ? `CASE WHEN old.email = ${email} THEN old.email_verified_at END` : 'old.email_verified_at'; // prettier-ignore
  if (vouches) return `CASE WHEN $8::boolean THEN coalesce(${kept}, now()) END`;
  return email ? kept : undefined;
}

/** What takes an admin's right away waits for others that do the same, so that two at once can't take the last one. */
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

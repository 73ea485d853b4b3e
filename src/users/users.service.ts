import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { EntityManager, Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type Call, isSelfOrAdmin, type Origin, type Principal } from '../request.js';
import { AuditService, type AuditEntry } from '../audit/audit.service.js';
import { assignmentsOf, hasVersion } from '../lists/conditions.js';
import { Database, type Statement } from '../database/database.js';
import { conflict, fieldForbidden, forbidden, invalidMember, notFound, problem } from '../problems.js';
import { Settings } from '../config/settings.js';
import { Lists } from '../lists/lists.js';
import type { Page } from '../lists/pages.js';
import { assertMatches } from '../http/conditional-requests.js';
import { Throttle } from '../throttle/throttle.js';
import { normalizeEmail } from './emails.js';
import { Passwords } from './passwords/passwords.js';
import { HeldUsers } from './held-users.js';
import { MailLimits } from './addresses/mail-limits.js';
import { requestedLocale } from './locales.js';
import { type NewAccount, NewAccounts } from './new-accounts.js';
import { Registrations } from './registrations.js';
import { User } from './user.entity.js';
import {
  type AdminUserDto,
  type CreateUserDto,
  type Me,
  type PublicUserDto,
  type RegisterDto,
  showUser,
  type ThrottleDto,
  toAdminUserDto,
  toUserDto,
  type UpdateUserDto,
  type UserDto,
  type UserRow,
  type UsersQuery,
} from './users.dto.js';
import { UserPurges } from './user-purges.js';
import { userList } from './users.list.js';
import * as sql from './users.statements.js';

/** An account from elsewhere: its e-mail address normalised, its password as a bcrypt hash. */
export interface ImportedUser {
  email: string;
  username: string;
  password_hash: string;
  display_name: string | null;
}

/** What people may change of themselves. */
export type ProfileChange = Pick<UpdateUserDto, 'email' | 'username' | 'display_name' | 'profile_picture_url'>;
/** What admins may change besides. */
export type AdminChange = ProfileChange & Pick<UpdateUserDto, 'role' | 'is_active' | 'mfa_required'>;

/** Accounts, from their making to their removal. */
@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly database: Database,
    private readonly passwords: Passwords,
    private readonly throttle: Throttle,
    private readonly audit: AuditService,
    private readonly lists: Lists,
    private readonly purges: UserPurges,
    private readonly registrations: Registrations,
    private readonly held: HeldUsers,
    private readonly newAccounts: NewAccounts,
    private readonly limits: MailLimits,
    private readonly settings: Settings,
  ) {}

  /** Makes an account for whoever asks. @throws Problem 409 `email_taken` or `username_taken`, 422 on a weak password */
  async register(dto: RegisterDto, origin: Origin): Promise<UserRow | null> {
    const { registration, registrationReveals } = this.settings.accounts;
    if (registration !== 'open') throw problem('registration_closed');
    const { email, username, password, display_name, profile_picture_url, locale } = dto;
    const account = {
      email,
      username,
      password,
      display_name,
      profile_picture_url,
      locale: requestedLocale(locale, origin),
    };
    const user = await this.registrations.run(origin, async () => {
      const row = await this.newAccountOf(account, origin);
      return registrationReveals ? this.registerOpenly(row, origin) : this.registerQuietly(row, origin);
    });
    if (user) {
      this.lists.changed('users');
      await this.audit.record({ action: 'register', actorId: user.id, userId: user.id }, origin);
    }
    return registrationReveals ? (user as UserRow) : null;
  }

  /** Makes an account for somebody else. @throws as `register` */
  async create(dto: CreateUserDto, call: Origin & Partial<Pick<Call, 'me'>>): Promise<UserRow> {
    const row = await this.newAccountOf(dto, call);
    const user = await this.newAccounts.insert(row, { origin: call, mail: true, isOwner: false });
    this.lists.changed('users');
    await this.audit.record(
      { action: 'user_created', actorId: call.me?.id, userId: user.id, details: { role: user.role } },
      call,
    );
    return user;
  }

  /**
   * Adds accounts that exist elsewhere, with the hashes of their passwords; whose address or name is taken is left out.
   * Returns how many were added.
   */
  async importMany(accounts: ImportedUser[], from: Origin): Promise<number> {
    const rows = accounts.map((account) => ({ id: uuidv7(), ...account }));
    const added = await this.database.write(sql.IMPORT, [JSON.stringify(rows)]);
    this.lists.changed('users');
    await this.audit.record({ action: 'users_imported', details: { count: String(added.length) } }, from);
    return added.length;
  }

  /** Whether there is an admin who can sign in. */
  async hasAdmin(): Promise<boolean> {
    return (await this.database.reading(() => this.users.countBy({ role: 'admin', isActive: true }))) > 0;
  }

  /** The user as this viewer may see them. @throws Problem 404, also for deleted and inactive ones unless an admin asks */
  async getById(id: string, { me }: Call<Me>): Promise<UserDto | PublicUserDto> {
    if (id === me.id) return toUserDto(me);
    return this.show(me.role === 'admin' ? sql.BY_ID : sql.PUBLIC_BY_ID, id, me);
  }

  /** As `getById`, by username without regard to case. */
  async getByUsername(username: string, { me }: Call<Me>): Promise<UserDto | PublicUserDto> {
    return this.show(me.role === 'admin' ? sql.BY_USERNAME : sql.PUBLIC_BY_USERNAME, username.trim(), me);
  }

  /** The user with this e-mail address, for themselves and for admins. @throws Problem 403 for others, 404 */
  async getByEmail(email: string, { me }: Call<Me>): Promise<UserDto | PublicUserDto> {
    const address = normalizeEmail(email);
    if (address === me.email) return toUserDto(me);
    if (me.role !== 'admin') throw forbidden();
    return this.show(sql.BY_EMAIL, address, me);
  }

  /** For scripts: the user with this id, inactive ones too, or null. */
  findById(id: string): Promise<UserRow | null> {
    return this.findOne(sql.BY_ID, id);
  }

  /** For scripts: the user with this e-mail address in any spelling, or null. */
  findByEmail(email: string): Promise<UserRow | null> {
    return this.findOne(sql.BY_EMAIL, normalizeEmail(email));
  }

  /** The account deleted last that had this e-mail address or username, if there is one. */
  async findDeletedId(identifier: string): Promise<string | undefined> {
    const email = normalizeEmail(identifier);
    const [statement, key] = email ? [sql.DELETED_BY_EMAIL, email] : [sql.DELETED_BY_USERNAME, identifier.trim()];
    const [deleted] = await this.database.lookUp<{ id: string }>(statement, [key]);
    return deleted?.id;
  }

  /** For scripts: the user with this username in any case, or null. */
  findByUsername(username: string): Promise<UserRow | null> {
    return this.findOne(sql.BY_USERNAME, username.trim());
  }

  /** A page of users. @throws Problem 403 when somebody else than an admin uses an admin's filter */
  async list(query: UsersQuery, { me }: Call<Me>): Promise<Page<UserDto | PublicUserDto>> {
    const held = await this.heldFor(query, me);
    return this.lists.page(userList(query, me, held), query, (row) => showUser(row, me));
  }

  /** Every user that a query finds, as admins see them, in batches. */
  async *walk(query: UsersQuery, call: Call): AsyncGenerator<UserDto[]> {
    const held = await this.heldFor(query, call.me);
    for await (const rows of this.lists.walk(() => userList(query, call.me, held))) {
      yield rows.map((row) => toUserDto(row, call.me));
    }
  }

  /** Records that users were exported, before they are. */
  recordExport(call: Call): Promise<void> {
    return this.audit.record({ action: 'exported', actorId: call.me.id, details: { what: 'users' } }, call);
  }

  private async heldFor({ locked }: UsersQuery, { role }: Principal): Promise<string[]> {
    return locked === undefined || role !== 'admin' ? [] : this.held.ids();
  }

  /**
   * Changes a user, one's own or as an admin anybody's; only what `dto` names.
   * @throws Problem 403, 404, 409, 412; `last_admin` for the last one
   */
  async update(id: string, dto: UpdateUserDto, call: Call): Promise<UserDto> {
    const { me } = call;
    if (!isSelfOrAdmin(me, id)) throw forbidden();
    const { current_password, reason, ...changes } = dto;
    if (me.role !== 'admin') refuseAdminFields(dto);
    if (reason !== undefined && changes.is_active !== false) {
      throw invalidMember('/reason', 'without_deactivation', 'is for is_active: false only');
    }
    if (id === me.id && changes.email !== undefined && changes.email !== me.email) {
      await this.passwords.confirm(current_password, call);
    }
    const user = await this.change(id, changes, call);
    for (const happening of happeningsOf(user, reason)) {
      await this.audit.record({ ...happening, actorId: me.id, userId: id }, call);
    }
    return toUserDto(user, me);
  }

  /**
   * Deletes a user softly: all sessions end, e-mail address and username are free again, an admin can restore.
   * @throws Problem 403, 404, 412; `last_admin` for the last one
   */
  async delete(id: string, call: Call, reason?: string): Promise<void> {
    const { me, versions } = call;
    if (!isSelfOrAdmin(me, id)) throw forbidden();
    const values = [id, versions];
    const [ordinary] = await this.database.write(sql.DELETE_ORDINARY, values);
    const deleted = ordinary ?? (await this.withoutLastAdmin(id, (db) => rowOf(db.query(sql.DELETE_ANY, values))));
    if (!deleted) return this.explainDeleteOfNothing(id, { me, versions });
    this.lists.changed('users');
    const details: Record<string, string> = reason === undefined ? {} : { reason };
    await this.audit.record({ action: 'user_deleted', actorId: me.id, userId: id, details }, call);
  }

  /**
   * Removes a user and all that hangs on it, however much that is; of the events that concern them only what, when and who
   * remain. When it fails halfway the user is deleted, and purging again goes on.
   * @throws Problem 403, 404, 409 when restored meanwhile, 412; `last_admin` for the last one
   */
  async purge(id: string, call: Call): Promise<void> {
    const { me, versions } = call;
    if (me.role !== 'admin') throw forbidden();
    const begun = await this.withoutLastAdmin(id, (db) => rowOf(db.query(sql.BEGIN_PURGE, [id, versions])));
    if (!begun) throw await this.whyNotPurged(id, { me, versions });
    this.lists.changed('users');
    await this.purges.run(id);
    await this.audit.forget(id);
    const purged = await this.audit.write(sql.PURGE, [id], call);
    if (purged.length === 0 && (await this.findById(id))) throw conflict('The user was restored meanwhile.');
  }

  /** Brings a deleted or inactive user back; old sessions stay dead. @throws Problem 404, 409 when the address or name is taken */
  async restore(id: string, call: Call): Promise<AdminUserDto> {
    const { me } = call;
    const [user] = await this.database.write<UserRow & { isChanged: boolean }>(sql.RESTORE, [id]);
    if (!user) throw notFound('user');
    this.lists.changed('users');
    if (user.isChanged) await this.audit.record({ action: 'user_restored', actorId: me.id, userId: id }, call);
    return toAdminUserDto(user);
  }

  /** What is counted against a user now: wrong guesses, and until when somebody is held back. @throws Problem 404 */
  async getThrottle(id: string): Promise<ThrottleDto> {
    if (!(await this.findById(id))) throw notFound('user');
    return this.throttle.standing(id);
  }

  /** Forgets the wrong guesses at a user's password, so that they can try again at once. @throws Problem 404 */
  async clearThrottle(id: string, call: Origin & Partial<Pick<Call, 'me'>>): Promise<void> {
    if (!(await this.findById(id))) throw notFound('user');
    await this.throttle.clear(id);
    this.held.forget();
    await this.audit.record({ action: 'throttle_cleared', actorId: call.me?.id, userId: id }, call);
  }

  /** The whole user. @throws Problem 404 */
  async getRow(id: string): Promise<UserRow> {
    const user = await this.findById(id);
    if (!user) throw notFound('user');
    return user;
  }

  /** The mail is sent if the mailbox takes it; it counts only if the account is made. */
  private async registerOpenly(account: NewAccount, origin: Origin): Promise<UserRow> {
    const mail = await this.limits.reserveMail('verify', account.email);
    try {
      const user = await this.newAccounts.insert(account, { origin, mail: mail !== null, isOwner: true });
      await mail?.count();
      return user;
    } finally {
      await mail?.release(); // does nothing once it is counted
    }
  }

  /** The same statements for a free address and a taken one. Returns the account that was made, if one was. */
  private async registerQuietly(account: NewAccount, origin: Origin): Promise<Pick<UserRow, 'id'> | null> {
    const mail = await this.limits.reserveMail('verify', account.email);
    const mailTaken = await this.limits.reserveMail('already_registered', account.email);
    try {
      const making = { origin, mail: mail !== null, isOwner: true, mailTaken: mailTaken !== null };
      const id = await this.newAccounts.insertQuietly(account, making);
      await (id ? mail : mailTaken)?.count();
      return id === null ? null : { id };
    } finally {
      await mail?.release();
      await mailTaken?.release();
    }
  }

  private async newAccountOf(dto: CreateUserDto, { signal }: Pick<Origin, 'signal'>): Promise<NewAccount> {
    const { email, username, password, display_name, profile_picture_url, role, is_active, locale, email_verified } =
      dto;
    const passwordHash = await this.passwords.hashNew(password, { context: { email, username }, signal });
    return {
      email,
      username,
      passwordHash,
      displayName: display_name,
      profilePictureUrl: profile_picture_url,
      role,
      isActive: is_active,
      locale,
      isVerified: email_verified === true,
    };
  }

  private async change(id: string, changes: AdminChange, call: Call): Promise<ChangedUser> {
    const { update, values } = updateOf(id, changes, call);
    const mayTakeAdminAway = changes.role === 'user' || changes.is_active === false;
    const user = mayTakeAdminAway
      ? await this.withoutLastAdmin(id, async (db) => (await db.query<ChangedUser[]>(update.text, values))[0])
      : (await this.database.write<ChangedUser>(update, values))[0];
    if (!user) throw await this.whyNotChanged(id, call);
    this.lists.changed('users');
    return user;
  }

  /** Runs work that may cost an admin the role or the account, so that two at once can't take the last one away. */
  private withoutLastAdmin<T>(id: string, work: (db: EntityManager) => Promise<T>): Promise<T> {
    return this.database.transaction(async (db) => {
      const admins = await db.query<{ id: string }[]>(sql.LOCK_ADMINS);
      if (admins.length === 1 && admins[0]?.id === id) throw problem('last_admin');
      return work(db);
    });
  }

  private async whyNotChanged(id: string, { me, versions }: Call): Promise<Error> {
    const user = await this.findById(id);
    if (!user || (me.role !== 'admin' && !user.isActive)) return notFound('user');
    assertMatches(toUserDto(user, me), versions);
    return conflict('A deleted user must be restored before it can be changed.');
  }

  private async whyNotPurged(id: string, { me, versions }: Pick<Call, 'me' | 'versions'>): Promise<Error> {
    const user = await this.findById(id);
    if (user) assertMatches(toUserDto(user, me), versions);
    return notFound('user'); // it has become as the client has seen it, a moment too late
  }

  /** A second DELETE is as good as the first; what was never there is 404. */
  private async explainDeleteOfNothing(id: string, { me, versions }: Pick<Call, 'me' | 'versions'>): Promise<void> {
    const user = await this.findById(id);
    if (!user) throw notFound('user');
    if (!user.deletedAt) assertMatches(toUserDto(user, me), versions);
  }

  private async show(statement: Statement, key: string | null, me: Me): Promise<UserDto | PublicUserDto> {
    const user = await this.findOne(statement, key);
    if (!user) throw notFound('user');
    return showUser(user, me);
  }

  private async findOne(statement: Statement, key: string | null): Promise<UserRow | null> {
    const [user] = await this.database.lookUp<UserRow>(statement, [key]);
    return user ?? null;
  }
}

const CHANGEABLE = [
  'email',
  'username',
  'display_name',
  'profile_picture_url',
  'role',
  'is_active',
  'mfa_required',
] as const;

/** A user after an update, and what events tell of the user before. */
type ChangedUser = UserRow & { oldEmail: string; oldRole: string; wasActive: boolean; wasMfaRequired: boolean };

/** One statement for every combination of columns. */
function updateOf(id: string, changes: AdminChange, { me, versions }: Call) {
  const { assignments, differs, values } = assignmentsOf(changes, CHANGEABLE, [id, versions]);
  const ending = changes.is_active === false ? ', session_generation = t.session_generation + 1' : '';
  const visible = `deleted_at IS NULL ${me.role === 'admin' ? '' : 'AND is_active'}`;
  const where = `id = $1 AND ${visible} AND ${hasVersion('$2')}`;
  const update = { table: 'users', where, assignments: assignments + ending, differs };
  return { update: sql.update(update), values };
}

function refuseAdminFields(dto: UpdateUserDto): void {
  for (const name of ['role', 'is_active', 'mfa_required', 'reason'] as const) {
    if (dto[name] !== undefined) throw fieldForbidden(`/${name}`);
  }
}

/** Told by what differs, whoever changed it, by whatever way. */
function happeningsOf({ email, role, isActive, mfaRequired, ...old }: ChangedUser, reason?: string): AuditEntry[] {
  const happenings: AuditEntry[] = [];
  if (email !== old.oldEmail) happenings.push({ action: 'email_changed' });
  if (role !== old.oldRole) happenings.push({ action: 'role_changed', details: { role } });
  if (isActive !== old.wasActive) happenings.push({ action: isActive ? 'user_activated' : 'user_deactivated', details: reason === undefined ? {} : { reason } }); // prettier-ignore
  if (mfaRequired !== old.wasMfaRequired) happenings.push({ action: 'mfa_required_changed', details: { mfa_required: String(mfaRequired) } }); // prettier-ignore
  return happenings;
}

/** The first row that an `UPDATE … RETURNING` gave; TypeORM answers one with rows and their number. */
async function rowOf<Row>(result: Promise<unknown>): Promise<Row | undefined> {
  const [rows] = (await result) as [Row[], number];
  return rows[0];
}

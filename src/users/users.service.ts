import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../audit/audit.service.js';
import { Database } from '../database/database.js';
import type { Statement } from '../database/statement.js';
import { Lists } from '../lists/lists.js';
import type { Page } from '../lists/pages.js';
import { forbidden, notFound } from '../problems.js';
import type { Call, Origin, Principal } from '../request.js';
import { Throttle } from '../throttle/throttle.js';
import { normalizeEmail } from './emails.js';
import { HeldUsers } from './held-users.js';
import { SignUps } from './sign-ups.js';
import { User } from './user.entity.js';
import { UserChanges } from './user-changes.js';
import { UserLookups } from './user-lookups.js';
import { UserPurges } from './user-purges.js';
import { UserRemovals } from './user-removals.js';
import {
  type AccountRow,
  type AdminUserDto,
  type PublicUserDto,
  showUser,
  type ThrottleDto,
  toUserDto,
  type UserDto,
  type UserRow,
} from './users.dto.js';
import type { CreateUserDto, RegisterDto, UpdateUserDto, UsersQuery } from './user-requests.dto.js';
import { userList } from './users.list.js';
import * as sql from './users.statements.js';

/** An imported account: e-mail address normalised, password as a bcrypt hash. */
export interface ImportedUser {
  email: string;
  username: string;
  password_hash: string;
  display_name: string | null;
}

/** Facade over accounts, from creation to removal. */
@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly database: Database,
    private readonly lookups: UserLookups,
    private readonly signUps: SignUps,
    private readonly changes: UserChanges,
    private readonly removals: UserRemovals,
    private readonly purges: UserPurges,
    private readonly throttle: Throttle,
    private readonly audit: AuditService,
    private readonly lists: Lists,
    private readonly held: HeldUsers,
  ) {}

  /** Registers an account. @throws as `SignUps.register` */
  register(dto: RegisterDto, origin: Origin): Promise<UserRow | null> {
    return this.signUps.register(dto, origin);
  }

  /** Creates an account for somebody else. @throws as `SignUps.create` */
  async create(dto: CreateUserDto, call: Actor): Promise<UserRow> {
    return (await this.signUps.create(dto, call)).user;
  }

  /**
   * Adds accounts from another system, with their password hashes; those whose address or name is taken are left out.
   * Returns how many were added.
   */
  async importMany(accounts: ImportedUser[], from: Origin): Promise<number> {
    const rows = accounts.map((account) => ({ id: uuidv7(), ...account }));
    const [added] = await this.audit.write<{ count: number }>(sql.IMPORT, [JSON.stringify(rows)], from);
    this.lists.changed('users');
    return added?.count ?? 0;
  }

  /** Whether there is an admin who can sign in. */
  async hasAdmin(): Promise<boolean> {
    return (await this.database.reading(() => this.users.countBy({ role: 'admin', isActive: true }))) > 0;
  }

  /** The user as the caller may see them. @throws Problem 404, also for deleted and inactive ones unless an admin asks */
  async getById(id: string, { me }: Call): Promise<UserDto | PublicUserDto> {
    if (id === me.id) return this.getOwn(me);
    return this.show(me.role === 'admin' ? sql.BY_ID : sql.PUBLIC_BY_ID, id, me);
  }

  /** As `getById`, by username without regard to case. */
  async getByUsername(username: string, { me }: Call): Promise<UserDto | PublicUserDto> {
    return this.show(me.role === 'admin' ? sql.BY_USERNAME : sql.PUBLIC_BY_USERNAME, username.trim(), me);
  }

  /** The user with this e-mail address, for themselves and for admins. @throws Problem 403 for others, 404 */
  async getByEmail(email: string, { me }: Call): Promise<UserDto | PublicUserDto> {
    const address = normalizeEmail(email);
    if (address === me.email) return this.getOwn(me);
    if (me.role !== 'admin') throw forbidden();
    return this.show(sql.BY_EMAIL, address, me);
  }

  /** For the command line: the user with this id, inactive ones too, or null. */
  findById(id: string): Promise<AccountRow | null> {
    return this.lookups.findById(id);
  }

  /** For the command line: the user with this e-mail address in any spelling, or null. */
  findByEmail(email: string): Promise<AccountRow | null> {
    return this.lookups.findByEmail(email);
  }

  /** For the command line: the user with this username in any case, or null. */
  findByUsername(username: string): Promise<AccountRow | null> {
    return this.lookups.findByUsername(username);
  }

  /** The id of the account deleted last that had this e-mail address or username, if there is one. */
  findDeletedId(identifier: string): Promise<string | undefined> {
    return this.lookups.findDeletedId(identifier);
  }

  /** The user with all columns. @throws Problem 404 */
  getRow(id: string): Promise<UserRow> {
    return this.lookups.getRow(id);
  }

  /** A page of users. @throws Problem 403 when somebody else than an admin uses an admin's filter */
  async list(query: UsersQuery, { me }: Call): Promise<Page<UserDto | PublicUserDto>> {
    const held = await this.heldFor(query, me);
    const page = await this.lists.page(userList(query, me, held), query, (row) => showUser(row, me));
    const place = me.role === 'admin' ? -1 : page.items.findIndex(({ id }) => id === me.id);
    const own = place < 0 ? null : await this.lookups.findShown(me.id);
    if (own) page.items[place] = toUserDto(own, me);
    return page;
  }

  /** All users that a query finds, as admins see them, in batches. */
  async *walk(query: UsersQuery, call: Call): AsyncGenerator<UserDto[]> {
    const held = await this.heldFor(query, call.me);
    for await (const rows of this.lists.walk(() => userList(query, call.me, held))) {
      yield rows.map((row) => toUserDto(row, call.me));
    }
  }

  /** Records the event of an export, before it starts. */
  recordExport(call: Call): Promise<void> {
    return this.audit.record({ action: 'exported', actorId: call.me.id, details: { what: 'users' } }, call);
  }

  private async heldFor({ locked }: UsersQuery, { role }: Principal): Promise<string[]> {
    return locked === undefined || role !== 'admin' ? [] : this.held.ids();
  }

  /** Changes a user: oneself, or any user as an admin. @throws as `UserChanges.update` */
  update(id: string, dto: UpdateUserDto, call: Call): Promise<UserDto> {
    return this.changes.update(id, dto, call);
  }

  /** Deletes a user softly. @throws as `UserRemovals.delete` */
  async delete(id: string, call: Call, reason?: string): Promise<void> {
    await this.removals.delete(id, call, reason);
  }

  /** Purges a user. @throws as `UserPurges.purge` */
  purge(id: string, call: Call): Promise<void> {
    return this.purges.purge(id, call);
  }

  /** Restores a deleted or inactive user. @throws as `UserRemovals.restore` */
  restore(id: string, call: Call): Promise<AdminUserDto> {
    return this.removals.restore(id, call);
  }

  /** The counted failures of a user, and until when sign-in is blocked. @throws Problem 404 */
  async getThrottle(id: string): Promise<ThrottleDto> {
    if (!(await this.findById(id))) throw notFound('user');
    return this.throttle.standing(id);
  }

  /** Resets a user's count of wrong passwords. @throws Problem 404 */
  async clearThrottle(id: string, call: Origin & Partial<Pick<Call, 'me'>>): Promise<void> {
    if (!(await this.findById(id))) throw notFound('user');
    await this.throttle.clear(id, (prefixes) => this.audit.write(sql.CLEAR_THROTTLE, [id, prefixes], call));
    this.held.forget();
  }

  private async show(statement: Statement, key: string | null, me: Principal): Promise<UserDto | PublicUserDto> {
    const user = await this.lookups.findOne<UserRow>(statement, key);
    if (!user) throw notFound('user');
    return user.id === me.id && me.role !== 'admin' ? this.getOwn(me) : showUser(user, me);
  }

  private async getOwn(me: Principal): Promise<UserDto> {
    return toUserDto(await this.lookups.getRow(me.id), me);
  }
}

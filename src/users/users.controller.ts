import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post, Put, Query, StreamableFile } from '@nestjs/common'; // prettier-ignore
import type { FastifyRequest } from 'fastify';
import { Fresh, makesAdmin, Roles, Scoped } from '../access.js';
import { Call, type Principal } from '../request.js';
import { Id } from '../http/fields.js';
import { type CsvColumn, csvFile } from '../http/csv.js';
import type { Page } from '../lists/pages.js';
import { Idempotent } from '../idempotency/idempotent.js';
import { ConditionalWrite } from '../http/conditional-requests.js';
import {
  type AdminUserDto,
  type CreatedUserDto,
  type PublicUserDto,
  type ThrottleDto,
  toCreatedUserDto,
  type UserDto,
} from './users.dto.js';
import { CreateUserDto, DeleteUserQuery, UpdateUserDto, UsersQuery } from './user-requests.dto.js';
import { SignUps } from './sign-ups.js';
import { UsersService } from './users.service.js';

/** Accounts: one's own, the public fields of others, and everything for admins. */
@Controller('api')
@Scoped('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly signUps: SignUps,
  ) {}

  /**
   * Lists users, newest first unless asked otherwise.
   * @throws forbidden
   */
  @Get('users')
  listUsers(
    @Query() query: UsersQuery,
    @Call() call: Call,
  ): Promise<Page<AdminUserDto> | Page<UserDto | PublicUserDto>> {
    return this.users.list(query, call);
  }

  /** Exports the users of a list as CSV, as an admin; paging parameters are ignored. */
  @Get('users.csv')
  @Fresh({ ifMfa: true })
  @Roles('admin')
  @Header('content-type', 'text/csv; charset=utf-8')
  async exportUsers(@Query() query: UsersQuery, @Call() call: Call): Promise<StreamableFile> {
    await this.users.recordExport(call);
    return csvFile('users.csv', CSV_COLUMNS, this.users.walk(query, call));
  }

  /**
   * Creates an account for somebody else, as an admin. Without a password the person chooses one, by a link that is mailed
   * to them, or returned here, once.
   * @throws email_taken, username_taken, mail_not_configured
   */
  @Post('users')
  @Fresh({ ifMfa: true, when: makesAdmin })
  @Idempotent()
  @Roles('admin')
  async createUser(@Body() dto: CreateUserDto, @Call() call: Call): Promise<CreatedUserDto> {
    const { user, passwordReset } = await this.signUps.create(dto, call);
    return toCreatedUserDto(user, passwordReset);
  }

  /** Finds a user by id: all fields for oneself and admins, the public ones for others. */
  @Get('users/:id')
  getUser(@Id() id: string, @Call() call: Call): Promise<UserDto | PublicUserDto> {
    return this.users.getById(id, call);
  }

  /** Finds a user by username, without regard to case. */
  @Get('users/username/:username')
  getUserByUsername(@Param('username') username: string, @Call() call: Call): Promise<UserDto | PublicUserDto> {
    return this.users.getByUsername(username, call);
  }

  /**
   * Finds a user by e-mail address: oneself, or any user as an admin.
   * @throws forbidden
   */
  @Get('users/email/:email')
  getUserByEmail(@Param('email') email: string, @Call() call: Call): Promise<UserDto | PublicUserDto> {
    return this.users.getByEmail(email, call);
  }

  /**
   * Changes an account; members that are left out don't change.
   * @throws forbidden, field_forbidden, wrong_password, conflict, email_taken, username_taken, last_admin, too_many_requests
   */
  @Put('users/:id')
  @Fresh({ ifMfa: true, when: changesAccess })
  @ConditionalWrite()
  replaceUser(@Id() id: string, @Body() dto: UpdateUserDto, @Call() call: Call): Promise<UserDto> {
    return this.users.update(id, dto, call);
  }

  /**
   * Changes an account; members that are left out don't change.
   * @throws forbidden, field_forbidden, wrong_password, conflict, email_taken, username_taken, last_admin, too_many_requests
   */
  @Patch('users/:id')
  @Fresh({ ifMfa: true, when: changesAccess })
  @ConditionalWrite()
  updateUser(@Id() id: string, @Body() dto: UpdateUserDto, @Call() call: Call): Promise<UserDto> {
    return this.users.update(id, dto, call);
  }

  /**
   * Deletes an account softly; an admin can restore it. With `purge=true` (admins) for good.
   * @throws forbidden, last_admin
   */
  @Delete('users/:id')
  @Fresh({ ifMfa: true, when: isForGood })
  @HttpCode(204)
  @ConditionalWrite()
  deleteUser(@Id() id: string, @Query() { purge }: DeleteUserQuery, @Call() call: Call): Promise<void> {
    return purge ? this.users.purge(id, call) : this.users.delete(id, call);
  }

  /**
   * Restores a deleted user, as an admin. Earlier sessions stay ended.
   * @throws email_taken, username_taken
   */
  @Post('users/:id/restore')
  @HttpCode(200)
  @Roles('admin')
  restoreUser(@Id() id: string, @Call() call: Call): Promise<AdminUserDto> {
    return this.users.restore(id, call);
  }

  /** Shows a user's count of wrong passwords, and until when sign-in is blocked, as an admin. */
  @Get('users/:id/throttle')
  @Roles('admin')
  getThrottle(@Id() id: string): Promise<ThrottleDto> {
    return this.users.getThrottle(id);
  }

  /** Resets a user's count of wrong passwords, as an admin, which ends a block at once. */
  @Delete('users/:id/throttle')
  @HttpCode(204)
  @Roles('admin')
  unblockUser(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.users.clearThrottle(id, call);
  }
}

/** Whether the request changes who can sign in, or with which role: one's own address, or anybody's role. */
function changesAccess({ body, params }: FastifyRequest, me: Principal): boolean {
  const changes = (body ?? {}) as Partial<UpdateUserDto>;
  const isOwnAddress = changes.email !== undefined && changes.email !== me.email && isOf(me, params);
  return isOwnAddress || changes.role !== undefined || changes.mfa_required !== undefined;
}

/** Whether the request deletes oneself, or purges anybody. */
function isForGood({ params, query }: FastifyRequest, me: Principal): boolean {
  return isOf(me, params) || (query as Partial<Record<string, unknown>>)['purge'] === 'true';
}

const isOf = ({ id }: Principal, params: unknown) => (params as { id?: string }).id?.toLowerCase() === id;

const CSV_COLUMNS: CsvColumn<UserDto>[] = [
  ['id', ({ id }) => id],
  ['email', ({ email }) => email],
  ['username', ({ username }) => username],
  ['display_name', ({ display_name }) => display_name],
  ['role', ({ role }) => role],
  ['is_active', ({ is_active }) => is_active],
  ['created_at', ({ created_at }) => created_at],
  ['updated_at', ({ updated_at }) => updated_at],
  ['deleted_at', ({ deleted_at }) => deleted_at],
  ['last_login_at', ({ last_login_at }) => last_login_at],
];

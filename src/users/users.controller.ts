import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { type Origin, CurrentUser, From, type Principal, Roles } from '../request.js';
import { Id } from '../http/fields.js';
import type { Page } from '../lists/pages.js';
import { ConditionalWrite, IfMatch } from '../http/conditional-requests.js';
import { CreateUserDto, DeleteUserQuery, type Me, type PublicUserDto, toUserDto, UpdateUserDto, type UserDto, UsersQuery } from './users.dto.js'; // prettier-ignore
import { UsersService } from './users.service.js';

/** Accounts: one's own, other people's public side, and all of them for admins. */
@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  /** Lists users, newest first unless asked otherwise. */
  @Get()
  listUsers(@Query() query: UsersQuery, @CurrentUser() me: Me): Promise<Page<UserDto | PublicUserDto>> {
    return this.users.list(query, me);
  }

  /** Creates an account for somebody else, as an admin. */
  @Post()
  @Roles('admin')
  async createUser(@Body() dto: CreateUserDto, @CurrentUser() me: Principal, @From() from: Origin): Promise<UserDto> {
    return toUserDto(await this.users.create(dto, me, from), me);
  }

  /** Finds a user by id: whole for oneself and admins, the public part for others. */
  @Get(':id')
  getUser(@Id() id: string, @CurrentUser() me: Me): Promise<UserDto | PublicUserDto> {
    return this.users.getById(id, me);
  }

  /** Finds a user by username, without regard to case. */
  @Get('username/:username')
  getUserByUsername(@Param('username') username: string, @CurrentUser() me: Me): Promise<UserDto | PublicUserDto> {
    return this.users.getByUsername(username, me);
  }

  /** Finds a user by e-mail address: oneself, or anybody for an admin. */
  @Get('email/:email')
  getUserByEmail(@Param('email') email: string, @CurrentUser() me: Me): Promise<UserDto | PublicUserDto> {
    return this.users.getByEmail(email, me);
  }

  /** Changes an account; what is left out stays as it is. */
  @Put(':id')
  @ConditionalWrite()
  replaceUser(
    @Id() id: string,
    @Body() dto: UpdateUserDto,
    @CurrentUser() me: Principal,
    @From() from: Origin,
    @IfMatch() versions?: number[],
  ): Promise<UserDto> {
    return this.users.update(id, dto, { me, from, versions });
  }

  /** Changes an account, exactly as PUT does. */
  @Patch(':id')
  @ConditionalWrite()
  updateUser(
    @Id() id: string,
    @Body() dto: UpdateUserDto,
    @CurrentUser() me: Principal,
    @From() from: Origin,
    @IfMatch() versions?: number[],
  ): Promise<UserDto> {
    return this.users.update(id, dto, { me, from, versions });
  }

  /** Deletes an account so that an admin can restore it; with `purge=true` (admins) for good. */
  @Delete(':id')
  @HttpCode(204)
  deleteUser(
    @Id() id: string,
    @Query() { purge }: DeleteUserQuery,
    @CurrentUser() me: Principal,
    @From() from: Origin,
    @IfMatch() versions?: number[],
  ): Promise<void> {
    const context = { me, from, versions };
    return purge ? this.users.purge(id, context) : this.users.delete(id, context);
  }

  /** Brings a deleted user back, as an admin. Sessions from before stay dead. */
  @Post(':id/restore')
  @HttpCode(200)
  @Roles('admin')
  restoreUser(@Id() id: string, @CurrentUser() me: Principal, @From() from: Origin): Promise<UserDto> {
    return this.users.restore(id, me, from);
  }

  /** Forgets the wrong guesses at a user's password, as an admin, so that they can try again at once. */
  @Delete(':id/throttle')
  @HttpCode(204)
  @Roles('admin')
  clearThrottle(@Id() id: string, @CurrentUser() me: Principal, @From() from: Origin): Promise<void> {
    return this.users.clearThrottle(id, me, from);
  }
}

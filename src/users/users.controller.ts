import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { Call, Roles, Scoped } from '../request.js';
import { Id } from '../http/fields.js';
import type { Page } from '../lists/pages.js';
import { ConditionalWrite } from '../http/conditional-requests.js';
import { CreateUserDto, DeleteUserQuery, type Me, type PublicUserDto, type ThrottleDto, toUserDto, UpdateUserDto, type UserDto, UsersQuery } from './users.dto.js'; // prettier-ignore
import { UsersService } from './users.service.js';

/** Accounts: one's own, other people's public side, and all of them for admins. */
@Controller('users')
@Scoped('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  /**
   * Lists users, newest first unless asked otherwise.
   * @throws forbidden
   */
  @Get()
  listUsers(@Query() query: UsersQuery, @Call() call: Call<Me>): Promise<Page<UserDto | PublicUserDto>> {
    return this.users.list(query, call);
  }

  /**
   * Creates an account for somebody else, as an admin.
   * @throws email_taken, username_taken
   */
  @Post()
  @Roles('admin')
  async createUser(@Body() dto: CreateUserDto, @Call() call: Call): Promise<UserDto> {
    return toUserDto(await this.users.create(dto, call), call.me);
  }

  /** Finds a user by id: whole for oneself and admins, the public part for others. */
  @Get(':id')
  getUser(@Id() id: string, @Call() call: Call<Me>): Promise<UserDto | PublicUserDto> {
    return this.users.getById(id, call);
  }

  /** Finds a user by username, without regard to case. */
  @Get('username/:username')
  getUserByUsername(@Param('username') username: string, @Call() call: Call<Me>): Promise<UserDto | PublicUserDto> {
    return this.users.getByUsername(username, call);
  }

  /**
   * Finds a user by e-mail address: oneself, or anybody for an admin.
   * @throws forbidden
   */
  @Get('email/:email')
  getUserByEmail(@Param('email') email: string, @Call() call: Call<Me>): Promise<UserDto | PublicUserDto> {
    return this.users.getByEmail(email, call);
  }

  /**
   * Changes an account; what is left out stays as it is.
   * @throws forbidden, field_forbidden, wrong_password, conflict, email_taken, username_taken, last_admin, too_many_requests
   */
  @Put(':id')
  @ConditionalWrite()
  replaceUser(@Id() id: string, @Body() dto: UpdateUserDto, @Call() call: Call): Promise<UserDto> {
    return this.users.update(id, dto, call);
  }

  /**
   * Changes an account, exactly as PUT does.
   * @throws forbidden, field_forbidden, wrong_password, conflict, email_taken, username_taken, last_admin, too_many_requests
   */
  @Patch(':id')
  @ConditionalWrite()
  updateUser(@Id() id: string, @Body() dto: UpdateUserDto, @Call() call: Call): Promise<UserDto> {
    return this.users.update(id, dto, call);
  }

  /**
   * Deletes an account so that an admin can restore it; with `purge=true` (admins) for good.
   * @throws forbidden, last_admin
   */
  @Delete(':id')
  @HttpCode(204)
  @ConditionalWrite()
  deleteUser(@Id() id: string, @Query() { purge }: DeleteUserQuery, @Call() call: Call): Promise<void> {
    return purge ? this.users.purge(id, call) : this.users.delete(id, call);
  }

  /**
   * Brings a deleted user back, as an admin. Sessions from before stay dead.
   * @throws email_taken, username_taken
   */
  @Post(':id/restore')
  @HttpCode(200)
  @Roles('admin')
  restoreUser(@Id() id: string, @Call() call: Call): Promise<UserDto> {
    return this.users.restore(id, call);
  }

  /** Says how many wrong guesses are counted against a user, and until when somebody is held back, to an admin. */
  @Get(':id/throttle')
  @Roles('admin')
  getThrottle(@Id() id: string): Promise<ThrottleDto> {
    return this.users.getThrottle(id);
  }

  /** Forgets the wrong guesses at a user's password, as an admin, so that they can try again at once. */
  @Delete(':id/throttle')
  @HttpCode(204)
  @Roles('admin')
  clearThrottle(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.users.clearThrottle(id, call);
  }
}

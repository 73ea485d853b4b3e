import { Controller, Delete, Get, HttpCode } from '@nestjs/common';
import { type Origin, CurrentUser, From, type Principal, Roles } from '../../request.js';
import { Id } from '../../http/fields.js';
import type { SessionListDto } from './auth.dto.js';
import { AuthService } from './auth.service.js';

/** Other people's sessions, for admins. */
@Controller('users/:id/sessions')
@Roles('admin')
export class UserSessionsController {
  constructor(private readonly auth: AuthService) {}

  /** Lists a user's sessions, as an admin. */
  @Get()
  listUserSessions(@Id() id: string, @CurrentUser() me: Principal): Promise<SessionListDto> {
    return this.auth.listSessions(id, me);
  }

  /** Ends all of a user's sessions, as an admin. */
  @Delete()
  @HttpCode(204)
  endUserSessions(@Id() id: string, @CurrentUser() me: Principal, @From() from: Origin): Promise<void> {
    return this.auth.endSessionsOf(id, me, from);
  }
}

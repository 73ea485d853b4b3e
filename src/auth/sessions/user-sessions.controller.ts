import { Controller, Delete, Get, HttpCode } from '@nestjs/common';
import { Roles } from '../../access.js';
import { Call } from '../../request.js';
import { Id } from '../../http/fields.js';
import type { SessionListDto } from './sessions.dto.js';
import { SessionsService } from './sessions.service.js';

/** Other people's sessions, for admins. */
@Controller('api/users/:id/sessions')
@Roles('admin')
export class UserSessionsController {
  constructor(private readonly sessions: SessionsService) {}

  /** Lists a user's sessions, as an admin. */
  @Get()
  listUserSessions(@Id() id: string, @Call() call: Call): Promise<SessionListDto> {
    return this.sessions.listSessions(id, call);
  }

  /** Ends one of a user's sessions, as an admin. */
  @Delete(':session_id')
  @HttpCode(204)
  endUserSession(@Id() id: string, @Id('session_id') sessionId: string, @Call() call: Call): Promise<void> {
    return this.sessions.endSessionOf(id, sessionId, call);
  }

  /** Ends all of a user's sessions, as an admin. */
  @Delete()
  @HttpCode(204)
  endUserSessions(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.sessions.endSessionsOf(id, call);
  }
}

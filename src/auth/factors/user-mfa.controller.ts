import { Controller, Delete, HttpCode } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Id } from '../../http/fields.js';
import { Fresh, Roles } from '../../access.js';
import { Call, type Principal } from '../../request.js';
import { Mfa } from './mfa.service.js';

/** Other people's second factors, for admins. */
@Controller('api/users/:id/mfa')
@Roles('admin')
export class UserMfaController {
  constructor(private readonly mfa: Mfa) {}

  /** Removes all of a user's second factors, as an admin with a second factor; the user's sessions end, and they get a mail. */
  @Delete()
  @HttpCode(204)
  @Fresh({ aal2: true, when: isAnother })
  resetMfa(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.mfa.reset(id, call);
  }
}

/** False for the admin's own id: that is refused in any case, so no fresh sign-in is asked for. */
function isAnother({ params }: FastifyRequest, me: Principal): boolean {
  return (params as { id: string }).id.toLowerCase() !== me.id;
}

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

  /** Takes away all of a user's factors, as an admin with two of their own; their sessions end, and they are told. */
  @Delete()
  @HttpCode(204)
  @Fresh({ aal2: true, when: isAnother })
  resetMfa(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.mfa.reset(id, call);
  }
}

/** One's own factors aren't taken away here, however fresh the sign-in is: the answer is the same for all admins. */
function isAnother({ params }: FastifyRequest, me: Principal): boolean {
  return (params as { id: string }).id.toLowerCase() !== me.id;
}

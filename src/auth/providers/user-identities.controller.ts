import { Controller, Delete, Get, HttpCode } from '@nestjs/common';
import { Id } from '../../http/fields.js';
import { Fresh, Roles } from '../../access.js';
import { Call } from '../../request.js';
import { IdentitiesService } from './identities.service.js';
import type { IdentityListDto } from './providers.dto.js';

/** Linked accounts of other users, for admins. */
@Controller('api/users/:id/identities')
@Roles('admin')
export class UserIdentitiesController {
  constructor(private readonly identities: IdentitiesService) {}

  /** Lists a user's linked accounts, as an admin: oldest first. */
  @Get()
  listUserIdentities(@Id() id: string, @Call() call: Call): Promise<IdentityListDto> {
    return this.identities.listOf(id, call);
  }

  /**
   * Unlinks one of a user's accounts at providers, as an admin; not the last way to sign in. Sessions that were started with
   * it go on. The user gets a mail.
   * @throws last_sign_in_method
   */
  @Delete(':identity_id')
  @HttpCode(204)
  @Fresh()
  unlinkUserIdentity(@Id() id: string, @Id('identity_id') identityId: string, @Call() call: Call): Promise<void> {
    return this.identities.unlink(identityId, call, id);
  }
}

import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { Id } from '../../http/fields.js';
import { Fresh } from '../../access.js';
import { Call } from '../../request.js';
import { IdentitiesService } from './identities.service.js';
import { type IdentityDto, type IdentityListDto, LinkIdentityDto } from './providers.dto.js';

/** Linked accounts at providers, by which one can sign in. */
@Controller('api/auth/identities')
export class IdentitiesController {
  constructor(private readonly identities: IdentitiesService) {}

  /** Lists one's linked accounts, oldest first. */
  @Get()
  listIdentities(@Call() call: Call): Promise<IdentityListDto> {
    return this.identities.list(call);
  }

  /**
   * Links an account at a provider: with the code of a flow through {authorize}, or with the `link_token` that came with
   * `account_exists`.
   * @throws invalid_grant, identity_taken, too_many_requests
   */
  @Post()
  @Fresh()
  linkIdentity(@Body() dto: LinkIdentityDto, @Call() call: Call): Promise<IdentityDto> {
    return this.identities.link(dto, call);
  }

  /**
   * Unlinks an account at a provider; not the last way to sign in.
   * @throws last_sign_in_method
   */
  @Delete(':id')
  @Fresh()
  @HttpCode(204)
  unlinkIdentity(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.identities.unlink(id, call);
  }
}

import { Body, Controller, Delete, Get, Header, HttpCode, Post } from '@nestjs/common';
import { Id } from '../../http/fields.js';
import { Fresh, Roles } from '../../access.js';
import { Call } from '../../request.js';
import { type AccessTokenListDto, CreateTokenDto, type NewAccessTokenDto } from './tokens.dto.js';
import { TokensService } from './tokens.service.js';

/** Tokens of service accounts, and revoking those of others, for admins. */
@Controller('api/users/:id/tokens')
@Roles('admin')
export class UserTokensController {
  constructor(private readonly tokens: TokensService) {}

  /**
   * Creates a token for a service account, as an admin. It is shown only now.
   * @throws field_forbidden, conflict
   */
  @Post()
  @Fresh()
  @Header('cache-control', 'no-store')
  createUserToken(@Id() id: string, @Body() dto: CreateTokenDto, @Call() call: Call): Promise<NewAccessTokenDto> {
    return this.tokens.createFor(id, dto, call);
  }

  /** Lists an account's tokens, as an admin. */
  @Get()
  listUserTokens(@Id() id: string): Promise<AccessTokenListDto> {
    return this.tokens.list(id);
  }

  /** Revokes all tokens of an account, as an admin. */
  @Delete()
  @HttpCode(204)
  revokeUserTokens(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.tokens.revokeOf(id, null, call);
  }

  /** Revokes one token of an account, as an admin. */
  @Delete(':token_id')
  @HttpCode(204)
  revokeUserToken(@Id() id: string, @Id('token_id') tokenId: string, @Call() call: Call): Promise<void> {
    return this.tokens.revokeOf(id, tokenId, call);
  }
}

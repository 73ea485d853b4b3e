import { Body, Controller, Delete, Get, Header, HttpCode, Post } from '@nestjs/common';
import { Id } from '../../http/fields.js';
import { Fresh } from '../../access.js';
import { Call } from '../../request.js';
import { type AccessTokenListDto, CreateTokenDto, type NewAccessTokenDto } from './tokens.dto.js';
import { TokensService } from './tokens.service.js';

/** Personal access tokens, for programs instead of a password. */
@Controller('api/auth/tokens')
export class TokensController {
  constructor(private readonly tokens: TokensService) {}

  /**
   * Creates a token of one's own. It is shown only now.
   * @throws field_forbidden, conflict
   */
  @Post()
  @Fresh()
  @Header('cache-control', 'no-store')
  createToken(@Body() dto: CreateTokenDto, @Call() call: Call): Promise<NewAccessTokenDto> {
    return this.tokens.createOwn(dto, call);
  }

  /** Lists one's own tokens, newest first, without the tokens themselves. */
  @Get()
  listTokens(@Call() call: Call): Promise<AccessTokenListDto> {
    return this.tokens.listOwn(call);
  }

  /** Revokes one of one's own tokens: the next request with it is refused. */
  @Delete(':id')
  @HttpCode(204)
  revokeToken(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.tokens.revokeOwn(id, call);
  }
}

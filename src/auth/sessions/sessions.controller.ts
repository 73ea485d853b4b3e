import { Body, Controller, Delete, Get, Header, Headers, HttpCode, Post, Put } from '@nestjs/common';
import { Id } from '../../http/fields.js';
import { problem } from '../../problems.js';
import { BeforeMfa, Fresh, Public, ReadsAccount, Scoped } from '../../access.js';
import { Call, type Origin } from '../../request.js';
import { type Me, toUserDto, type UserDto } from '../../users/users.dto.js';
import { ChangePasswordDto, LogoutDto, RefreshDto, type SessionListDto, type TokenPairDto } from './sessions.dto.js';
import { SessionsService } from './sessions.service.js';

/** Staying signed in: tokens, one's own sessions, one's own password. */
@Controller('api/auth')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  /**
   * Trades a refresh token for a new pair. Each is good for one refresh; a repeat within 30 seconds gets the same answer.
   * @throws email_not_verified, invalid_refresh_token, refresh_token_reused, too_many_requests
   */
  @Post('refresh')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  refreshTokens(@Body() dto: RefreshDto, @Call() call: Origin): Promise<TokenPairDto> {
    return this.sessions.refresh(dto.refresh_token, call);
  }

  /**
   * Ends the session of a refresh token or of a bearer token, expired or not. Repeating it does no harm. A personal access
   * token has no session: the request is refused; revoke the token instead.
   * @throws not_authenticated, forbidden
   */
  @Post('logout')
  @HttpCode(204)
  @Public()
  logout(
    @Body() dto: LogoutDto,
    @Headers('authorization') authorization: string | undefined,
    @Call() call: Origin,
  ): Promise<void> {
    const accessToken = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (dto.refresh_token === undefined && accessToken === undefined) throw problem('not_authenticated');
    return this.sessions.logout({ refreshToken: dto.refresh_token, accessToken }, call);
  }

  /** Who is signed in. */
  @Get('me')
  @ReadsAccount()
  @BeforeMfa()
  @Scoped('any')
  getMe(@Call() { me }: Call<Me>): UserDto {
    return toUserDto(me);
  }

  /**
   * Changes one's own password; every other session ends.
   * @throws wrong_password, too_many_requests
   */
  @Put('password')
  @Fresh({ ifMfa: true })
  @HttpCode(204)
  changePassword(@Body() dto: ChangePasswordDto, @Call() call: Call): Promise<void> {
    return this.sessions.changePassword(dto, call);
  }

  /** Lists one's own sessions, newest first. */
  @Get('sessions')
  @BeforeMfa()
  listOwnSessions(@Call() call: Call): Promise<SessionListDto> {
    return this.sessions.listSessions(call.me.id, call);
  }

  /** Ends one of one's own sessions. */
  @Delete('sessions/:id')
  @BeforeMfa()
  @HttpCode(204)
  endSession(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.sessions.endSession(id, call);
  }

  /** Ends all of one's own sessions but this one. */
  @Delete('sessions')
  @BeforeMfa()
  @HttpCode(204)
  endOtherSessions(@Call() call: Call): Promise<void> {
    return this.sessions.endOtherSessions(call);
  }
}

import { Body, Controller, Delete, Get, Header, Headers, HttpCode, Post, Put } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { type Origin, CurrentUser, From, type Principal, Public } from '../../request.js';
import { notAuthenticated } from '../../problems.js';
import { Id } from '../../http/fields.js';
import { Throttled } from '../../throttle/throttle.js';
import { type Me, RegisterDto, toUserDto, type UserDto } from '../../users/users.dto.js';
import { UsersService } from '../../users/users.service.js';
import { ChangePasswordDto, LoginDto, LogoutDto, RefreshDto, type SessionListDto, TokenDto, type TokenPairDto } from './auth.dto.js'; // prettier-ignore
import { AuthService } from './auth.service.js';

const FORM_MEMBERS = ['grant_type', 'username', 'password', 'refresh_token', 'scope'];

/** Registration, sign-in, sessions. */
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly users: UsersService,
  ) {}

  /** Makes an account. Sign in with it afterwards. */
  @Post('register')
  @Public()
  @Throttled('registrations')
  async registerUser(@Body() dto: RegisterDto, @From() from: Origin): Promise<UserDto> {
    return toUserDto(await this.users.register(dto, from));
  }

  /** Signs in with an e-mail address or a username. Takes JSON, or the form of the token route. */
  @Post('login')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  @RouteConfig({ formMembers: [...FORM_MEMBERS, 'email'] })
  login(@Body() dto: LoginDto, @From() from: Origin): Promise<TokenPairDto> {
    return this.auth.grant(dto, from);
  }

  /** The OAuth2 token endpoint (RFC 6749), for the password and refresh token grants. */
  @Post('token')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  @RouteConfig({ formMembers: FORM_MEMBERS, oauthErrors: true })
  issueToken(@Body() dto: TokenDto, @From() from: Origin): Promise<TokenPairDto> {
    return this.auth.grant(dto, from);
  }

  /** Trades a refresh token for a new pair; each is good once, save for repeats within 30 seconds. */
  @Post('refresh')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  refreshTokens(@Body() dto: RefreshDto, @From() from: Origin): Promise<TokenPairDto> {
    return this.auth.refresh(dto.refresh_token, from);
  }

  /** Ends the session of a refresh token or of a bearer token, whatever their age. Doing it again does no harm. */
  @Post('logout')
  @HttpCode(204)
  @Public()
  logout(
    @Body() dto: LogoutDto,
    @Headers('authorization') authorization: string | undefined,
    @From() from: Origin,
  ): Promise<void> {
    const accessToken = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (dto.refresh_token === undefined && accessToken === undefined) throw notAuthenticated();
    return this.auth.logout({ refreshToken: dto.refresh_token, accessToken }, from);
  }

  /** Who is signed in. */
  @Get('me')
  getMe(@CurrentUser() me: Me): UserDto {
    return toUserDto(me);
  }

  /** Changes one's own password; every other session ends. */
  @Put('password')
  @HttpCode(204)
  changePassword(@Body() dto: ChangePasswordDto, @CurrentUser() me: Principal, @From() from: Origin): Promise<void> {
    return this.auth.changePassword(me, dto, from);
  }

  /** Lists one's own sessions, newest first. */
  @Get('sessions')
  listOwnSessions(@CurrentUser() me: Principal): Promise<SessionListDto> {
    return this.auth.listSessions(me.id, me);
  }

  /** Ends one of one's own sessions. */
  @Delete('sessions/:id')
  @HttpCode(204)
  endSession(@Id() id: string, @CurrentUser() me: Principal, @From() from: Origin): Promise<void> {
    return this.auth.endSession(id, me, from);
  }

  /** Ends all of one's own sessions but this one. */
  @Delete('sessions')
  @HttpCode(204)
  endOtherSessions(@CurrentUser() me: Principal, @From() from: Origin): Promise<void> {
    return this.auth.endOtherSessions(me, from);
  }
}

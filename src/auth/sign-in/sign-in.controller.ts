import { Body, Controller, Header, HttpCode, Post, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { Idempotent } from '../../idempotency/idempotent.js';
import { Public } from '../../access.js';
import { Call, type Origin } from '../../request.js';
import { toUserDto, type UserDto } from '../../users/users.dto.js';
import { RegisterDto } from '../../users/user-requests.dto.js';
import { UsersService } from '../../users/users.service.js';
import { ACCEPTED, type AcceptedDto } from '../../mail/mails.dto.js';
import type { TokenPairDto } from '../sessions/sessions.dto.js';
import { LoginDto, TokenDto } from './sign-in.dto.js';
import { Grants } from './grants.js';

const FORM_MEMBERS = [
  'grant_type',
  'username',
  'password',
  'refresh_token',
  'otp',
  'device_token',
  'mfa_token',
  'code',
  'code_verifier',
  'redirect_uri',
  'scope',
];

/** Registration and sign-in. */
@Controller('api/auth')
export class SignInController {
  constructor(
    private readonly grants: Grants,
    private readonly users: UsersService,
  ) {}

  /**
   * Creates an account. Sign in with it afterwards; a mail with a link and a code to verify the address is on its way. Where
   * the server doesn't disclose which addresses have an account, the answer is 202 for a free and a taken address alike.
   * @throws email_taken, username_taken, registration_closed, too_many_requests
   * @answers 201 UserDto, 202 AcceptedDto
   */
  @Post('register')
  @Idempotent()
  @Public()
  async registerUser(
    @Body() dto: RegisterDto,
    @Call() call: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserDto | AcceptedDto> {
    const user = await this.users.register(dto, call);
    if (!user) void reply.code(202);
    return user ? toUserDto(user) : ACCEPTED;
  }

  /**
   * Signs in with an e-mail address or a username. Takes JSON, or the form of the token route. For an account with a second
   * factor the right password is answered with 403 `mfa_required` and a token for the second step, unless `otp` or
   * `device_token` is sent along.
   * @throws email_not_verified, invalid_credentials, invalid_refresh_token, refresh_token_reused, mfa_required, mfa_enrollment_required, invalid_mfa_token, invalid_code, code_used, invalid_grant, access_denied, account_exists, too_many_requests
   */
  @Post('login')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  @RouteConfig({ formMembers: [...FORM_MEMBERS, 'email'] })
  login(@Body() dto: LoginDto, @Call() call: Origin): Promise<TokenPairDto> {
    return this.grants.grant(dto, call);
  }

  /**
   * The OAuth2 token endpoint (RFC 6749), for the grants `password`, `refresh_token`, `authorization_code`, which redeems
   * the code of a provider flow, and `urn:userhub:grant:mfa`, which completes a sign-in by its second factor. When the
   * provider's address belongs to another account, the error is `account_exists`; with a `link_token` if the address is
   * verified.
   * @throws email_not_verified, invalid_credentials, invalid_refresh_token, refresh_token_reused, mfa_required, mfa_enrollment_required, invalid_mfa_token, invalid_code, code_used, invalid_grant, access_denied, account_exists, too_many_requests
   */
  @Post('token')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  @RouteConfig({ formMembers: FORM_MEMBERS, oauthErrors: true })
  issueToken(@Body() dto: TokenDto, @Call() call: Origin): Promise<TokenPairDto> {
    return this.grants.grant(dto, call);
  }
}

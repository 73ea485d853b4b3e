import { Body, Controller, Header, HttpCode, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Id } from '../../http/fields.js';
import { Public, Roles } from '../../access.js';
import { Call, type OpenCall, type Origin } from '../../request.js';
import type { PasswordResetLinkDto } from '../../users/passwords/password-resets.dto.js';
import { PasswordResetService } from './password-reset.service.js';
import { ACCEPTED, type AcceptedDto } from '../../mail/mails.dto.js';
import { ConfirmPasswordResetDto, RequestPasswordResetDto, ResetPasswordOfDto } from './recovery.dto.js'; // prettier-ignore

/** Password resets. */
@Controller('api')
export class PasswordResetController {
  constructor(private readonly resets: PasswordResetService) {}

  /**
   * Sends a mail with a link and a code, if there is such an account and it may sign in. The answer is the same if not.
   * @throws too_many_requests, mail_not_configured
   */
  @Post('auth/password-reset')
  @HttpCode(202)
  @Public()
  async requestPasswordReset(@Body() dto: RequestPasswordResetDto, @Call() call: OpenCall): Promise<AcceptedDto> {
    await this.resets.request(dto, call);
    return ACCEPTED;
  }

  /**
   * Sets a new password by the link or the code from a mail; every session ends. A refused password doesn't use up the link.
   * Sign in afterwards.
   * @throws link_invalid, link_expired, link_used, code_invalid, code_expired, too_many_requests
   */
  @Post('auth/password-reset/confirm')
  @HttpCode(204)
  @Public()
  confirmPasswordReset(@Body() dto: ConfirmPasswordResetDto, @Call() call: Origin): Promise<void> {
    return this.resets.confirm(dto, call);
  }

  /**
   * Resets a user's password, as an admin: the user chooses the new one. The link is mailed to the user (202), or returned
   * to the admin, once (201).
   * @throws conflict, mail_not_configured
   * @answers 201 PasswordResetLinkDto, 202 AcceptedDto
   */
  @Post('users/:id/password-reset')
  @Header('cache-control', 'no-store')
  @Roles('admin')
  async resetPasswordOf(
    @Id() id: string,
    @Body() dto: ResetPasswordOfDto,
    @Call() call: Call,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PasswordResetLinkDto | AcceptedDto> {
    const link = await this.resets.resetOf(id, dto, call);
    if (!link) void reply.code(202);
    return link ?? ACCEPTED;
  }
}

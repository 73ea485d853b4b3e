import { Body, Controller, Delete, HttpCode, Post } from '@nestjs/common';
import { Public, PublicOrBearer } from '../../access.js';
import { Call, type OpenCall, type Origin } from '../../request.js';
import { EmailChangeService } from './email-change.service.js';
import { ACCEPTED, type AcceptedDto } from '../../mail/mails.dto.js';
import { ConfirmEmailDto, LinkDto } from './recovery.dto.js';

/** A pending change of a verified address; `PATCH /api/users/{id}` starts one. */
@Controller('api/auth/email-change')
export class EmailChangeController {
  constructor(private readonly changes: EmailChangeService) {}

  /**
   * Replaces the account's address by the new one, by the link or the code that was sent there; all other sessions end. With
   * a bearer token, or else with the password of the account.
   * @throws link_invalid, link_expired, link_used, code_invalid, code_expired, wrong_password, email_taken, too_many_requests
   */
  @Post('confirm')
  @HttpCode(204)
  @PublicOrBearer()
  confirmEmailChange(@Body() dto: ConfirmEmailDto, @Call() call: OpenCall): Promise<void> {
    return this.changes.confirm(dto, call);
  }

  /**
   * Sends the mail to the new address once more.
   * @throws too_many_requests, mail_not_configured
   */
  @Post('send')
  @HttpCode(202)
  async sendEmailChange(@Call() call: Call): Promise<AcceptedDto> {
    await this.changes.send(call);
    return ACCEPTED;
  }

  /** Cancels the change. Repeating it does no harm. */
  @Delete()
  @HttpCode(204)
  cancelEmailChange(@Call() call: Call): Promise<void> {
    return this.changes.cancel(call);
  }

  /**
   * Reverts a change, by the link that was mailed to the old address: the account gets it back, every session ends, the
   * password is disabled, and a reset is mailed to the old address.
   * @throws link_invalid, link_expired, link_used, email_taken
   */
  @Post('revert')
  @HttpCode(204)
  @Public()
  revertEmailChange(@Body() dto: LinkDto, @Call() call: Origin): Promise<void> {
    return this.changes.revert(dto, call);
  }
}

import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Public, PublicOrBearer } from '../../access.js';
import { Call, type OpenCall, type Origin } from '../../request.js';
import { LinkPreviews } from './link-previews.js';
import { ACCEPTED, type AcceptedDto } from '../../mail/mails.dto.js';
import { ConfirmEmailDto, LinkDto, type LinkPreviewDto, SendVerificationDto } from './recovery.dto.js'; // prettier-ignore
import { VerificationService } from './verification.service.js';

/** Verification of addresses, and previews of links. */
@Controller('api/auth')
export class VerificationController {
  constructor(
    private readonly verification: VerificationService,
    private readonly previews: LinkPreviews,
  ) {}

  /**
   * Verifies an address by the link or the code from a mail. Requires a bearer token or the account's password as well, as
   * anybody can be made to click a link.
   * @throws link_invalid, link_expired, link_used, code_invalid, code_expired, wrong_password, too_many_requests
   */
  @Post('verify-email')
  @HttpCode(204)
  @PublicOrBearer()
  verifyEmail(@Body() dto: ConfirmEmailDto, @Call() call: OpenCall): Promise<void> {
    return this.verification.verify(dto, call);
  }

  /**
   * Mails link and code, to one's own address or to the given one. The answer is the same whether or not an account has it.
   * @throws too_many_requests, mail_not_configured
   */
  @Post('verify-email/send')
  @HttpCode(202)
  @PublicOrBearer()
  async sendVerification(@Body() dto: SendVerificationDto, @Call() call: OpenCall): Promise<AcceptedDto> {
    await this.verification.send(dto, call);
    return ACCEPTED;
  }

  /**
   * Reports "this wasn't me" about a registration. The account is deleted if its address was never verified; an admin can
   * restore it.
   * @throws link_invalid, link_expired, link_used
   */
  @Post('verify-email/reject')
  @HttpCode(204)
  @Public()
  rejectRegistration(@Body() dto: LinkDto, @Call() call: Origin): Promise<void> {
    return this.verification.reject(dto, call);
  }

  /**
   * Shows what a link is for, before a form is displayed. The link isn't used up.
   * @throws link_invalid, link_expired, link_used
   */
  @Post('links/preview')
  @HttpCode(200)
  @Public()
  previewLink(@Body() dto: LinkDto): Promise<LinkPreviewDto> {
    return this.previews.preview(dto);
  }
}

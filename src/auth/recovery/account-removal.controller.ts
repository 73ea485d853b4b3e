import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Fresh, Public } from '../../access.js';
import { Call, type Origin } from '../../request.js';
import { AccountRemovalService } from './account-removal.service.js';
import { DeleteAccountDto, type DeletedAccountDto, LinkDto } from './recovery.dto.js';

/** Deleting one's own account, and restoring it by a link until it is purged. */
@Controller('api/auth')
export class AccountRemovalController {
  constructor(private readonly removal: AccountRemovalService) {}

  /**
   * Deletes one's own account: all sessions end, and a link that restores it is mailed.
   * @throws wrong_password, last_admin, too_many_requests
   */
  @Post('delete-account')
  @Fresh({ ifMfa: true })
  @HttpCode(202)
  async deleteAccount(@Body() { current_password }: DeleteAccountDto, @Call() call: Call): Promise<DeletedAccountDto> {
    return { purge_at: await this.removal.delete(current_password, call) };
  }

  /**
   * Restores an account that its owner deleted, by the link from the mail. Its earlier sessions stay ended.
   * @throws link_invalid, link_expired, link_used, email_taken, username_taken
   */
  @Post('restore-account')
  @HttpCode(204)
  @Public()
  restoreAccount(@Body() dto: LinkDto, @Call() call: Origin): Promise<void> {
    return this.removal.restore(dto, call);
  }
}

import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { Id } from '../http/fields.js';
import type { Page } from '../lists/pages.js';
import { Roles } from '../access.js';
import { MailLog } from './mail-log.js';
import { type AcceptedDto, type MailDto, MailsQuery, TestMailDto } from './mails.dto.js';

/** Sent and queued mails. */
@Controller('api/mails')
@Roles('admin')
export class MailsController {
  constructor(private readonly mails: MailLog) {}

  /** Lists mails of the last 30 days, newest first: recipient, number of tries, last answer of the relay. Not their text. */
  @Get()
  listMails(@Query() query: MailsQuery): Promise<Page<MailDto>> {
    return this.mails.list(query);
  }

  /**
   * Tries a mail again at once, if it failed or waits for its next try.
   * @throws not_found, conflict
   */
  @Post(':id/retry')
  @HttpCode(202)
  retryMail(@Id() id: string): Promise<AcceptedDto> {
    return this.mails.retry(id);
  }

  /**
   * Sends a test mail.
   * @throws mail_not_configured
   */
  @Post('test')
  @HttpCode(202)
  sendTestMail(@Body() { to }: TestMailDto): Promise<AcceptedDto> {
    return this.mails.sendTest(to);
  }
}

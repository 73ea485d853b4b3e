import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { Id } from '../http/fields.js';
import type { Page } from '../lists/pages.js';
import { Roles } from '../access.js';
import { MailLog } from './mail-log.js';
import { type AcceptedDto, type MailDto, MailsQuery, TestMailDto } from './mails.dto.js';

/** Mails: which were sent, which wait, and why. */
@Controller('api/mails')
@Roles('admin')
export class MailsController {
  constructor(private readonly mails: MailLog) {}

  /** Lists mails of the last 30 days, newest first: to whom, how often they were tried, what the relay said. Not what they say. */
  @Get()
  listMails(@Query() query: MailsQuery): Promise<Page<MailDto>> {
    return this.mails.list(query);
  }

  /**
   * Has a mail tried again at once, if it failed or waits for its next try.
   * @throws not_found, conflict
   */
  @Post(':id/retry')
  @HttpCode(202)
  retryMail(@Id() id: string): Promise<AcceptedDto> {
    return this.mails.retry(id);
  }

  /**
   * Sends a mail that only says that it arrived, to try out the way to the relay.
   * @throws mail_not_configured
   */
  @Post('test')
  @HttpCode(202)
  sendTestMail(@Body() { to }: TestMailDto): Promise<AcceptedDto> {
    return this.mails.sendTest(to);
  }
}

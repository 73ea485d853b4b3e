import { Controller, Delete, Get, Header, HttpCode, Query, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Id } from '../http/fields.js';
import { notFound } from '../problems.js';
import { Public } from '../access.js';
import { type DevMailsDto, DevMailsQuery, toDevMailDto } from './dev-mail.dto.js';
import { listPage, mailPage, POLICY } from './dev-mail.page.js';
import { DevMailbox } from './dev-mailbox.js';
import { LoopbackGuard } from './loopback.guard.js';

/** The development mailbox; only for callers on the same machine. */
@ApiExcludeController()
@Controller()
@Public()
@UseGuards(LoopbackGuard)
export class DevMailController {
  constructor(private readonly mailbox: DevMailbox) {}

  /** Shows all mails. */
  @Get('dev/mail')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', POLICY)
  @Header('cache-control', 'no-store')
  async showMails(): Promise<string> {
    return listPage(await this.mailbox.list({}));
  }

  /** Lists mails, newest first. */
  @Get('dev/mail.json')
  @Header('cache-control', 'no-store')
  async listMails(@Query() query: DevMailsQuery): Promise<DevMailsDto> {
    return { items: (await this.mailbox.list(query)).map(toDevMailDto) };
  }

  /** Shows a mail. */
  @Get('dev/mail/:id')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', POLICY)
  @Header('cache-control', 'no-store')
  async showMail(@Id() id: string): Promise<string> {
    const mail = await this.mailbox.find(id);
    if (!mail) throw notFound('mail');
    return mailPage(mail);
  }

  /** Deletes all mails. */
  @Delete('dev/mail')
  @HttpCode(204)
  deleteMails(): Promise<void> {
    return this.mailbox.empty();
  }
}

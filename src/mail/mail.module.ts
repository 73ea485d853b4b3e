import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AppUrl } from './app-url.js';
import { DevMail } from './dev-mail.entity.js';
import type { Settings } from '../config/settings.js';
import { DevMailController } from './dev-mail.controller.js';
import { DevMailbox } from './dev-mailbox.js';
import { MailLinks } from './links.js';
import { MailChannel } from './mail-channel.js';
import { MailLog } from './mail-log.js';
import { MailWriter } from './mail-writer.js';
import { MailsController } from './mails.controller.js';
import { Mails } from './mails.js';

/** Mail: templates, transport, links and codes, and the development mailbox. */
@Global()
@Module({})
export class MailModule {
  static register({ mail }: Settings): DynamicModule {
    const providers = [AppUrl, DevMailbox, MailChannel, MailLinks, MailLog, MailWriter, Mails];
    return {
      module: MailModule,
      imports: [TypeOrmModule.forFeature([DevMail])],
      controllers: [MailsController, ...(mail.mailbox ? [DevMailController] : [])],
      providers,
      exports: providers,
    };
  }
}

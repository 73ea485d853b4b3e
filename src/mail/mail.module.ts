import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AppUrl } from './app-url.js';
import { DevMail } from './dev-mail.entity.js';
import { DevMailbox } from './dev-mailbox.js';
import { MailLinks } from './links.js';
import { MailChannel } from './mail-channel.js';
import { MailWriter } from './mail-writer.js';
import { Mails } from './mails.js';

/** Mail: its templates, its transport, its links and codes, and the mailbox of a development server. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([DevMail])],
  providers: [AppUrl, DevMailbox, MailChannel, MailLinks, MailWriter, Mails],
  exports: [AppUrl, DevMailbox, MailChannel, MailLinks, MailWriter, Mails],
})
export class MailModule {}

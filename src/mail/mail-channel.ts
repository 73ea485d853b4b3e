import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { hours, minutes, seconds } from '../config/durations.js';
import { MailSettings } from '../config/mail-settings.js';
import { type Channel, type ClaimedJob, type Delivery, DeliveryError } from '../outbox/channel.js';
import type { Lease } from '../outbox/lease.js';
import { Outbox } from '../outbox/outbox.js';
import { AppUrl } from './app-url.js';
import { DevMailbox } from './dev-mailbox.js';
import { MailWriter, type WrittenMail } from './mail-writer.js';
import { Smtp, SMTP_SLOTS, type SmtpMessage } from './smtp.js';
import { MinuteBudget } from './minute-budget.js';
import { spaced } from './links.js';

/** After the last one: every four hours, until the mail expires. */
const RETRIES = [seconds(5), seconds(30), minutes(2), minutes(10), minutes(30), hours(1), hours(2), hours(4)];

/** The outbox' channel `mail`: renders the mail of a job and sends it to the relay, or stores it in development. */
@Injectable()
export class MailChannel implements Channel, OnModuleInit, OnApplicationShutdown {
  readonly name = 'mail';
  readonly slots = SMTP_SLOTS;
  private readonly smtp?: Smtp;
  private readonly budget?: MinuteBudget;

  constructor(
    private readonly settings: MailSettings,
    private readonly outbox: Outbox,
    private readonly writer: MailWriter,
    private readonly mailbox: DevMailbox,
    private readonly appUrl: AppUrl,
  ) {
    const { smtp, maxPerMinute } = settings;
    if (smtp) this.smtp = new Smtp(smtp);
    if (maxPerMinute) this.budget = new MinuteBudget(maxPerMinute);
  }

  onModuleInit(): void {
    this.outbox.register(this);
  }

  allowance(): number {
    return this.budget?.left() ?? Infinity;
  }

  /** @throws DeliveryError when the relay didn't accept it; anything else when it can't be rendered */
  async deliver(job: ClaimedJob, lease: Lease): Promise<Delivery> {
    if (!this.smtp && !this.mailbox.isOpen) {
      throw new DeliveryError('No relay is set (MAIL_URL).', { isPermanent: true });
    }
    const mail = this.writer.write(job);
    const message = this.message(job, mail);
    if (!this.smtp) return this.keep(job, mail, message);
    this.budget?.take();
    try {
      const { status } = await this.smtp.send(message, lease);
      return { status };
    } catch (error) {
      throw withoutSecrets(error, mail);
    }
  }

  retryAfter(attempts: number, error: unknown): number | undefined {
    const wait = RETRIES[attempts - 1];
    // a relay's error may pass; a mail that can't be rendered never will
    return wait ?? (error instanceof DeliveryError ? RETRIES.at(-1) : undefined);
  }

  /**
   * Sends a mail without the outbox, for a caller who waits for the result.
   * @returns the relay's answer
   */
  async sendNow(job: ClaimedJob, lease: Lease): Promise<string> {
    const mail = this.writer.write(job);
    const message = this.message(job, mail);
    if (this.smtp) return (await this.smtp.send(message, lease)).response;
    await this.keep(job, mail, message);
    return `kept in the development mailbox: ${this.mailUrl(job.id)}`;
  }

  /** Checks connection and credentials of the relay. @throws the relay's error */
  async verify(): Promise<void> {
    await this.smtp?.verify();
  }

  onApplicationShutdown(): void {
    this.smtp?.close();
  }

  private message({ id, createdAt }: ClaimedJob, { to, subject, text, html, language }: WrittenMail): SmtpMessage {
    const { from, replyTo } = this.settings;
    return {
      messageId: `<${id}@${from.address.split('@')[1]}>`,
      date: createdAt,
      from,
      replyTo,
      to,
      subject,
      text,
      html,
      headers: {
        'Auto-Submitted': 'auto-generated',
        'X-Auto-Response-Suppress': 'All',
        'Content-Language': language,
      },
    };
  }

  private async keep(job: ClaimedJob, mail: WrittenMail, message: SmtpMessage): Promise<Delivery> {
    const { to, subject, text, html, code = null, link = null } = mail;
    const { name, address } = message.from;
    const headers = {
      From: `${name} <${address}>`,
      To: to,
      ...(message.replyTo && { 'Reply-To': message.replyTo }),
      Subject: subject,
      'Message-ID': message.messageId,
      Date: message.date.toUTCString().replace('GMT', '+0000'),
      ...message.headers,
    };
    const kept = { kind: job.kind, to, subject, text, html, code, link, headers };
    await this.mailbox.keep(job.id, kept, { title: mail.title, url: this.mailUrl(job.id) });
    return {};
  }

  private mailUrl(id: string): string {
    return `http://localhost:${this.appUrl.port}/dev/mail/${id}`;
  }
}

/** Removes secrets from errors: relays quote what they refuse, and their answers are stored and logged. */
function withoutSecrets(error: unknown, { code, link }: WrittenMail): unknown {
  if (!(error instanceof Error)) return error;
  const secrets = [code, code && spaced(code), link, link?.split('token=')[1]].filter((secret) => secret !== undefined);
  for (const secret of secrets) error.message = error.message.replaceAll(secret, '…');
  error.message = error.message.replace(/\b[a-z]{2}_[A-Za-z0-9_-]{20,}/g, '…');
  return error;
}

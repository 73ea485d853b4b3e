import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { MailSettings } from '../config/mail-settings.js';
import { insertJob, insertNothing } from '../outbox/outbox.statements.js';
import { Outbox } from '../outbox/outbox.js';
import { problem } from '../problems.js';
import { kindOptions, type MailKind, type MailWords } from './kinds.js';
import { MailWriter } from './mail-writer.js';

/** The parts of a mail in a statement: SQL expressions over the rows of `from`, and parameters. */
export interface MailParts {
  /** What to select from, such as the CTE of the change: one mail per row. */
  from: string;
  /** The recipient's address, from a row and never as typed by the caller. */
  to: string;
  userId?: string;
  /** The challenge of its link and code. */
  challengeId?: string;
  /** When the mail expires: with its challenge. By default as its kind says. */
  expiresAt?: string;
  /** The language of the recipient. */
  locale?: string;
  /** A jsonb of `MailWords`. */
  data?: string;
  /** A condition on the rows; by default each gets a mail. */
  where?: string;
}

/** A mail that isn't part of a statement. */
export interface NewMail {
  to: string;
  userId?: string | null;
  challengeId?: string;
  expiresAt?: Date;
  words?: MailWords;
}

/** Sends mails through the outbox: they are sent if and only if the transaction is committed. */
@Injectable()
export class Mails {
  constructor(
    private readonly settings: MailSettings,
    private readonly outbox: Outbox,
    private readonly writer: MailWriter,
  ) {}

  /** Whether mail is configured: a relay, or the development mailbox. */
  get isConfigured(): boolean {
    const { smtp, mailbox } = this.settings;
    return smtp !== undefined || mailbox;
  }

  /** For actions that need mail. @throws Problem 503 `mail_not_configured` */
  assertConfigured(): void {
    if (!this.isConfigured) throw problem('mail_not_configured');
  }

  /**
   * The INSERT of a mail, as a CTE beside the change that it reports. Without mail, a SELECT of no rows with the same
   * parameters. Call `wake` after the commit.
   */
  insert(kind: MailKind, { from, to, locale, data = `'{}'`, expiresAt, ...parts }: MailParts): string {
    const words = locale
      ? `(${data})::jsonb || jsonb_strip_nulls(jsonb_build_object('locale', (${locale})::text))`
      : data;
    const lifetime = `now() + interval '${(kindOptions(kind).expiresAfter ?? 0) / 1000} seconds'`;
    return (this.isConfigured ? insertJob : insertNothing)({
      ...parts,
      channel: 'mail',
      kind,
      from,
      recipient: to,
      data: words,
      expiresAt: expiresAt ?? lifetime,
      where: `(${parts.where ?? 'true'}) AND ${to} IS NOT NULL`,
    });
  }

  /** Sends a mail; with a `manager`, in its transaction: then call `wake` after the commit. Returns its id, or undefined without mail. */
  async send(kind: MailKind, mail: NewMail, manager?: EntityManager): Promise<string | undefined> {
    if (!this.isConfigured) return undefined;
    const { to: recipient, userId, challengeId, words: data = {} } = mail;
    const expiresAt = mail.expiresAt ?? new Date(Date.now() + (kindOptions(kind).expiresAfter ?? 0));
    return this.outbox.add(
      { channel: 'mail', kind, recipient, userId, challengeId, expiresAt, data: { ...data } },
      manager,
    );
  }

  /** SQL: the number of mails of a kind to an account within a day. @param userId SQL of the account's id */
  countOfDay(kind: MailKind, userId: string): string {
    return `(SELECT count(*) FROM outbox o WHERE o.user_id = ${userId} AND o.kind = '${kind}' AND o.created_at > now() - interval '1 day')`;
  }

  /** Lets the outbox send committed mails at once. */
  wake(): void {
    this.outbox.wake('mail');
  }

  /** The client of a request, as words of a mail. */
  originWords({ ip, userAgent }: { ip: string; userAgent: string | null }): Pick<MailWords, 'ip' | 'user_agent'> {
    return { ...(ip && { ip }), ...(userAgent && { user_agent: userAgent }) };
  }

  /** The language of a mail: the one stored for the user, else the first available of `Accept-Language`, else the default. */
  localeFor(kept: string | null | undefined, acceptLanguage: string | undefined): string {
    return this.writer.localeFor(kept, ...preferredLanguages(acceptLanguage));
  }
}

const MOST_LANGUAGES = 20;

/** The tags of an `Accept-Language` header (RFC 9110, 12.5.4), by preference. */
export function preferredLanguages(header = ''): string[] {
  return header
    .slice(0, 500)
    .split(',', MOST_LANGUAGES)
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';').map((text) => text.trim());
      const q = parameters.map((text) => /^q=([\d.]+)$/i.exec(text)?.[1]).find((text) => text !== undefined);
      return { tag, weight: q === undefined ? 1 : Number(q) };
    })
    .filter(({ tag, weight }) => /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/.test(tag) && weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .map(({ tag }) => tag);
}

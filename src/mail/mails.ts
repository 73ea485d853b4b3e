import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { MailSettings } from '../config/mail-settings.js';
import { insertJob, insertNothing } from '../outbox/outbox.statements.js';
import { Outbox } from '../outbox/outbox.js';
import { problem } from '../problems.js';
import { kindOptions, type MailKind, type MailWords } from './kinds.js';
import { MailWriter } from './mail-writer.js';

/** What a mail in a statement is made of: SQL expressions over the rows of `from`, and parameters of the statement. */
export interface MailParts {
  /** What to select from, such as the CTE of the change: one mail for each row. */
  from: string;
  /** The address, out of a row and never as it was typed. */
  to: string;
  userId?: string;
  /** What its link and code are computed from. */
  challengeId?: string;
  /** From when on the mail is of no use: the end of its challenge. As long as its kind says unless given. */
  expiresAt?: string;
  /** The language of the reader. */
  locale?: string;
  /** Its words: a jsonb of `MailWords`. */
  data?: string;
  /** Which rows get one; all of them unless said. */
  where?: string;
}

/** A mail that hangs on no other change. */
export interface NewMail {
  to: string;
  userId?: string | null;
  challengeId?: string;
  expiresAt?: Date;
  words?: MailWords;
}

/** Sends mail by way of the outbox: what is committed is sent, and nothing is sent that wasn't. */
@Injectable()
export class Mails {
  constructor(
    private readonly settings: MailSettings,
    private readonly outbox: Outbox,
    private readonly writer: MailWriter,
  ) {}

  /** Whether mail goes anywhere: to a relay, or to the development mailbox. */
  get isConfigured(): boolean {
    const { smtp, mailbox } = this.settings;
    return smtp !== undefined || mailbox;
  }

  /** For what can't be done without mail. @throws Problem 503 `mail_not_configured` */
  assertConfigured(): void {
    if (!this.isConfigured) throw problem('mail_not_configured');
  }

  /**
   * The INSERT of a mail, to stand in a WITH beside the change that it tells of. Where mail isn't configured, a SELECT of
   * nothing in its place, with the same parameters. Call `wake` when the statement is committed.
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

  /** Sends a mail; with a `manager`, in its transaction: then call `wake` after it. Returns its id, or undefined without mail. */
  async send(kind: MailKind, mail: NewMail, manager?: EntityManager): Promise<string | undefined> {
    if (!this.isConfigured) return undefined;
    const { to: recipient, userId, challengeId, words: data = {} } = mail;
    const expiresAt = mail.expiresAt ?? new Date(Date.now() + (kindOptions(kind).expiresAfter ?? 0));
    return this.outbox.add(
      { channel: 'mail', kind, recipient, userId, challengeId, expiresAt, data: { ...data } },
      manager,
    );
  }

  /** SQL for how many mails of a kind an account had in a day. @param userId SQL of the account's id */
  countOfDay(kind: MailKind, userId: string): string {
    return `(SELECT count(*) FROM outbox o WHERE o.user_id = ${userId} AND o.kind = '${kind}' AND o.created_at > now() - interval '1 day')`;
  }

  /** Has what was just committed sent at once. */
  wake(): void {
    this.outbox.wake('mail');
  }

  /** From where somebody did something, as words of a mail. */
  originWords({ ip, userAgent }: { ip: string; userAgent: string | null }): Pick<MailWords, 'ip' | 'user_agent'> {
    return { ...(ip && { ip }), ...(userAgent && { user_agent: userAgent }) };
  }

  /** The language to write in: the one kept for the user, else the first of `Accept-Language` that there is, else the default. */
  localeFor(kept: string | null | undefined, acceptLanguage: string | undefined): string {
    return this.writer.localeFor(kept, ...preferredLanguages(acceptLanguage));
  }
}

const MOST_LANGUAGES = 20;

/** The tags of an `Accept-Language` header (RFC 9110, 12.5.4), the most wanted first. */
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

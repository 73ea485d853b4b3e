import { isEmail } from 'class-validator';
import { Length, OneOf, Optional, Rule } from '../http/fields.js';
import { PageQuery } from '../lists/pages.js';
import { JOB_STATES, type JobState, type OutboxJob } from '../outbox/outbox-job.entity.js';
import { MAIL_KINDS, type MailKind } from './kinds.js';

const KINDS = Object.keys(MAIL_KINDS) as MailKind[];

/** Which mails to list. */
export class MailsQuery extends PageQuery {
  /** Only mails that stand like this. */
  @Optional()
  @OneOf(JOB_STATES)
  state?: JobState;

  /** Only mails of this kind. */
  @Optional()
  @OneOf(KINDS)
  kind?: MailKind;

  /** Only mails to this address. @example "ada@example.com" */
  @Optional()
  @Length(1, 254)
  to?: string;
}

/** A mail that was sent, or is to be. What it says stands nowhere. */
export class MailDto {
  id: string;
  /** What it is about. @example "verify" */
  kind: string;
  /** @example "ada@example.com" */
  to: string;
  /** Whom it concerns. */
  user_id: string | null;
  state: JobState;
  /** How often it was tried. */
  attempts: number;
  created_at: Date;
  sent_at: Date | null;
  /** What the relay said last time. @example "Mailbox full" */
  last_error: string | null;
}

/** Where to send a mail that tests the way. */
export class TestMailDto {
  /** The address. @example "root@example.com" */
  @Rule('is_email', 'must be an e-mail address', (text) => isEmail(text.trim()), { format: 'email' })
  to: string;
}

/** It is noted, whether there is anybody to send a mail to or not. */
export class AcceptedDto {
  status: 'accepted';
}

export const ACCEPTED: AcceptedDto = { status: 'accepted' };

export const toMailDto = (job: OutboxJob): MailDto => ({
  id: job.id,
  kind: job.kind,
  to: job.recipient ?? '',
  user_id: job.userId,
  state: job.state,
  attempts: job.attempts,
  created_at: job.createdAt,
  sent_at: job.state === 'sent' ? job.doneAt : null,
  last_error: job.state === 'sent' ? null : job.lastError,
});

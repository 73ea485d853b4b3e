import { isEmail } from 'class-validator';
import { Length, OneOf, Optional, Rule } from '../http/fields.js';
import { PageQuery } from '../lists/pages.js';
import { JOB_STATES, type JobState, type OutboxJob } from '../outbox/outbox-job.entity.js';
import { MAIL_KINDS, type MailKind } from './kinds.js';

const KINDS = Object.keys(MAIL_KINDS) as MailKind[];

/** Which mails to list. */
export class MailsQuery extends PageQuery {
  /** Only mails in this state. */
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

/** A sent or queued mail. Its text isn't stored. */
export class MailDto {
  id: string;
  /** The kind of mail. @example "verify" */
  kind: string;
  /** @example "ada@example.com" */
  to: string;
  /** The user whom it concerns. */
  user_id: string | null;
  state: JobState;
  /** The number of tries. */
  attempts: number;
  created_at: Date;
  sent_at: Date | null;
  /** The relay's last answer. @example "Mailbox full" */
  last_error: string | null;
}

/** The recipient of a test mail. */
export class TestMailDto {
  /** The address. @example "root@example.com" */
  @Rule('is_email', 'must be an e-mail address', (text) => isEmail(text.trim()), { format: 'email' })
  to: string;
}

/** The request was accepted, whether or not there is anybody to send a mail to. */
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

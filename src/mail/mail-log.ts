import { Injectable } from '@nestjs/common';
import { conflict, notFound } from '../problems.js';
import { Conditions } from '../lists/conditions.js';
import { byCreation, type List, Lists } from '../lists/lists.js';
import type { Page } from '../lists/pages.js';
import { Outbox } from '../outbox/outbox.js';
import type { OutboxJob } from '../outbox/outbox-job.entity.js';
import { ACCEPTED, type AcceptedDto, type MailDto, type MailsQuery, toMailDto } from './mails.dto.js';
import { Mails } from './mails.js';

/** Sent and queued mails, for admins. */
@Injectable()
export class MailLog {
  constructor(
    private readonly lists: Lists,
    private readonly outbox: Outbox,
    private readonly mails: Mails,
  ) {}

  /** Lists mails, newest first. */
  list(query: MailsQuery): Promise<Page<MailDto>> {
    return this.lists.page(mailList(query), query, toMailDto);
  }

  /** Queues a mail for another try at once. @throws Problem 404; 409 when it was sent, or has expired */
  async retry(id: string): Promise<AcceptedDto> {
    const isQueued = await this.outbox.retry(id, 'mail');
    if (isQueued === undefined) throw notFound('mail');
    if (!isQueued) throw conflict('This mail was sent already, or is too old to be of use.');
    return ACCEPTED;
  }

  /** Sends a test mail. @throws Problem 503 `mail_not_configured` */
  async sendTest(to: string): Promise<AcceptedDto> {
    this.mails.assertConfigured();
    await this.mails.send('test', { to: to.trim().toLowerCase() });
    return ACCEPTED;
  }
}

const COLUMNS = `id, kind, recipient, user_id AS "userId", state, attempts, created_at AS "createdAt",
  done_at AS "doneAt", last_error AS "lastError"`;

function mailList({ state, kind, to }: MailsQuery): List<OutboxJob> {
  const address = to?.normalize('NFKC').trim().toLowerCase();
  const conditions = new Conditions();
  conditions.add('channel = $', 'mail');
  if (state) conditions.add('state = $', state);
  if (kind) conditions.add('kind = $', kind);
  if (address !== undefined) conditions.add('recipient = $', address);
  return {
    identity: ['mails', state, kind, address],
    columns: COLUMNS,
    from: 'outbox',
    conditions,
    order: byCreation(),
    descending: true,
  };
}

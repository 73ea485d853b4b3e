import { v7 as uuidv7 } from 'uuid';
import { plainToInstance } from 'class-transformer';
import { isUuid } from '../http/fields.js';
import { MailChannel } from '../mail/mail-channel.js';
import { MailLog } from '../mail/mail-log.js';
import { MailsQuery } from '../mail/mails.dto.js';
import { Mails } from '../mail/mails.js';
import { isMailKind } from '../mail/kinds.js';
import { JOB_STATES, type JobState } from '../outbox/outbox-job.entity.js';
import { Lease } from '../outbox/lease.js';
import { Failure } from './failures.js';
import { say, type Terminal } from './terminal.js';
import { withApp } from './with-app.js';

/** Filters of `mail list`. */
export interface ListOptions {
  state?: string;
  kind?: string;
  to?: string;
  limit: number;
}

/** `mail test`: sends a mail to the relay and prints its answer. @throws Failure when the relay refuses it */
export async function sendTestMail(terminal: Terminal, to: string): Promise<void> {
  await withApp(terminal, async (app) => {
    if (!app.get(Mails).isConfigured) throw new Failure('No mail is set up: set MAIL_URL, MAIL_FROM and APP_URL.');
    const nobody = { lane: null, userId: null, challengeId: null, expiresAt: null, isExpired: false };
    const job = { ...nobody, id: uuidv7(), kind: 'test', recipient: to, data: {}, attempts: 1, createdAt: new Date() };
    const lease = new Lease(Lease.now(), new AbortController().signal);
    try {
      const answer = await app.get(MailChannel).sendNow({ ...job, claimedBy: job.id }, lease);
      say(terminal, `Sent to ${to}: ${answer}`);
    } catch (error) {
      throw new Failure(`The relay didn't take it: ${(error as Error).message}`);
    } finally {
      lease.release();
    }
  });
}

/** `mail list`: a line per mail, newest first. @throws Failure for an unknown state or kind */
export async function listMails(terminal: Terminal, { state, kind, to, limit }: ListOptions): Promise<void> {
  if (state && !JOB_STATES.includes(state as JobState))
    throw new Failure(`A state is one of: ${JOB_STATES.join(', ')}.`);
  if (kind && !isMailKind(kind)) throw new Failure(`There is no kind of mail "${kind}".`);
  const query = plainToInstance(MailsQuery, { state, kind, to, limit: Math.min(limit, 100) });
  await withApp(terminal, async (app) => {
    const { items } = await app.get(MailLog).list(query);
    for (const mail of items) {
      const tries = mail.attempts === 1 ? '1 try' : `${mail.attempts} tries`;
      const line = [mail.id, mail.created_at.toISOString(), mail.state.padEnd(7), mail.kind, mail.to, tries];
      say(terminal, `${line.join('  ')}${mail.last_error ? `  ${mail.last_error}` : ''}`);
    }
    if (items.length === 0) say(terminal, 'There are no such mails.');
  });
}

/** `mail retry`: queues a mail for another try at once. @throws Failure for an unknown mail, or a sent one */
export async function retryMail(terminal: Terminal, id: string): Promise<void> {
  await withApp(terminal, async (app) => {
    if (!isUuid(id)) throw new Failure('An id is a UUID, as `userhub mail list` shows it.');
    await app.get(MailLog).retry(id);
    say(terminal, 'It will be tried again within a second, if a server runs.');
  });
}

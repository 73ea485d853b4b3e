import { Injectable, Logger } from '@nestjs/common';
import { MailSettings } from '../config/mail-settings.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import type { DevMail, KeptMail } from './dev-mail.entity.js';

const KEPT = 200;

const KEEP = statement(
  'dev_mails.keep',
  `INSERT INTO dev_mails (id, mail) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET mail = EXCLUDED.mail`,
);
const FORGET = statement(
  'dev_mails.forget',
  `DELETE FROM dev_mails WHERE id IN (SELECT id FROM dev_mails ORDER BY at DESC, id DESC OFFSET ${KEPT})`,
);
const LIST = statement(
  'dev_mails.list',
  `SELECT id, at, mail FROM dev_mails
   WHERE ($1::text IS NULL OR mail ->> 'to' = $1) AND ($2::text IS NULL OR mail ->> 'kind' = $2)
   ORDER BY at DESC, id DESC LIMIT $3`,
);
const FIND = statement('dev_mails.find', `SELECT id, at, mail FROM dev_mails WHERE id = $1`);
const EMPTY = statement('dev_mails.empty', `DELETE FROM dev_mails`);

/** Filters of the list. */
export interface DevMailFilter {
  to?: string;
  kind?: string;
  limit?: number;
}

/** Where mails go without a relay in development: they are stored, and shown at /dev/mail. */
@Injectable()
export class DevMailbox {
  private readonly log = new Logger('Mail');

  constructor(
    private readonly database: Database,
    private readonly settings: MailSettings,
  ) {}

  /** Whether the development mailbox is in use. */
  get isOpen(): boolean {
    return this.settings.mailbox;
  }

  /** Stores a mail and logs where to read it; link and code are not logged. */
  async keep(id: string, mail: KeptMail, { title, url }: { title: string; url: string }): Promise<void> {
    await this.database.write(KEEP, [id, mail]);
    await this.database.write(FORGET, []);
    this.log.log(`Mail to ${mail.to}: ${title} – ${url}`);
  }

  /** Lists mails, newest first. */
  list({ to, kind, limit = KEPT }: DevMailFilter): Promise<DevMail[]> {
    return this.database.read<DevMail>(LIST, [orNull(to?.trim().toLowerCase()), orNull(kind), limit]);
  }

  async find(id: string): Promise<DevMail | undefined> {
    return (await this.database.read<DevMail>(FIND, [id]))[0];
  }

  async empty(): Promise<void> {
    await this.database.write(EMPTY, []);
  }
}

const orNull = (text: string | undefined) => (text === '' ? null : (text ?? null));

import { Injectable } from '@nestjs/common';
import { Mails } from '../../mail/mails.js';
import type { MailKind, MailWords } from '../../mail/kinds.js';
import type { Origin } from '../../request.js';

interface NoticeParts {
  /** SQL: the id of the user, from `change`. */
  user: string;
  /** The number of the parameter that holds `wordsOf`. */
  words: number;
  /** SQL: a condition for sending it. */
  when?: string;
  /** SQL: a jsonb of further words, from `change`. */
  more?: string;
  /** The name of the CTE. */
  name?: string;
}

/** Mails to the owner of an account about its factors, as parts of the statements that change them. */
@Injectable()
export class FactorNotices {
  constructor(private readonly mails: Mails) {}

  /** The CTE of a mail to the user of a change. */
  cte(kind: MailKind, { user, words, when = 'true', more = `'{}'::jsonb`, name = 'mail' }: NoticeParts): string {
    const mail = this.mails.insert(kind, {
      from: 'change JOIN users ON users.id = ' + user,
      to: 'users.email',
      userId: 'users.id',
      locale: 'users.locale',
      data: `$${words}::jsonb || jsonb_build_object('username', users.username) || ${more}`,
      where: when,
    });
    return `${name} AS (${mail})`;
  }

  /** The words of the mail besides the username. */
  wordsOf(call: Origin | undefined, words: MailWords = {}): string {
    return JSON.stringify({ ...words, ...(call && this.mails.originWords(call)) });
  }

  /** Has the outbox send it at once, after the commit. */
  wake(): void {
    this.mails.wake();
  }
}

import { Length, Optional, QueryInteger } from '../http/fields.js';
import type { DevMail } from './dev-mail.entity.js';

/** Which mails of the development mailbox to list. */
export class DevMailsQuery {
  /** Only mails to this address. */
  @Optional()
  @Length(0, 254)
  to?: string;

  /** Only mails of this kind. */
  @Optional()
  @Length(0, 64)
  kind?: string;

  /** How many, 1 to 200. */
  @Optional()
  @QueryInteger(1, 200)
  limit?: number;
}

/** A mail of the development mailbox. */
export class DevMailDto {
  id: string;
  at: Date;
  kind: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The code in it. */
  code: string | null;
  /** The link of its button. */
  link: string | null;
  headers: Record<string, string>;
}

/** The mails of the development mailbox, newest first. */
export class DevMailsDto {
  items: DevMailDto[];
}

export const toDevMailDto = ({ id, at, mail }: DevMail): DevMailDto => ({
  id,
  at,
  kind: mail.kind,
  to: mail.to,
  subject: mail.subject,
  text: mail.text,
  html: mail.html,
  code: mail.code,
  link: mail.link,
  headers: mail.headers,
});

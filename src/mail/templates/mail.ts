import type { MailWords } from '../kinds.js';
import type { Translator } from '../translator.js';

/** What a mail is made of, from top to bottom. One page turns it into HTML and into text, so that the two say the same. */
export type Block =
  | { kind: 'text'; text: string }
  | { kind: 'code'; label: string; code: string }
  | { kind: 'button'; label: string; url: string; hint: string }
  | { kind: 'facts'; rows: [label: string, value: string][] }
  | { kind: 'quote'; text: string };

/** Why somebody gets a mail. */
export type Audience = 'account' | 'asked' | 'invited' | 'admin';

/** A mail as its template makes it. */
export interface Mail {
  subject: string;
  /** What a list of mails shows behind the subject. */
  preheader: string;
  title: string;
  blocks: Block[];
  audience: Audience;
}

/** What a template writes with. */
export interface MailContext {
  words: MailWords;
  say: Translator;
  /** APP_NAME. */
  app: string;
  /** To whom it goes. */
  email: string;
  /** Whose account it is about, as it may be shown. */
  username: string;
  /** When it happened. */
  at: Date;
  /** The link of its challenge, if it has one. */
  link?: string;
  /** The code of its challenge, in two groups of three. */
  code?: string;
  /** Until when link and code work. */
  until: string;
  /** The address of a page of the front end. */
  page: (path: string) => string;
}

/** A kind of mail. */
export type Template = (context: MailContext) => Mail;

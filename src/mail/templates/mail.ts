import type { MailWords } from '../kinds.js';
import type { Translator } from '../translator.js';

/** The blocks of a mail, from top to bottom. One layout renders them as HTML and text. */
export type Block =
  | { kind: 'text'; text: string }
  | { kind: 'code'; label: string; code: string }
  | { kind: 'button'; label: string; url: string; hint: string }
  | { kind: 'facts'; rows: [label: string, value: string][] }
  | { kind: 'quote'; text: string };

/** Why somebody gets a mail. */
export type Audience = 'account' | 'asked' | 'invited' | 'admin';

/** A mail as made by its template. */
export interface Mail {
  subject: string;
  /** The preview shown behind the subject in a list of mails. */
  preheader: string;
  title: string;
  blocks: Block[];
  audience: Audience;
}

/** The input of a template. */
export interface MailContext {
  words: MailWords;
  say: Translator;
  /** APP_NAME. */
  app: string;
  /** The recipient's address. */
  email: string;
  /** The username of the account that it is about, made harmless. */
  username: string;
  /** When it happened. */
  at: Date;
  /** The link of its challenge, if it has one. */
  link?: string;
  /** The code of its challenge, in two groups of three. */
  code?: string;
  /** Expiry of link and code. */
  until: string;
  /** The URL of a page of the front end. */
  page: (path: string) => string;
}

/** A kind of mail. */
export type Template = (context: MailContext) => Mail;

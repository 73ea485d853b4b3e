import type { EnvironmentReader } from './environment.js';

/** The SMTP relay. */
export interface SmtpSettings {
  host: string;
  port: number;
  user: string | undefined;
  password: string | undefined;
  /** `tls` from the start, `starttls` required before authentication, `none` for relays on the same machine. */
  security: 'tls' | 'starttls' | 'none';
}

/** A sender: name and address. */
export interface Mailbox {
  name: string;
  address: string;
}

/** Settings of mail. */
export class MailSettings {
  /** Undefined without a relay. */
  smtp: SmtpSettings | undefined;
  /** Whether mails without a relay are stored and shown at /dev/mail, as in development; in production they aren't sent. */
  mailbox: boolean;
  from: Mailbox;
  replyTo: string | undefined;
  /** The URL of the front end that links lead to, without a trailing slash. */
  appUrl: string | undefined;
  appName: string;
  defaultLocale: string;
  templatesDir: string | undefined;
  /** Undefined for no limit but the relay's. */
  maxPerMinute: number | undefined;
}

const SECURITY = ['auto', 'tls', 'starttls', 'none'] as const;
const SUBMISSION = 587;
const SMTPS = 465;

/** Reads the settings of mail; without a relay, a development server stores mails, and a production server sends none. */
export function readMail(env: EnvironmentReader, production: boolean): MailSettings {
  const appName = env.text('APP_NAME') ?? 'UserHub';
  const smtp = readSmtp(env);
  const appUrl = readAppUrl(env, production);
  const from = readFrom(env, appName);
  if (smtp && !env.text('APP_URL'))
    env.refuse('APP_URL must be set where mail is (MAIL_URL or SMTP_HOST): links lead there.', undefined);
  if (smtp && !env.text('MAIL_FROM')) {
    env.refuse('MAIL_FROM must be set where mail is, such as "UserHub <no-reply@example.com>".', undefined);
  }
  return {
    smtp,
    mailbox: !smtp && !production,
    from,
    replyTo: readReplyTo(env),
    appUrl,
    appName,
    defaultLocale: readLocale(env),
    templatesDir: env.text('MAIL_TEMPLATES_DIR'),
    maxPerMinute: env.text('MAIL_MAX_PER_MINUTE')
      ? env.integer('MAIL_MAX_PER_MINUTE', 60, { min: 1, max: 100_000 })
      : undefined,
  };
}

function readSmtp(env: EnvironmentReader): SmtpSettings | undefined {
  const security = env.oneOf('SMTP_SECURE', SECURITY, 'auto');
  const text = env.text('MAIL_URL');
  if (text) return fromUrl(env, text, security);
  const host = env.text('SMTP_HOST');
  if (!host) return undefined;
  const port = env.integer('SMTP_PORT', SUBMISSION, { min: 1, max: 65_535 });
  const [user, password] = [env.text('SMTP_USER'), env.text('SMTP_PASSWORD')];
  if (!user !== !password) env.refuse('SMTP_USER and SMTP_PASSWORD must be set together.', undefined);
  return { host, port, user, password, security: resolveSecurity(security, port === SMTPS) };
}

function fromUrl(env: EnvironmentReader, text: string, security: (typeof SECURITY)[number]): SmtpSettings | undefined {
  const url = URL.parse(text);
  const isValid = url && /^smtps?:$/.test(url.protocol) && url.hostname && !url.search && !url.hash;
  if (!isValid) return env.refuse('MAIL_URL must be such as smtp://user:password@mail.example.com:587.', undefined);
  const isTls = url.protocol === 'smtps:' || url.port === String(SMTPS);
  try {
    return {
      host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port) || (isTls ? SMTPS : SUBMISSION),
      user: decodeURIComponent(url.username) || undefined,
      password: decodeURIComponent(url.password) || undefined,
      security: resolveSecurity(security, isTls),
    };
  } catch {
    return env.refuse('MAIL_URL: user and password must be percent-encoded.', undefined);
  }
}

const resolveSecurity = (security: (typeof SECURITY)[number], isTls: boolean): SmtpSettings['security'] =>
  security === 'auto' ? (isTls ? 'tls' : 'starttls') : security;

function readAppUrl(env: EnvironmentReader, production: boolean): string | undefined {
  const text = env.text('APP_URL');
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isValid = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  if (!isValid) return env.refuse('APP_URL must be an address such as https://app.example.com.', undefined);
  if (production && url.protocol !== 'https:') {
    return env.refuse('APP_URL must begin with https:// in production: its links are secrets.', undefined);
  }
  return url.href.replace(/\/+$/, '');
}

const MAILBOX = /^(?:"(?<quoted>[^"]*)"|(?<plain>[^<"]*?))\s*<(?<bracketed>[^<>]+)>$|^(?<bare>[^<>\s]+)$/;

function readFrom(env: EnvironmentReader, appName: string): Mailbox {
  const text = env.text('MAIL_FROM');
  if (text === undefined) return { name: appName, address: 'no-reply@localhost' };
  const { quoted, plain, bracketed, bare } = MAILBOX.exec(text)?.groups ?? {};
  const address = bracketed ?? bare ?? '';
  const name = (quoted ?? plain ?? '').trim();
  if (isAddress(address)) return { name: name === '' ? appName : name, address };
  return env.refuse('MAIL_FROM must be such as "UserHub <no-reply@example.com>".', { name: appName, address: '' });
}

function readReplyTo(env: EnvironmentReader): string | undefined {
  const text = env.text('MAIL_REPLY_TO');
  if (text === undefined || isAddress(text)) return text;
  return env.refuse('MAIL_REPLY_TO must be an e-mail address.', undefined);
}

const isAddress = (text: string) => /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(text);

function readLocale(env: EnvironmentReader): string {
  const text = env.text('DEFAULT_LOCALE') ?? 'en';
  try {
    return Intl.getCanonicalLocales(text)[0] ?? 'en';
  } catch {
    return env.refuse('DEFAULT_LOCALE must be a language tag such as en or de-AT.', 'en');
  }
}

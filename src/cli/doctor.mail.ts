import { SettingsError } from '../config/environment.js';
import type { MailSettings, SmtpSettings } from '../config/mail-settings.js';
import type { Settings } from '../config/settings.js';
import { loadCatalogues } from '../mail/locales/catalogues.js';
import { Smtp } from '../mail/smtp.js';
import { bad, doubtful, type Finding, good } from './findings.js';

const LOOPBACK = /^(?:localhost|127\.|::1$)/;

/** Findings about mail: relay, sender, links. */
export async function examineMail({ mail, isProduction, server: { port } }: Settings): Promise<Finding[]> {
  if (!mail.smtp)
    return [isProduction ? NO_MAIL : good(`Mails are kept and shown at http://localhost:${port}/dev/mail.`)];
  return [await relay(mail.smtp), sender(mail), frontEnd(mail), ...templates(mail)];
}

const NO_MAIL = doubtful(
  'No mail is set up: nobody can verify an address, reset a password or be invited.',
  'Set MAIL_URL, MAIL_FROM and APP_URL.',
);

async function relay(smtp: SmtpSettings): Promise<Finding> {
  const { host, port, security, user } = smtp;
  const client = new Smtp(smtp);
  try {
    await client.verify();
  } catch (error) {
    return bad(
      `The mail relay ${host}:${port} says: ${(error as Error).message}`,
      remedyFor(error as SmtpFailure, smtp),
    );
  } finally {
    client.close();
  }
  const text = `The mail relay ${host}:${port} answers${user ? ' and accepts the credentials' : ''}`;
  if (security !== 'none') return good(`${text}, encrypted.`);
  return LOOPBACK.test(host)
    ? good(`${text}.`)
    : doubtful(
        `${text}, but nothing is encrypted (SMTP_SECURE=none).`,
        'Remove SMTP_SECURE: links in mails are secrets.',
      );
}

type SmtpFailure = Error & { code?: string };

function remedyFor({ code, message }: SmtpFailure, { security }: SmtpSettings): string {
  if (code === 'EAUTH') return 'Check user and password.';
  if (/certificate|self.signed|altname/i.test(message))
    return 'Name its certificate authority: NODE_EXTRA_CA_CERTS=<file>.';
  if (code === 'ETLS' || /STARTTLS/i.test(message)) {
    return 'It offers no encryption on this port: use smtps:// and its port, or SMTP_SECURE=none on your own machine.';
  }
  if (security === 'tls' && /wrong version/i.test(message)) return 'It speaks STARTTLS on this port: use smtp://.';
  return 'Are host and port in MAIL_URL right, and may this machine reach them?';
}

function sender({ from, replyTo }: MailSettings): Finding {
  const text = `Mails come from "${from.name}" <${from.address}>${replyTo ? `, answers go to ${replyTo}` : ''}.`;
  const isNobodys = /@(?:localhost|(?:.*\.)?(?:example\.(?:com|net|org)|example|test|invalid))$/i.test(from.address);
  return isNobodys
    ? doubtful(text, 'That domain doesn’t exist: set MAIL_FROM to one that may send by this relay.')
    : good(text);
}

function frontEnd({ appUrl = '' }: MailSettings): Finding {
  const text = `Links in mails lead to ${appUrl}.`;
  if (appUrl.startsWith('https:') || LOOPBACK.test(new URL(appUrl).hostname)) return good(text);
  return doubtful(text, 'Their tokens are secrets: let APP_URL begin with https://.');
}

function templates({ templatesDir, defaultLocale }: MailSettings): Finding[] {
  try {
    const languages = [...loadCatalogues(templatesDir, defaultLocale).keys()];
    return [good(`Mails are written in: ${languages.join(', ')}; ${defaultLocale} where nobody asks for another.`)];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map((problem) => bad(problem));
    throw error;
  }
}

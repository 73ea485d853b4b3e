import path from 'node:path';
import type { Settings } from '../config/settings.js';
import type { DevelopmentAdmin } from './development/development-admin.js';
import { addressOf } from '../config/connection-settings.js';

interface BannerOptions {
  url: string;
  settings: Settings;
  /** Of an embedded database. */
  dataDir: string | undefined;
  admin: DevelopmentAdmin | undefined;
}

/** The start-up message for developers; nothing in production, where the log suffices. */
export function banner({ url: listening, settings, dataDir, admin }: BannerOptions): string {
  if (settings.isProduction) return '';
  const url = listening.replace('//127.0.0.1:', '//localhost:'); // passkeys belong to a name, never to an IP address
  const { connection } = settings.database;
  const lines = [
    ['API', `${url}/api`],
    ...(settings.server.docsEnabled ? [['Docs', `${url}/docs`]] : []),
    ...(settings.console.enabled ? [['Console', `${url}/admin`]] : []),
    ...(settings.mail.mailbox ? [['Mail', `${url}/dev/mail`]] : []),
    ['Data', dataDir ? path.relative('', dataDir) || '.' : `${connection.name} at ${addressOf(connection)}`],
    ...(admin ? [['Admin', credentials(admin)]] : []),
  ];
  const body = lines.map(([label = '', text]) => `  ${label.padEnd(7)} ${text}`).join('\n');
  return `\n  UserHub is ready\n\n${body}\n\n`;
}

/** Shown at each start, until the password is changed. */
function credentials({ email, password }: DevelopmentAdmin): string {
  if (password) return `${email} / ${password}`;
  return `${email}   (its password has been changed; to reset it: npm run cli -- reset-password ${email})`;
}

import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SCRIPT } from '../request.js';
import type { Settings } from '../config/settings.js';
import type { DatabaseHandle } from './resolve-database.js';
import { UsersService } from '../users/users.service.js';

const ADMIN_EMAIL = 'admin@example.com';

interface NewAdmin {
  email: string;
  password: string;
}

/** Makes an admin with a random password on a database that has none; undefined when it has one. */
export async function makeDevelopmentAdmin(app: NestFastifyApplication): Promise<NewAdmin | undefined> {
  const users = app.get(UsersService);
  if (await users.hasAdmin()) return undefined;
  const password = randomBytes(12).toString('base64url');
  const admin = await users.createFirstAdmin(ADMIN_EMAIL, password, SCRIPT);
  return admin ? { email: admin.email, password } : undefined;
}

interface BannerOptions {
  url: string;
  settings: Settings;
  place: DatabaseHandle;
  admin: NewAdmin | undefined;
}

/** What somebody who has just started the server wants to know. In production: nothing, the log says it. */
export function banner({ url, settings, place, admin }: BannerOptions): string {
  if (settings.isProduction) return '';
  const { host, port, name } = place.database;
  const lines = [
    ['API', `${url}/api`],
    ...(settings.docsEnabled ? [['Docs', `${url}/docs`]] : []),
    ...(settings.consoleEnabled ? [['Console', `${url}/admin`]] : []),
    ['Data', place.dataDir ? path.relative('', place.dataDir) || '.' : `${name} at ${host}:${port}`],
    ...(admin ? [['Admin', `${admin.email} / ${admin.password}   (shown only now)`]] : []),
  ];
  const body = lines.map(([label = '', text]) => `  ${label.padEnd(7)} ${text}`).join('\n');
  return `\n  UserHub is ready\n\n${body}\n\n`;
}

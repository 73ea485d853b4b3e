import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { developmentSecrets, keepDevelopmentAdmin } from '../../config/development-secrets.js';
import { SCRIPT } from '../../request.js';
import { FirstAdmin } from '../../users/first-admin.js';
import { Passwords } from '../../users/passwords/passwords.js';
import { UsersService } from '../../users/users.service.js';

const EMAIL = 'admin@example.com';

/** The admin of a development server; without a password when it was changed. */
export interface DevelopmentAdmin {
  email: string;
  password?: string;
}

/**
 * Creates an admin with a random password if the database has none, and stores the password with the development secrets.
 * Undefined when the database has other admins.
 */
export async function developmentAdmin(
  app: INestApplicationContext,
  dataDir: string,
): Promise<DevelopmentAdmin | undefined> {
  if (await app.get(UsersService).hasAdmin()) return known(app, dataDir);
  const admin = { email: EMAIL, password: randomBytes(12).toString('base64url') };
  keepDevelopmentAdmin(dataDir, admin); // stored before it is created
  return (await app.get(FirstAdmin).ensure(admin.email, admin.password)) ? admin : known(app, dataDir);
}

async function known(app: INestApplicationContext, dataDir: string): Promise<DevelopmentAdmin | undefined> {
  const { email, password } = developmentSecrets(dataDir).admin ?? { email: EMAIL };
  const passwords = app.get(Passwords);
  const account = await passwords.find(email, SCRIPT);
  if (account?.role !== 'admin') return undefined;
  const holds = password !== undefined && (await passwords.hasher.verify(password, account.passwordHash));
  return holds ? { email, password } : { email };
}

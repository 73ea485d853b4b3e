/** The settings of the process: read from the environment once, validated as a whole, then passed on. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { AccountSettings, readAccounts } from './account-settings.js';
import { AuditSettings, readAudit } from './audit-settings.js';
import { ConsoleSettings, readConsole } from './console-settings.js';
import { DatabaseSettings, readDatabase } from './database-settings.js';
import { developmentEncryptionKey, developmentSecrets } from './development-secrets.js';
import { type Environment, type EnvironmentNote, EnvironmentReader, SettingsError } from './environment.js';
import { LoggingSettings, readLogging } from './logging-settings.js';
import { MailSettings, readMail } from './mail-settings.js';
import { MfaSettings, readMfa } from './mfa-settings.js';
import { PasskeySettings, readPasskeys } from './passkey-settings.js';
import { PasswordSettings, readPasswords } from './password-settings.js';
import { ProvidersSettings, readProviders } from './provider-settings.js';
import { readServer, ServerSettings } from './server-settings.js';
import { readTextFile } from './text-file.js';
import { readThrottle, ThrottleSettings } from './throttle-settings.js';
import { readTokens, TokenSettings } from './token-settings.js';
import { readWebhooks, WebhookSettings } from './webhook-settings.js';

const ENVIRONMENTS = ['development', 'test', 'production'] as const;

/** The groups of settings, by their name in `Settings`; the class is the injection token. */
export const GROUPS = {
  server: ServerSettings,
  logging: LoggingSettings,
  database: DatabaseSettings,
  tokens: TokenSettings,
  passwords: PasswordSettings,
  mfa: MfaSettings,
  passkeys: PasskeySettings,
  providers: ProvidersSettings,
  throttle: ThrottleSettings,
  accounts: AccountSettings,
  audit: AuditSettings,
  mail: MailSettings,
  webhooks: WebhookSettings,
  console: ConsoleSettings,
};

/** All settings, in groups. Durations are in milliseconds unless the name says otherwise. */
export class Settings {
  /** Every variable that was read, to show which values are in effect. */
  environmentNotes: EnvironmentNote[] = [];
  environment: (typeof ENVIRONMENTS)[number];
  /** Where a development server keeps its database and its secrets. */
  dataDir: string;

  server: ServerSettings;
  logging: LoggingSettings;
  database: DatabaseSettings;
  tokens: TokenSettings;
  passwords: PasswordSettings;
  mfa: MfaSettings;
  passkeys: PasskeySettings;
  providers: ProvidersSettings;
  throttle: ThrottleSettings;
  accounts: AccountSettings;
  audit: AuditSettings;
  mail: MailSettings;
  webhooks: WebhookSettings;
  console: ConsoleSettings;

  get isProduction(): boolean {
    return this.environment === 'production';
  }
}

/**
 * Reads and validates the settings; `.env` in the working directory supplies what the environment doesn't set.
 * @throws SettingsError naming every invalid variable
 */
export function loadSettings(env: Environment = loadEnvironment()): Settings {
  const reader = new EnvironmentReader(env);
  const settings = readSettings(reader);
  if (reader.problems.length) throw new SettingsError(reader.problems);
  settings.environmentNotes = reader.notes;
  return settings;
}

function readSettings(env: EnvironmentReader): Settings {
  const settings = new Settings();
  settings.environment = env.oneOf('NODE_ENV', ENVIRONMENTS, 'development');
  const production = settings.isProduction;
  settings.dataDir = path.resolve(env.text('DATA_DIR') ?? '.data');

  settings.server = readServer(env, production);
  settings.logging = readLogging(env);
  settings.database = readDatabase(env, production);
  settings.tokens = readTokens(env, production, () => developmentSecrets(settings.dataDir).jwtSecret);
  settings.passwords = readPasswords(env, settings.environment);
  settings.mfa = readMfa(env, production, () => developmentEncryptionKey(settings.dataDir));
  settings.passkeys = readPasskeys(env, production, settings.server);
  settings.throttle = readThrottle(env);
  settings.accounts = readAccounts(env);
  settings.providers = readProviders(env, production, { ...settings.accounts, ...settings.server });
  settings.audit = readAudit(env);
  settings.mail = readMail(env, production);
  settings.webhooks = readWebhooks(env, production);
  settings.console = readConsole(env);
  return settings;
}

/** The environment of the process, with `.env` in the working directory as defaults. */
export function loadEnvironment(): Environment {
  const file = path.resolve('.env');
  return existsSync(file) ? { ...parseEnv(readTextFile(file)), ...process.env } : process.env;
}

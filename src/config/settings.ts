/** The settings of the process: read from the environment once, checked as a whole, then only passed on. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import proxyAddr from '@fastify/proxy-addr';
import { parseEnv } from 'node:util';
import { type BreachedPasswordSettings, readBreachedPasswords } from './breached-password-settings.js';
import { type DatabaseSettings, readDatabase } from './database-settings.js';
import { developmentEncryptionKey, developmentSecrets } from './development-secrets.js';
import { days, hours, minutes, seconds } from './durations.js';
import { type EnvironmentNote, EnvironmentReader, type Environment, type Limit, SettingsError } from './environment.js';
import { type JwtSettings, readJwt } from './jwt-settings.js';
import { type AccountSettings, readAccounts } from './account-settings.js';
import { type MailSettings, readMail } from './mail-settings.js';
import { type MfaSettings, readMfa } from './mfa-settings.js';
import { readOrigins } from './origins.js';
import { type PasskeySettings, readPasskeys } from './passkey-settings.js';
import { type ProvidersSettings, readProviders } from './provider-settings.js';
import { readTextFile } from './text-file.js';
import { readWebhooks, type WebhookSettings } from './webhook-settings.js';

const ENVIRONMENTS = ['development', 'test', 'production'] as const;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Everything that can be set. Durations are in milliseconds unless the name says otherwise. */
export class Settings {
  /** Every variable that was read, for people who want to know what is in effect. */
  environmentNotes: EnvironmentNote[] = [];
  environment: (typeof ENVIRONMENTS)[number];
  host: string;
  port: number;
  /** Where metrics are answered; undefined means nowhere. */
  metricsPort: number | undefined;
  logLevel: (typeof LOG_LEVELS)[number];
  debug: boolean;
  docsEnabled: boolean;
  consoleEnabled: boolean;
  /** The networks that may load the console; none: all. */
  consoleNetworks: string[];
  consoleRemotePictures: boolean;
  /** Front ends that may call. */
  corsOrigins: string[];
  /** Whether front ends on any port of this machine may call besides. */
  corsAnyLocalPort: boolean;
  trustProxy: string[];
  shutdownDelay: number;
  /** Processes that serve on the one port, each with a pool of its own. */
  workers: number;
  /** Where a development server keeps its database and its secrets. */
  dataDir: string;

  /** Where the database is; undefined means the embedded one. */
  database: DatabaseSettings | undefined;
  /** The same database by a way that has sessions, for migrations behind a pooler. */
  directDatabase: DatabaseSettings | undefined;
  poolMax: number;
  poolRecycle: number;
  migrateOnStart: boolean;

  jwt: JwtSettings;
  accessTokenLifetime: number;
  refreshTokenLifetime: number;
  sessionLifetime: number;
  refreshGrace: number;

  mfa: MfaSettings;
  /** Undefined means that passkeys are off. */
  passkeys: PasskeySettings | undefined;
  providers: ProvidersSettings;

  bcryptRounds: number;
  passwordMinLength: number;
  /** The first is mixed into new hashes; the others belong to older ones. */
  passwordPeppers: string[];
  breachedPasswords: BreachedPasswordSettings;
  throttle: boolean;
  /** How often something may happen before it is refused. */
  limits: {
    wrongPasswords: Limit;
    wrongPasswordsOfNetwork: Limit;
    wrongPasswordsOfAccount: Limit;
    registrations: Limit;
    takenRegistrations: Limit;
    refusedRefreshes: Limit;
    wrongFactors: Limit;
    wrongFactorsOfDay: Limit;
    passkeyOptions: Limit;
    passkeySignIns: Limit;
    providers: Limit;
    exports: Limit;
  };
  requireIfMatch: boolean;
  auditRetention: number;
  mail: MailSettings;
  accounts: AccountSettings;
  webhooks: WebhookSettings;
  firstAdmin: { email: string; password: string } | undefined;

  get isProduction(): boolean {
    return this.environment === 'production';
  }
}

/**
 * Reads and checks the settings, with `.env` in the working directory below the real environment.
 * @throws SettingsError naming every variable that is wrong
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
  const test = settings.environment === 'test';

  settings.dataDir = path.resolve(env.text('DATA_DIR') ?? '.data');
  settings.database = readDatabase(env, 'DATABASE_URL');
  settings.directDatabase = env.text('DATABASE_URL_DIRECT') ? readDatabase(env, 'DATABASE_URL_DIRECT') : undefined;
  if (production && !settings.database && !env.text('DATABASE_URL')) {
    env.refuse('DATABASE_URL (or DB_HOST, DB_USER, DB_PASSWORD, DB_NAME) must be set in production.', undefined);
  }
  const pooled = settings.database?.pooler === 'transaction';
  settings.poolMax = env.integer('DB_POOL_MAX', pooled ? 5 : 10, { min: 1, max: 500 });
  settings.poolRecycle = seconds(env.integer('DB_POOL_RECYCLE_SECONDS', 300, { min: 1, max: 86_400 }));
  settings.migrateOnStart = env.flag('MIGRATE_ON_START', true);

  settings.jwt = readJwt(env, production, () => developmentSecrets(settings.dataDir).jwtSecret);
  settings.accessTokenLifetime = minutes(env.integer('ACCESS_TOKEN_EXPIRE_MINUTES', 30, { min: 1, max: 1440 }));
  settings.refreshTokenLifetime = days(env.integer('REFRESH_TOKEN_EXPIRE_DAYS', 7, { min: 1, max: 3650 }));
  settings.sessionLifetime = days(env.integer('SESSION_MAX_DAYS', 30, { min: 1, max: 3650 }));
  settings.refreshGrace = seconds(env.integer('REFRESH_GRACE_SECONDS', 30, { min: 0, max: 600 }));

  settings.mfa = readMfa(env, production, () => developmentEncryptionKey(settings.dataDir));

  settings.bcryptRounds = env.integer('BCRYPT_ROUNDS', test ? 4 : 12, { min: test ? 4 : 10, max: 16 });
  settings.passwordMinLength = env.integer('PASSWORD_MIN_LENGTH', 8, { min: 8, max: 64 });
  settings.passwordPeppers = readPeppers(env);
  settings.breachedPasswords = readBreachedPasswords(env, production);
  settings.throttle = env.flag('THROTTLE', true);
  settings.limits = {
    wrongPasswords: env.limit('THROTTLE_WRONG_PASSWORDS', 5, minutes(15)),
    wrongPasswordsOfNetwork: env.limit('THROTTLE_WRONG_PASSWORDS_PER_NETWORK', 50, minutes(5)),
    wrongPasswordsOfAccount: env.limit('THROTTLE_WRONG_PASSWORDS_PER_ACCOUNT', 100, minutes(15)),
    registrations: env.limit('THROTTLE_REGISTRATIONS', 30, hours(1)),
    takenRegistrations: env.limit('THROTTLE_TAKEN_REGISTRATIONS', 150, hours(1)),
    refusedRefreshes: env.limit('THROTTLE_REFUSED_REFRESHES', 150, minutes(5)),
    wrongFactors: env.limit('THROTTLE_WRONG_FACTORS', 5, minutes(15)),
    wrongFactorsOfDay: env.limit('THROTTLE_WRONG_FACTORS_PER_DAY', 20, days(1)),
    passkeyOptions: env.limit('THROTTLE_PASSKEY_OPTIONS', 60, minutes(5)),
    passkeySignIns: env.limit('THROTTLE_PASSKEY_SIGN_INS', 50, minutes(5)),
    providers: env.limit('THROTTLE_PROVIDERS', 60, minutes(5)),
    exports: env.limit('THROTTLE_EXPORTS', 3, days(1)),
  };
  settings.requireIfMatch = env.flag('REQUIRE_IF_MATCH', false);
  settings.auditRetention = days(env.integer('AUDIT_RETENTION_DAYS', 365, { min: 1, max: 36_500 }));
  settings.firstAdmin = readFirstAdmin(env);
  settings.mail = readMail(env, production);
  settings.accounts = readAccounts(env);
  settings.webhooks = readWebhooks(env, production);

  settings.host = env.text('HOST') ?? (production ? '0.0.0.0' : '127.0.0.1');
  settings.port = env.integer('PORT', 8000, { min: 0, max: 65_535 });
  settings.metricsPort = readMetricsPort(env, settings.port);
  settings.debug = env.flag('DEBUG', false);
  settings.logLevel = env.oneOf('LOG_LEVEL', LOG_LEVELS, settings.debug ? 'debug' : 'info');
  settings.docsEnabled = env.flag('DOCS_ENABLED', true);
  settings.consoleEnabled = env.flag('CONSOLE_ENABLED', true);
  settings.consoleNetworks = readNetworks(env, 'CONSOLE_NETWORKS');
  settings.consoleRemotePictures = env.flag('CONSOLE_REMOTE_PICTURES', true);
  settings.corsOrigins = readOrigins(env);
  settings.corsAnyLocalPort = !production;
  settings.passkeys = readPasskeys(env, production, settings);
  settings.providers = readProviders(env, production, { ...settings.accounts, corsOrigins: settings.corsOrigins });
  settings.trustProxy = readNetworks(env, 'TRUST_PROXY');
  settings.shutdownDelay = seconds(env.integer('SHUTDOWN_DELAY_SECONDS', production ? 5 : 0, { min: 0, max: 300 }));
  settings.workers = env.integer('WEB_CONCURRENCY', 1, { min: 1, max: 64 });
  return settings;
}

/** The environment of the process, over `.env` in the working directory. */
export function loadEnvironment(): Environment {
  const file = path.resolve('.env');
  return existsSync(file) ? { ...parseEnv(readTextFile(file)), ...process.env } : process.env;
}

function readMetricsPort(env: EnvironmentReader, port: number): number | undefined {
  if (env.text('METRICS_PORT') === undefined) return undefined;
  const metricsPort = env.integer('METRICS_PORT', 0, { min: 1, max: 65_535 });
  return metricsPort === port ? env.refuse('METRICS_PORT must not be PORT.', undefined) : metricsPort;
}

/** Several, with commas between them; or one that holds a comma, if its parts are too short to be peppers. */
function readPeppers(env: EnvironmentReader): string[] {
  const isLongEnough = (pepper: string) => Buffer.byteLength(pepper) >= 16;
  const parts = env.list('PASSWORD_PEPPER');
  const whole = env.text('PASSWORD_PEPPER') ?? '';
  if (!parts.length || parts.every(isLongEnough)) return parts;
  return isLongEnough(whole) && !parts.some(isLongEnough)
    ? [whole]
    : env.refuse('PASSWORD_PEPPER must be 16 bytes or more, each of them.', []);
}

function readFirstAdmin(env: EnvironmentReader): Settings['firstAdmin'] {
  const email = env.text('FIRST_ADMIN_EMAIL');
  const password = env.text('FIRST_ADMIN_PASSWORD');
  if (email && password) return { email, password };
  if (email || password) env.refuse('FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD must be set together.', undefined);
  return undefined;
}

function readNetworks(env: EnvironmentReader, name: string): string[] {
  return env.list(name).map((network) => {
    if (network.endsWith('/0'))
      return env.refuse(`${name}: ${network} is everybody, so anyone could claim any address.`, network);
    try {
      proxyAddr.compile([network]);
      return network;
    } catch {
      return env.refuse(`${name}: "${network}" is not a network such as 10.0.0.0/8.`, network);
    }
  });
}

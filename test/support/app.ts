import { pino } from 'pino';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadSettings, type Settings } from '../../src/config/settings.js';
import { createApp } from '../../src/app/create-app.js';
import { prepareApp } from '../../src/app/prepare.js';
import { MailLinks } from '../../src/mail/links.js';
import { Api } from './api.js';
import { createDatabase, type TestDatabase } from './database.js';

/** Long enough, and nobody's. */
export const ENCRYPTION_KEY = 'a key for data that only the tests know';

/** Long enough, and nobody's. */
export const SECRET = 'a secret that only the tests know, 48 bytes long.';

/** A running server on a real socket, with a database of its own. */
export interface TestApp {
  /** Where it listens: `http://127.0.0.1:…`. */
  url: string;
  /** Calls it as nobody; `api.as(token)` as somebody. */
  api: Api;
  settings: Settings;
  nest: NestFastifyApplication;
  database: TestDatabase;
  sql: TestDatabase['sql'];
  /** Every line that it has logged so far. */
  logs: Record<string, unknown>[];
  /** Another replica on the same database. */
  replica: (env?: Record<string, string>) => Promise<TestApp>;
  close: () => Promise<void>;
}

/**
 * Starts a server with these variables as its environment.
 * Throttles are off unless a test is about them: all tests come from one address.
 */
export async function startApp(env: Record<string, string> = {}, database?: TestDatabase): Promise<TestApp> {
  const db = database ?? (await createDatabase());
  const settings = loadSettings({
    NODE_ENV: 'test',
    DATABASE_URL: db.url,
    JWT_SECRET_KEY: SECRET,
    DATA_ENCRYPTION_KEY: ENCRYPTION_KEY,
    PORT: '0',
    THROTTLE: 'off',
    DB_POOL_MAX: '5',
    ...(env['NODE_ENV'] === 'production' && { BREACHED_PASSWORDS: 'off' }), // no test asks the public service
    ...env,
  });
  const logs: Record<string, unknown>[] = [];
  const logger = pino(
    { level: env['LOG_LEVEL'] ?? 'debug', formatters: { level: (level) => ({ level }) }, base: undefined },
    { write: (line: string) => void logs.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const nest = await createApp(settings, logger);
  if (settings.server.metricsPort)
    await (await import('../../src/metrics/exposition.js')).exposeMetrics(nest, settings);
  await nest.listen(0, '127.0.0.1');
  await prepareApp(nest);
  const url = await nest.getUrl();
  const close = async () => {
    await nest.close();
    assertNoSecretLogged(logs);
    assertNoCodeLogged(logs, await mailCodes(nest, db));
    if (!database) await db.drop();
  };
  const replica = (more: Record<string, string> = {}) => startApp({ ...env, ...more }, db);
  return { url, api: new Api(url), settings, nest, database: db, sql: db.sql, logs, replica, close };
}

/** What must never be logged: tokens, hashes, connection strings. Passwords of the tests all hold the word "horse". */
const SECRETS =
  /\beyJ[\w-]{10,}\.|\b(?:rt|mt|dt|ev|pr|ec|er|iv|ur|lt|pc|uhp|whsec)_[\w+/-]{20,}|\$2[aby]\$\d\d\$|postgres(?:ql)?:\/\/|horse/;

function assertNoSecretLogged(logs: Record<string, unknown>[]): void {
  const line = logs.map((entry) => JSON.stringify(entry)).find((text) => SECRETS.test(text));
  if (line) throw new Error(`A secret was logged: ${line.slice(0, 500)}`);
}

/** The codes of all mails that there were: six digits, so they are looked for one by one. */
async function mailCodes(nest: NestFastifyApplication, { sql }: TestDatabase): Promise<string[]> {
  const links = nest.get(MailLinks, { strict: false });
  const challenges = await sql<{ id: string }>('SELECT id FROM mail_challenges').catch(() => []); // a test may have taken it away
  return challenges.map(({ id }) => links.code(id));
}

function assertNoCodeLogged(logs: Record<string, unknown>[], codes: string[]): void {
  if (codes.length === 0) return;
  const pattern = new RegExp(
    `(?<![\\w.-])(?:${codes.map((code) => `${code.slice(0, 3)} ?${code.slice(3)}`).join('|')})(?![\\w.-])`,
  );
  const line = logs.map((entry) => JSON.stringify(entry)).find((text) => pattern.test(text));
  if (line) throw new Error(`A code was logged: ${line.slice(0, 500)}`);
}

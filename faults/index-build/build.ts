import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { migrations } from '../../migrations/index.js';
import { loadSettings } from '../../src/config/settings.js';
import { migrate } from '../../src/database/migrate.js';
import { Replica, SECRET } from '../replica.js';
import { Crowd } from './crowd.js';
import { INDEX, SessionsByLastUse1999000000000, SessionsByLastUseLocked1999000000000 } from './migration.js';
import type { Period } from './figures.js';
import { printReport } from './report.js';
import { seedSessions } from './seed.js';

/** On what, and how. */
export interface Plan {
  /** Of an empty database. */
  url: string;
  /** For the server's log. */
  folder: string;
  sessions: number;
  /** How long the load before the build is measured. */
  seconds: number;
  isLocking: boolean;
}

const SETTLE = 3_000; // the first hashes and statements cost more; and the last gap is to be seen to its end

/** Builds the index under load, and prints how it went. Returns whether what must hold has held. */
export async function buildUnderLoad({ url, folder, sessions, seconds, isLocking }: Plan): Promise<boolean> {
  const replica = await Replica.start('server', { DATABASE_URL: url }, folder);
  await replica.ready();
  const db = new pg.Client(url);
  await db.connect();
  const seeded = await seedSessions(db, sessions, (done) => console.log(`  ${done.toLocaleString('en')} sessions`));
  const crowd = new Crowd(replica, seeded);
  await delay(SETTLE);
  const before = await during(() => delay(seconds * 1_000));
  await delay(1_000); // or the first gap of the build would be one of the time before as well
  const meanwhile = await during(() => applyIndex(url, isLocking));
  await delay(SETTLE);
  await crowd.stop();
  const built = await describeIndex(db);
  await db.end();
  replica.signal('SIGTERM');
  await replica.ended();
  return printReport(crowd.samples, { before, meanwhile }, `${sessions.toLocaleString('en')} sessions in ${built}`);
}

/** As a replica of the next version does when it starts. */
async function applyIndex(url: string, isLocking: boolean): Promise<void> {
  const settings = loadSettings({ NODE_ENV: 'test', DATABASE_URL: url, JWT_SECRET_KEY: SECRET });
  const migration = isLocking ? SessionsByLastUseLocked1999000000000 : SessionsByLastUse1999000000000;
  await migrate(settings, [...migrations, migration]);
}

async function during(work: () => Promise<unknown>): Promise<Period> {
  const from = performance.now();
  await work();
  return { from, to: performance.now() };
}

async function describeIndex(db: pg.Client): Promise<string> {
  const { rows } = await db.query<{ valid: boolean; table: string; index: string }>(
    `SELECT indisvalid AS valid, pg_size_pretty(pg_table_size(indrelid)) AS table, pg_size_pretty(pg_table_size(indexrelid)) AS index
     FROM pg_index WHERE indexrelid = to_regclass($1)`,
    [INDEX.name],
  );
  const [found] = rows;
  if (!found?.valid) throw new Error(`${INDEX.name} is not there, or not valid`);
  return `${found.table}, an index of ${found.index}`;
}

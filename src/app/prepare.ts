import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DatabaseSettings } from '../config/database-settings.js';
import type { Settings } from '../config/settings.js';
import { Connector, NotPreparedError } from '../database/connector.js';
import { Database } from '../database/database.js';
import { listMigrations, migrate } from '../database/migrate.js';
import { Outbox } from '../outbox/outbox.js';
import { removalJob } from '../outbox/removal-job.js';
import { Scheduler } from '../outbox/scheduler.js';
import { Throttle } from '../throttle/throttle.js';
import { FirstAdmin } from '../users/first-admin.js';
import { countUnusableHashes } from '../users/passwords/unusable-hashes.js';
import type { AppOptions } from './create-app.js';

/**
 * Brings the application to its database and does what must be done before the first request: migrations, first admin.
 * Waits for a database that isn't there yet. Returns whether it came before the application was closed.
 * @throws UnusableDatabaseError; Problem when FIRST_ADMIN_EMAIL or FIRST_ADMIN_PASSWORD can't be used
 */
export async function prepareApp(app: NestFastifyApplication, { settings, database }: AppOptions): Promise<boolean> {
  const isPrepared = await app.get(Connector).connect(async () => {
    if (settings.migrateOnStart) await migrate(settings, database);
    else await assertMigrated(settings, database);
    const { firstAdmin } = settings;
    if (firstAdmin) await app.get(FirstAdmin).ensure(firstAdmin.email, firstAdmin.password);
  });
  if (!isPrepared) return false;
  await reportUnusableHashes(app, settings);
  const [outbox, throttle, scheduler] = [app.get(Outbox), app.get(Throttle), app.get(Scheduler)];
  outbox.start();
  // those of them that know of no scheduler; the others have registered theirs
  scheduler.register(removalJob('old_counters', () => throttle.purge()));
  scheduler.register(removalJob('old_outbox_jobs', () => outbox.purge()));
  scheduler.start();
  return true;
}

/** A wrong or missing pepper looks to everybody like a wrong password: the log says what it is. */
async function reportUnusableHashes(app: NestFastifyApplication, { passwordPeppers }: Settings): Promise<void> {
  const log = new Logger('Passwords');
  const database = app.get(Database);
  try {
    const read = <Row>(text: string, values: unknown[]) => database.read({ text }, values) as Promise<Row[]>;
    const count = await countUnusableHashes(read, passwordPeppers, { among: 'newest' });
    if (count) log.warn({ event: 'unusable_password_hashes', count, msg: UNUSABLE_HASHES });
  } catch (error) {
    log.debug(error); // no reason not to start
  }
}

const UNUSABLE_HASHES =
  'There are passwords that nobody can sign in with: PASSWORD_PEPPER lacks the pepper that they were hashed with. "userhub doctor" says more.';

async function assertMigrated(settings: Settings, database: DatabaseSettings): Promise<void> {
  const pending = (await listMigrations(settings, database)).filter(({ applied }) => !applied);
  if (pending.length)
    throw new NotPreparedError(`migrations are pending (${pending.map(({ name }) => name).join(', ')})`);
}

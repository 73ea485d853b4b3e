import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Settings } from '../config/settings.js';
import { Connector, NotPreparedError } from '../database/connector.js';
import { Database } from '../database/database.js';
import { listMigrations, migrate } from '../database/migrate.js';
import { Outbox } from '../outbox/outbox.js';
import { removalJob } from '../outbox/removal-job.js';
import { Scheduler } from '../outbox/scheduler.js';
import { Throttle } from '../throttle/throttle.js';
import { FirstAdmin } from '../users/first-admin.js';
import { countUnusableHashes } from '../users/passwords/unusable-hashes.js';

/**
 * Connects to the database and runs what the first request needs: migrations, first admin. Waits for a database that can't
 * be reached yet. Returns whether it succeeded before the application was closed.
 * @throws UnusableDatabaseError; Problem when FIRST_ADMIN_EMAIL or FIRST_ADMIN_PASSWORD can't be used
 */
export async function prepareApp(app: NestFastifyApplication): Promise<boolean> {
  const settings = app.get(Settings);
  const isPrepared = await app.get(Connector).connect(async () => {
    if (settings.database.migrateOnStart) await migrate(settings);
    else await assertMigrated(settings);
    const { firstAdmin } = settings.accounts;
    if (firstAdmin) await app.get(FirstAdmin).ensure(firstAdmin.email, firstAdmin.password);
  });
  if (!isPrepared) return false;
  await reportUnusableHashes(app, settings);
  const [outbox, throttle, scheduler] = [app.get(Outbox), app.get(Throttle), app.get(Scheduler)];
  outbox.start();
  // jobs of folders that may not import the scheduler; the others register their own
  scheduler.register(removalJob('old_counters', () => throttle.purge()));
  scheduler.register(removalJob('old_outbox_jobs', () => outbox.purge()));
  scheduler.start();
  return true;
}

/** With a wrong or missing pepper every password looks wrong: logs the reason. */
async function reportUnusableHashes(app: NestFastifyApplication, { passwords }: Settings): Promise<void> {
  const log = new Logger('Passwords');
  const database = app.get(Database);
  try {
    const read = <Row>(text: string, values: unknown[]) => database.read({ text }, values) as Promise<Row[]>;
    const count = await countUnusableHashes(read, passwords.peppers, { among: 'newest' });
    if (count) log.warn({ event: 'unusable_password_hashes', count, msg: UNUSABLE_HASHES });
  } catch (error) {
    log.debug(error); // not a reason to refuse the start
  }
}

const UNUSABLE_HASHES =
  'There are passwords that nobody can sign in with: PASSWORD_PEPPER lacks the pepper that they were hashed with. "userhub doctor" says more.';

async function assertMigrated(settings: Settings): Promise<void> {
  const pending = (await listMigrations(settings)).filter(({ applied }) => !applied);
  if (pending.length)
    throw new NotPreparedError(`migrations are pending (${pending.map(({ name }) => name).join(', ')})`);
}

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuditService } from '../audit/audit.service.js';
import { SessionsService } from '../auth/sessions/sessions.service.js';
import type { DatabaseSettings } from '../config/database-settings.js';
import type { Settings } from '../config/settings.js';
import { Connector, NotPreparedError } from '../database/connector.js';
import { listMigrations, migrate } from '../database/migrate.js';
import { Scheduler } from '../outbox/scheduler.js';
import { SCRIPT } from '../request.js';
import { Throttle } from '../throttle/throttle.js';
import { UsersService } from '../users/users.service.js';
import type { AppOptions } from './create-app.js';

/**
 * Brings the application to its database and does what must be done before the first request: migrations, first admin.
 * Waits for a database that isn't there yet. Returns whether it came before the application was closed.
 * @throws Problem when FIRST_ADMIN_EMAIL or FIRST_ADMIN_PASSWORD can't be used
 */
export async function prepareApp(app: NestFastifyApplication, { settings, database }: AppOptions): Promise<boolean> {
  const isPrepared = await app.get(Connector).connect(async () => {
    if (settings.migrateOnStart) await migrate(settings, database);
    else await assertMigrated(settings, database);
    if (settings.firstAdmin) {
      await app.get(UsersService).createFirstAdmin(settings.firstAdmin.email, settings.firstAdmin.password, SCRIPT);
    }
  });
  if (!isPrepared) return false;
  const [throttle, audit, sessions] = [app.get(Throttle), app.get(AuditService), app.get(SessionsService)];
  app.get(Scheduler).start({
    throttle: () => throttle.purge(),
    audit: () => audit.purge(),
    sessions: () => sessions.purge(),
  });
  return true;
}

async function assertMigrated(settings: Settings, database: DatabaseSettings): Promise<void> {
  const pending = (await listMigrations(settings, database)).filter(({ applied }) => !applied);
  if (pending.length)
    throw new NotPreparedError(`migrations are pending (${pending.map(({ name }) => name).join(', ')})`);
}

import path from 'node:path';
import { developmentSecrets } from '../config/development-secrets.js';
import type { Settings } from '../config/settings.js';
import { runningPort } from './development/data-folder.js';
import { startEmbeddedPostgres } from './development/embedded-postgres.js';
import type { ConnectionSettings } from '../config/connection-settings.js';

/** The database in use, for as long as it is. */
export interface DatabaseHandle {
  /** Where an embedded database keeps its data. */
  dataDir?: string;
  /** Stops what was started to have a database. */
  stop(): Promise<void>;
}

const nothing = () => Promise.resolve();

/**
 * Starts the embedded database when the settings name no other, and enters into them where it listens: from here on they
 * lead to a database, whichever it is.
 * @param join use an embedded one that runs already, as a script beside the server does; otherwise it is refused
 */
export async function resolveDatabase(settings: Settings, { join = false } = {}): Promise<DatabaseHandle> {
  const { database } = settings;
  if (!database.isEmbedded) return { stop: nothing };
  const dataDir = path.join(settings.dataDir, 'postgres');
  const password = developmentSecrets(settings.dataDir).databasePassword;
  const running = join ? await runningPort(dataDir) : undefined;
  const started = running
    ? undefined
    : await startEmbeddedPostgres({ dataDir, password, database: database.connection.name });
  const servers: ConnectionSettings['servers'] = [{ host: '127.0.0.1', port: started?.port ?? running ?? 0 }];
  database.connection = { ...database.connection, servers, password };
  return { dataDir, stop: () => started?.stop() ?? nothing() };
}

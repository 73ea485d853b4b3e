import path from 'node:path';
import { developmentSecrets } from '../config/development-secrets.js';
import type { Settings } from '../config/settings.js';
import { runningPort } from './development/data-folder.js';
import { startEmbeddedPostgres } from './development/embedded-postgres.js';
import type { ConnectionSettings } from '../config/connection-settings.js';

/** The database in use. */
export interface DatabaseHandle {
  /** The data folder of an embedded database. */
  dataDir?: string;
  /** Stops the database if it was started here. */
  stop(): Promise<void>;
}

const nothing = () => Promise.resolve();

/**
 * Starts the embedded database unless the settings name another one, and enters its address into the settings.
 * @param join use an embedded one that is already running, as a script beside the server does; otherwise that is an error
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

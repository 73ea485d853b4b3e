import path from 'node:path';
import type { DatabaseSettings } from '../config/database-settings.js';
import { developmentSecrets } from '../config/development-secrets.js';
import type { Settings } from '../config/settings.js';
import { runningPort, startEmbeddedPostgres } from './development/embedded-postgres.js';

/** Where the database is, for as long as it is used. */
export interface DatabaseHandle {
  database: DatabaseSettings;
  /** Where an embedded database keeps its data. */
  dataDir?: string;
  /** Stops what was started to have a database. */
  stop(): Promise<void>;
}

const NAME = 'userhub';

/**
 * The database of the settings, or else an embedded one, started for this process.
 * @param join use an embedded one that runs already, as a script beside the server does; otherwise it is refused
 */
export async function resolveDatabase(settings: Settings, { join = false } = {}): Promise<DatabaseHandle> {
  const nothing = () => Promise.resolve();
  if (settings.database) return { database: settings.database, stop: nothing };
  const dataDir = path.join(settings.dataDir, 'postgres');
  const password = developmentSecrets(settings.dataDir).databasePassword;
  const running = join ? await runningPort(dataDir) : undefined;
  if (running) return { database: local(running, password), dataDir, stop: nothing };
  const server = await startEmbeddedPostgres({ dataDir, password, database: NAME });
  return { database: local(server.port, password), dataDir, stop: () => server.stop() };
}

const local = (port: number, password: string): DatabaseSettings => ({
  host: '127.0.0.1',
  port,
  user: NAME,
  password,
  name: NAME,
  ssl: false,
  pooler: 'none',
});

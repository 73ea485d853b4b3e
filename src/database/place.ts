import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseSettings } from '../config/database-settings.js';
import { developmentSecrets } from '../config/development-secrets.js';
import type { Settings } from '../config/settings.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';

/** Where the database is, for as long as it is used. */
export interface DatabasePlace {
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
export async function openDatabase(settings: Settings, { join = false } = {}): Promise<DatabasePlace> {
  const nothing = async () => undefined;
  if (settings.database) return { database: settings.database, stop: nothing };
  const dataDir = path.join(settings.dataDir, 'postgres');
  const password = developmentSecrets(settings.dataDir).databasePassword;
  const running = join ? runningPort(dataDir) : undefined;
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

/** The port of the server that works on these data: the fourth line of its lock file, the first is its pid. */
function runningPort(dataDir: string): number | undefined {
  const lockFile = path.join(dataDir, 'postmaster.pid');
  if (!existsSync(lockFile)) return undefined;
  const [pid, , , port] = readFileSync(lockFile, 'utf8').split('\n');
  return isAlive(Number(pid)) ? Number(port) : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // alive, and somebody else's
  }
}

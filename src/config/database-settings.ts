import { seconds } from './durations.js';
import type { EnvironmentReader } from './environment.js';
import { type ConnectionSettings, readConnection } from './connection-settings.js';

/** Settings of the database, and of its pool in each process. */
export class DatabaseSettings {
  /** Whether it is the embedded one, for development: then resolveDatabase() sets its port. */
  isEmbedded: boolean;
  connection: ConnectionSettings;
  /** A direct connection to the same database, for migrations behind a pooler. */
  directConnection: ConnectionSettings | undefined;
  poolMax: number;
  /** The longest lifetime of a connection, in milliseconds. */
  poolRecycle: number;
  migrateOnStart: boolean;
}

/** Reads the settings of the database; in production there is no embedded one. */
export function readDatabase(env: EnvironmentReader, production: boolean): DatabaseSettings {
  const connection = readConnection(env, 'DATABASE_URL');
  if (production && !connection && !env.text('DATABASE_URL')) {
    env.refuse('DATABASE_URL (or DB_HOST, DB_USER, DB_PASSWORD, DB_NAME) must be set in production.', undefined);
  }
  const poolMax = connection?.pooler === 'transaction' ? 5 : 10;
  return {
    isEmbedded: !connection,
    connection: connection ?? EMBEDDED,
    directConnection: env.text('DATABASE_URL_DIRECT') ? readConnection(env, 'DATABASE_URL_DIRECT') : undefined,
    poolMax: env.integer('DB_POOL_MAX', poolMax, { min: 1, max: 500 }),
    poolRecycle: seconds(env.integer('DB_POOL_RECYCLE_SECONDS', 300, { min: 1, max: 86_400 })),
    migrateOnStart: env.flag('MIGRATE_ON_START', true),
  };
}

/** The embedded database; port and password are set when it is started. */
const EMBEDDED: ConnectionSettings = {
  servers: [{ host: '127.0.0.1', port: 0 }],
  user: 'userhub',
  password: undefined,
  name: 'userhub',
  ssl: false,
  pooler: 'none',
};

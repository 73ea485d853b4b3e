import { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { dataSourceOptions } from '../database/data-source-options.js';
import { listMigrations } from '../database/migrate.js';
import { StandbyError } from '../database/failures.js';
import { unmetRequirements } from '../database/requirements.js';
import { examineWebhooks } from './doctor.webhooks.js';
import { examineFactors } from './doctor.mfa.js';
import { examineAccounts } from './doctor.accounts.js';
import { examineFacts, type Facts, FACTS } from './doctor.server.js';
import { explain } from './failures.js';
import { bad, doubtful, type Finding, good } from './findings.js';
import { addressOf, type ConnectionSettings } from '../config/connection-settings.js';

/** Findings about the database, connected to as the server does. */
export async function examineDatabase(settings: Settings): Promise<Finding[]> {
  const roles = await examineRoles(settings);
  const dataSource = oneConnection(settings);
  try {
    await dataSource.initialize();
  } catch (error) {
    return [...roles, unreachable(settings.database.connection, error)];
  }
  try {
    return [...roles, ...(await examineServer(dataSource, settings))];
  } finally {
    await dataSource.destroy();
  }
}

/** With several servers: which is the primary, and whether the standbys are reachable. */
async function examineRoles(settings: Settings): Promise<Finding[]> {
  const { connection } = settings.database;
  if (connection.servers.length === 1) return [];
  return Promise.all(
    connection.servers.map(async (server) => {
      const alone: ConnectionSettings = { ...connection, servers: [server] };
      const dataSource = oneConnection(settings, alone);
      try {
        await dataSource.initialize();
        await dataSource.destroy();
        return good(`${addressOf(alone)} is the primary.`);
      } catch (error) {
        if (error instanceof StandbyError) return good(`${addressOf(alone)} is a standby.`);
        return doubtful(
          `${addressOf(alone)}: ${explain(error)}`,
          'A failover to it would fail: start it, or remove it from DATABASE_URL.',
        );
      }
    }),
  );
}

function oneConnection(settings: Settings, connection = settings.database.connection): DataSource {
  const options = dataSourceOptions(settings, [], connection);
  return new DataSource({ ...options, poolSize: 1 } as typeof options);
}

async function examineServer(db: DataSource, settings: Settings): Promise<Finding[]> {
  const asked = Date.now();
  const [facts] = await db.query<[Facts]>(FACTS);
  const answered = Date.now();
  const unmet = await unmetRequirements(db);
  const skew = facts.now - (asked + answered) / 2;
  return [
    ...examineFacts(facts, skew, unmet, settings.database),
    ...(unmet.length ? [] : await schema(db, facts, settings)),
  ];
}

async function schema(db: DataSource, facts: Facts, settings: Settings): Promise<Finding[]> {
  const all = await listMigrations(settings);
  const pending = all.filter(({ applied }) => !applied).map(({ name }) => name);
  if (pending.length === 0) {
    return [
      good(`All ${all.length} migrations are applied.`),
      ...(await examineAccounts(db, settings)),
      ...(await examineFactors((text, values) => db.query(text, values), settings)),
      ...(await examineWebhooks(db, settings)),
    ];
  }
  const text = `Migrations are pending: ${pending.join(', ')}`;
  if (!facts.mayCreateTables)
    return [bad(text, 'This role may not create tables: GRANT CREATE ON SCHEMA public TO it.')];
  return [
    settings.database.migrateOnStart
      ? doubtful(text, 'The next start applies them.')
      : bad(text, 'Apply them: userhub migrate'),
  ];
}

function unreachable(database: ConnectionSettings, error: unknown): Finding {
  return bad(`${database.name} at ${addressOf(database)}: ${explain(error)}`, remedyFor(error, database));
}

function remedyFor(error: unknown, { name }: ConnectionSettings): string {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (/unsupported startup parameter/i.test(message))
    return 'It is behind a connection pooler: set DATABASE_POOLER=transaction.';
  if (/no encryption|SSL off/i.test(message)) return 'It requires TLS: add ?sslmode=require to DATABASE_URL.';
  if (/does not support SSL/i.test(message)) return 'It does not support TLS: remove sslmode from DATABASE_URL.';
  if (/CERT|LEAF_SIGNATURE/.test(code)) return 'Name its certificate authority: sslrootcert=<file> in DATABASE_URL.';
  if (code.startsWith('28') || message.startsWith('SASL')) return 'Check user and password in DATABASE_URL.';
  if (code === '3D000') return `Create it: CREATE DATABASE "${name}"`;
  return 'Is it running, and are host and port in DATABASE_URL right?';
}

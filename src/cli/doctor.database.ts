import { DataSource } from 'typeorm';
import { addressOf, type ConnectionSettings, type DatabaseSettings } from '../config/database-settings.js';
import { seconds } from '../config/durations.js';
import type { Settings } from '../config/settings.js';
import { dataSourceOptions } from '../database/data-source-options.js';
import { listMigrations } from '../database/migrate.js';
import type { ForeignCount } from '../users/passwords/foreign-hashes.js';
import { hasArgon2 } from '../users/passwords/password-hasher.js';
import { COUNT_FOREIGN } from '../users/passwords/passwords.statements.js';
import { countUnusableHashes } from '../users/passwords/unusable-hashes.js';
import { StandbyError } from '../database/failures.js';
import { unmetRequirements } from '../database/requirements.js';
import { examineWebhooks } from './doctor.webhooks.js';
import { examineFactors } from './doctor.mfa.js';
import { explain } from './failures.js';
import { bad, doubtful, type Finding, good } from './findings.js';

const OLDEST_VERSION = 14; // of those that the PostgreSQL project still mends
const PGBOUNCER_PORT = 6432;
const RESERVED_CONNECTIONS = 5; // for superusers, migrations, probes and people who look
const NOTICED_SKEW = seconds(2);
const HARMFUL_SKEW = seconds(30);

interface Facts {
  version: string;
  major: number;
  maxConnections: number;
  now: number;
  readOnly: boolean;
  mayCreateTables: boolean;
  mayCreateExtensions: boolean;
  trigrams: 'installed' | 'available' | null;
}

// what is trusted can be made by whoever may create in the database, since PostgreSQL 13
const FACTS = `
  SELECT current_setting('server_version') AS version,
    current_setting('server_version_num')::int / 10000 AS major,
    current_setting('max_connections')::int AS "maxConnections",
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
    pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS "readOnly",
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS "mayCreateTables",
    current_setting('is_superuser')::bool OR has_database_privilege(current_database(), 'CREATE') AS "mayCreateExtensions",
    (SELECT CASE WHEN installed_version IS NULL THEN 'available' ELSE 'installed' END
     FROM pg_available_extensions WHERE name = 'pg_trgm') AS trigrams`;

const HAS_ADMIN = `
  SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND is_active AND deleted_at IS NULL) AS found`;

const UNVERIFIED_ADMINS = `
  SELECT count(*)::int AS count FROM users
  WHERE role = 'admin' AND is_active AND deleted_at IS NULL AND email_verified_at IS NULL AND email IS NOT NULL`;

/** What is to be said of the database, reached in the way that the server reaches it. */
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

/** Of several servers, which one is the primary, and whether the others are there to take its place. */
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
          'A failover to it would fail: start it, or leave it out.',
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
  return [
    server(facts, settings.database.connection),
    pooler(settings.database.connection),
    ...unmet.map(({ text, remedy }) => bad(text, remedy)),
    ...(facts.readOnly ? [bad('It is read-only: a standby, perhaps.', 'Point DATABASE_URL at the primary.')] : []),
    connections(facts, settings.database),
    clock(facts.now - (asked + answered) / 2),
    trigrams(facts),
    ...(unmet.length ? [] : await schema(db, facts, settings)),
  ];
}

function server({ version, major }: Facts, connection: ConnectionSettings): Finding {
  const text = `The database ${connection.name} at ${addressOf(connection)} answers: PostgreSQL ${version}`;
  return major < OLDEST_VERSION
    ? doubtful(text, `Nobody mends that version any more: take ${OLDEST_VERSION} or later.`)
    : good(text);
}

function pooler({ pooler, servers }: ConnectionSettings): Finding {
  if (pooler === 'transaction') return good('DATABASE_POOLER=transaction: nothing is kept in the connections.');
  if (servers.every(({ port }) => port !== PGBOUNCER_PORT))
    return good('The connections are our own (DATABASE_POOLER=none).');
  return doubtful(
    `Port ${PGBOUNCER_PORT} is PgBouncer's, and DATABASE_POOLER is none.`,
    'If it pools transactions, set DATABASE_POOLER=transaction.',
  );
}

function connections({ maxConnections }: Facts, { poolMax }: DatabaseSettings): Finding {
  const replicas = Math.floor((maxConnections - RESERVED_CONNECTIONS) / poolMax);
  const text = `It takes ${maxConnections} connections, and each replica ${poolMax} (DB_POOL_MAX): enough for ${replicas}.`;
  return replicas > 0 ? good(text) : bad(text, 'Lower DB_POOL_MAX, or raise max_connections.');
}

function clock(skew: number): Finding {
  const text = `Its clock and this machine's are ${(Math.abs(skew) / 1000).toFixed(1)} s apart.`;
  const remedy = 'Keep both by NTP: tokens and sessions expire by them.';
  if (Math.abs(skew) > HARMFUL_SKEW) return bad(text, remedy);
  return Math.abs(skew) > NOTICED_SKEW ? doubtful(text, remedy) : good(text);
}

function trigrams({ trigrams, mayCreateExtensions }: Facts): Finding {
  if (trigrams === 'installed') return good('The extension pg_trgm is installed.');
  if (!trigrams) return bad('It has no extension pg_trgm.', "Install PostgreSQL's contrib package on its server.");
  if (mayCreateExtensions) return good('The extension pg_trgm can be created.');
  return bad('The extension pg_trgm is missing.', 'Let its owner do: CREATE EXTENSION pg_trgm');
}

async function schema(db: DataSource, facts: Facts, settings: Settings): Promise<Finding[]> {
  const all = await listMigrations(settings);
  const pending = all.filter(({ applied }) => !applied).map(({ name }) => name);
  if (pending.length === 0) {
    return [
      good(`All ${all.length} migrations are applied.`),
      await admins(db),
      ...(await unverifiedAdmins(db, settings)),
      ...(await hashes(db, settings)),
      ...(await foreignHashes(db)),
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

async function admins(db: DataSource): Promise<Finding> {
  const [{ found }] = await db.query<[{ found: boolean }]>(HAS_ADMIN);
  return found ? good('There is an admin.') : doubtful('There is no admin.', 'Make one: userhub create-admin');
}

/** Admins whom REQUIRE_VERIFIED_EMAIL keeps out until they have read a mail. */
async function unverifiedAdmins(db: DataSource, { accounts }: Settings): Promise<Finding[]> {
  if (!accounts.requireVerifiedEmail) return [];
  const [{ count }] = await db.query<[{ count: number }]>(UNVERIFIED_ADMINS);
  if (!count) return [];
  const text = `REQUIRE_VERIFIED_EMAIL keeps ${count} admin${count === 1 ? '' : 's'} out whose address isn't verified.`;
  return [
    doubtful(text, 'They get a mail when they sign in; or take older addresses for verified: userhub verify-emails'),
  ];
}

async function hashes(db: DataSource, { passwords }: Settings): Promise<Finding[]> {
  const count = await countUnusableHashes((text, values) => db.query(text, values), passwords.peppers, {
    among: 'all',
  });
  if (!count) return passwords.peppers.length ? [good('The pepper of every password is at hand.')] : [];
  return [
    bad(
      `Nobody can sign in with ${count} of the passwords: PASSWORD_PEPPER lacks the pepper that they were hashed with.`,
      'Set it again; after a change list both, with a comma between them: the new one, then the old one.',
    ),
  ];
}

/** Who has not signed in since an import. */
async function foreignHashes(db: DataSource): Promise<Finding[]> {
  const counts = await db.query<ForeignCount[]>(COUNT_FOREIGN.text, [null]);
  if (!counts.length) return [];
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const text = `${total} accounts still have the hash of another system (${counts.map(({ scheme, count }) => `${count} ${scheme}`).join(', ')}).`;
  const needsArgon2 = counts.some(({ scheme }) => scheme === 'argon2') && !hasArgon2();
  return [
    needsArgon2
      ? bad(`${text} argon2 can't be verified here.`, 'Install it: npm install @node-rs/argon2')
      : good(`${text} Each is renewed when its owner signs in.`),
  ];
}

function unreachable(database: ConnectionSettings, error: unknown): Finding {
  return bad(`${database.name} at ${addressOf(database)}: ${explain(error)}`, remedyFor(error, database));
}

function remedyFor(error: unknown, { name }: ConnectionSettings): string {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (/unsupported startup parameter/i.test(message))
    return 'A pooler stands before it: set DATABASE_POOLER=transaction.';
  if (/no encryption|SSL off/i.test(message)) return 'It wants encryption: add ?sslmode=require to DATABASE_URL.';
  if (/does not support SSL/i.test(message)) return 'It has no encryption: remove sslmode from DATABASE_URL.';
  if (/CERT|LEAF_SIGNATURE/.test(code)) return 'Name its certificate authority: sslrootcert=<file> in DATABASE_URL.';
  if (code.startsWith('28') || message.startsWith('SASL')) return 'Check user and password in DATABASE_URL.';
  if (code === '3D000') return `Create it: CREATE DATABASE "${name}"`;
  return 'Is it running, and are host and port in DATABASE_URL right?';
}

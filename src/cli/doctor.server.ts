import { type DatabaseSettings } from '../config/database-settings.js';
import { seconds } from '../config/durations.js';
import type { Requirement } from '../database/requirements.js';
import { bad, doubtful, type Finding, good } from './findings.js';
import { addressOf, type ConnectionSettings } from '../config/connection-settings.js';

const OLDEST_VERSION = 14; // still supported by the PostgreSQL project
const PGBOUNCER_PORT = 6432;
const RESERVED_CONNECTIONS = 5; // for superusers, migrations, probes and psql
const NOTICED_SKEW = seconds(2);
const HARMFUL_SKEW = seconds(30);

/** Settings and state of the server. */
export interface Facts {
  version: string;
  major: number;
  maxConnections: number;
  now: number;
  readOnly: boolean;
  mayCreateTables: boolean;
  mayCreateExtensions: boolean;
  trigrams: 'installed' | 'available' | null;
}

/** Reads `Facts`. A trusted extension can be created by whoever has CREATE on the database, since PostgreSQL 13. */
export const FACTS = `
  SELECT current_setting('server_version') AS version,
    current_setting('server_version_num')::int / 10000 AS major,
    current_setting('max_connections')::int AS "maxConnections",
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
    pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS "readOnly",
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS "mayCreateTables",
    current_setting('is_superuser')::bool OR has_database_privilege(current_database(), 'CREATE') AS "mayCreateExtensions",
    (SELECT CASE WHEN installed_version IS NULL THEN 'available' ELSE 'installed' END
     FROM pg_available_extensions WHERE name = 'pg_trgm') AS trigrams`;

/** Findings about the database server. @param skew milliseconds that its clock is ahead of this machine's */
export function examineFacts(facts: Facts, skew: number, unmet: Requirement[], database: DatabaseSettings): Finding[] {
  return [
    server(facts, database.connection),
    pooler(database.connection),
    ...unmet.map(({ text, remedy }) => bad(text, remedy)),
    ...(facts.readOnly ? [bad('It is read-only, probably a standby.', 'Point DATABASE_URL at the primary.')] : []),
    connections(facts, database),
    clock(skew),
    trigrams(facts),
  ];
}

function server({ version, major }: Facts, connection: ConnectionSettings): Finding {
  const text = `The database ${connection.name} at ${addressOf(connection)} answers: PostgreSQL ${version}`;
  return major < OLDEST_VERSION
    ? doubtful(text, `That version is no longer supported: use ${OLDEST_VERSION} or later.`)
    : good(text);
}

function pooler({ pooler, servers }: ConnectionSettings): Finding {
  if (pooler === 'transaction')
    return good('DATABASE_POOLER=transaction: no prepared statements or session parameters are used.');
  if (servers.every(({ port }) => port !== PGBOUNCER_PORT))
    return good('Connections are direct (DATABASE_POOLER=none).');
  return doubtful(
    `Port ${PGBOUNCER_PORT} is PgBouncer's default, but DATABASE_POOLER is none.`,
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
  const remedy = 'Synchronise both by NTP: the expiry of tokens and sessions depends on them.';
  if (Math.abs(skew) > HARMFUL_SKEW) return bad(text, remedy);
  return Math.abs(skew) > NOTICED_SKEW ? doubtful(text, remedy) : good(text);
}

function trigrams({ trigrams, mayCreateExtensions }: Facts): Finding {
  if (trigrams === 'installed') return good('The extension pg_trgm is installed.');
  if (!trigrams) return bad('It has no extension pg_trgm.', "Install PostgreSQL's contrib package on its server.");
  if (mayCreateExtensions) return good('The extension pg_trgm can be created.');
  return bad('The extension pg_trgm is missing.', 'Let its owner do: CREATE EXTENSION pg_trgm');
}

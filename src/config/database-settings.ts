import path from 'node:path';
import { seconds } from './durations.js';
import type { EnvironmentReader } from './environment.js';
import { readTextFile } from './text-file.js';

/** How a server must prove who it is. */
export interface TlsSettings {
  rejectUnauthorized: boolean;
  ca?: string;
  checkServerIdentity?: () => undefined;
}

/** Where a PostgreSQL is, and whether a pooler that shares connections between transactions stands before it. */
export interface ConnectionSettings {
  host: string;
  port: number;
  user: string;
  password: string | undefined;
  name: string;
  ssl: false | TlsSettings;
  pooler: 'none' | 'transaction';
}

/** The database: where it is, and how many connections each process has. */
export class DatabaseSettings {
  /** Whether it is the one that comes along, for development: then resolveDatabase() enters where it listens. */
  isEmbedded: boolean;
  connection: ConnectionSettings;
  /** The same database by a way that has sessions, for migrations behind a pooler. */
  directConnection: ConnectionSettings | undefined;
  poolMax: number;
  /** How long a connection is used, in milliseconds. */
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

/** The embedded database before it runs: its port and its password come when it does. */
const EMBEDDED: ConnectionSettings = {
  host: '127.0.0.1',
  port: 0,
  user: 'userhub',
  password: undefined,
  name: 'userhub',
  ssl: false,
  pooler: 'none',
};

const POOLER_PORTS = new Set([6432, 6543]); // PgBouncer's own, and that of hosted poolers

/** Reads the database from a URL, or from the DB_* parts; undefined when neither is there. */
export function readConnection(env: EnvironmentReader, name: string): ConnectionSettings | undefined {
  const text = env.text(name);
  const place = text ? fromUrl(env, text) : fromParts(env);
  if (place === null) {
    const remedy = unencoded(text ?? '');
    return env.refuse(
      `${name} must look like postgresql://user:password@host:5432/database${remedy ? `: ${remedy}` : ''}.`,
      undefined,
    );
  }
  if (!place) return undefined;
  const guess = POOLER_PORTS.has(place.port) || place.host.includes('-pooler.') ? 'transaction' : 'none';
  return { ...place, pooler: env.oneOf('DATABASE_POOLER', ['none', 'transaction'] as const, guess) };
}

/** Understands `postgres://`, `postgresql://` and SQLAlchemy's `postgresql+driver://`; null when it is none of them. */
function fromUrl(env: EnvironmentReader, text: string): Omit<ConnectionSettings, 'pooler'> | null {
  const url = URL.parse(text.replace(/^postgres(?:ql)?(?:\+\w+)?:\/\//, 'postgresql://'));
  if (url?.protocol !== 'postgresql:' || url.hash) return null;
  const query = url.searchParams;
  try {
    const host = query.get('host') ?? decodeURIComponent(url.hostname);
    const name = decodeURIComponent(url.pathname.slice(1));
    const user = decodeURIComponent(url.username);
    const port = url.port || (query.get('port') ?? '5432');
    if (host.includes(',') || !/^\d{1,5}$/.test(port)) return null; // libpq's lists of servers are not for us
    return {
      host: (host || 'localhost').replace(/^\[|\]$/g, ''),
      port: Number(port),
      user: user || 'postgres',
      password: decodeURIComponent(url.password) || undefined,
      name: name || user || 'postgres',
      // asyncpg spells it `ssl`
      ssl: sslOf(env, query.get('sslmode') ?? query.get('ssl'), query.get('sslrootcert')),
    };
  } catch {
    return null; // a stray % in a part
  }
}

/** What to do about a character that ends the password too early, as one that a generator made up may hold. */
function unencoded(text: string): string | undefined {
  const address = text.slice(text.indexOf('://') + 3);
  const [character] = /[#?/]|%(?![\da-f]{2})/i.exec(address.slice(0, Math.max(0, address.lastIndexOf('@')))) ?? [];
  return character && `percent-encode the ${character} in the password (${encodeURIComponent(character)})`;
}

function fromParts(env: EnvironmentReader): Omit<ConnectionSettings, 'pooler'> | undefined {
  const [host, user, password, name] = ['DB_HOST', 'DB_USER', 'DB_PASSWORD', 'DB_NAME'].map((part) => env.text(part));
  if (!host && !user && !password && !name) return undefined;
  return {
    host: host ?? 'localhost',
    port: env.integer('DB_PORT', 5432, { min: 1, max: 65_535 }),
    user: user ?? 'postgres',
    password,
    name: name ?? 'userhub',
    ssl: sslOf(env, env.text('DB_SSLMODE') ?? null, null),
  };
}

const CERTIFICATES_OF_NODE = 'system'; // libpq's word for "whoever the machine trusts"

/**
 * As libpq reads `sslmode`, save that `allow` and `prefer` stay without TLS: node-postgres can't fall back. The root
 * certificate is a file, or `system`: then the mode is verify-full unless said otherwise. PGSSLROOTCERT names one, too.
 */
function sslOf(env: EnvironmentReader, mode: string | null, rootCertificate: string | null): false | TlsSettings {
  const root = rootCertificate ?? env.text('PGSSLROOTCERT');
  switch (mode ?? (rootCertificate === CERTIFICATES_OF_NODE ? 'verify-full' : 'disable')) {
    case 'false':
    case 'disable':
    case 'allow':
    case 'prefer':
      return false;
    case 'require':
    case 'true':
      return { rejectUnauthorized: root !== undefined, ca: certificateIn(env, root) };
    case 'verify-ca':
      return { rejectUnauthorized: true, ca: certificateIn(env, root), checkServerIdentity: () => undefined };
    case 'verify-full':
      return { rejectUnauthorized: true, ca: certificateIn(env, root) };
    default:
      return env.refuse('sslmode must be one of: disable, allow, prefer, require, verify-ca, verify-full.', false); // never by mistake without TLS
  }
}

/** The certificates of a file; undefined for those that come with Node. */
function certificateIn(env: EnvironmentReader, file: string | undefined): string | undefined {
  if (file === undefined || file === CERTIFICATES_OF_NODE) return undefined;
  try {
    return readTextFile(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : "can't be read";
    return env.refuse(`sslrootcert: the certificate file ${path.resolve(file)} ${reason}.`, undefined);
  }
}

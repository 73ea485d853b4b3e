import type { EnvironmentReader } from './environment.js';
import { tlsOf, type TlsSettings } from './tls-settings.js';

/** Where one PostgreSQL listens: a name or address, or the folder of its Unix socket. */
export interface DatabaseServer {
  host: string;
  port: number;
}

/** Where a PostgreSQL is, and whether a pooler that shares connections between transactions stands before it. */
export interface ConnectionSettings {
  /** Where it may be: several are a primary and its standbys, and the one that takes writes is looked for. */
  servers: [DatabaseServer, ...DatabaseServer[]];
  user: string;
  password: string | undefined;
  name: string;
  ssl: false | TlsSettings;
  pooler: 'none' | 'transaction';
}

/** `host:port` of each server, for people; not for logs, which don't show the network. */
export const addressOf = ({ servers }: Pick<ConnectionSettings, 'servers'>): string =>
  servers.map(({ host, port }) => `${host}:${port}`).join(', ');

const POOLER_PORTS = new Set([6432, 6543]); // PgBouncer's own, and that of hosted poolers

/** Reads the database from a URL, or from the DB_* parts; undefined when neither is there. */
export function readConnection(env: EnvironmentReader, name: string): ConnectionSettings | undefined {
  const text = env.text(name);
  const place = text ? fromUrl(env, name, text) : fromParts(env);
  if (place === null) {
    const remedy = unencoded(text ?? '');
    return env.refuse(
      `${name} must look like postgresql://user:password@host:5432/database${remedy ? `: ${remedy}` : ''}.`,
      undefined,
    );
  }
  if (!place) return undefined;
  const isPooler = ({ host, port }: DatabaseServer) => POOLER_PORTS.has(port) || host.includes('-pooler.');
  const guess = place.servers.some(isPooler) ? 'transaction' : 'none';
  return { ...place, pooler: env.oneOf('DATABASE_POOLER', ['none', 'transaction'] as const, guess) };
}

/** Understands `postgres://`, `postgresql://` and SQLAlchemy's `postgresql+driver://`; null when it is none of them. */
function fromUrl(env: EnvironmentReader, name: string, text: string): Omit<ConnectionSettings, 'pooler'> | null {
  const [, start = '', hosts = '', rest = ''] =
    /^(postgresql:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s.exec(
      text.replace(/^postgres(?:ql)?(?:\+\w+)?:\/\//, 'postgresql://'),
    ) ?? [];
  const url = URL.parse(`${start}${hosts.includes(',') ? 'several' : hosts}${rest}`); // which knows no lists
  if (url?.protocol !== 'postgresql:' || url.hash) return null;
  const query = url.searchParams;
  try {
    const servers = serversOf(hosts, query);
    if (!servers) return null;
    const database = decodeURIComponent(url.pathname.slice(1));
    const user = decodeURIComponent(url.username);
    assertPrimaryIsWanted(env, name, query.get('target_session_attrs'));
    return {
      servers,
      user: user || 'postgres',
      password: decodeURIComponent(url.password) || undefined,
      name: database || user || 'postgres',
      // asyncpg spells it `ssl`
      ssl: tlsOf(env, query.get('sslmode') ?? query.get('ssl'), query.get('sslrootcert')),
    };
  } catch {
    return null; // a stray % in a part
  }
}

/**
 * The servers of a URL, as libpq reads them: `a:1,b:2` before the path, or `host=a,b` with `port=1,2` or one port for all.
 * Undefined when one of them is nowhere, or there are more ports than servers.
 */
function serversOf(authority: string, query: URLSearchParams): ConnectionSettings['servers'] | undefined {
  const parts = authority.split(',').map((one) => URL.parse(`postgresql://${one}`));
  const hosts = query.get('host')?.split(',') ?? parts.map((part) => decodeURIComponent(part?.hostname ?? ''));
  const ports = query.get('port')?.split(',') ?? ['5432'];
  if (ports.length > 1 && ports.length !== hosts.length) return undefined;
  const nowhere = hosts.length > 1 ? '' : 'localhost';
  const servers = hosts.map((host, i) => ({
    host: (host || nowhere).replace(/^\[|\]$/g, ''),
    port: [parts[i]?.port, ports[i] ?? ports[0]].find(Boolean) ?? '',
  }));
  if (servers.some(({ host, port }) => !host || !/^\d{1,5}$/.test(port))) return undefined;
  return servers.map(({ host, port }) => ({ host, port: Number(port) })) as ConnectionSettings['servers'];
}

/** UserHub reads where it writes, so it takes no standby, whatever is preferred. */
function assertPrimaryIsWanted(env: EnvironmentReader, name: string, wanted: string | null): void {
  if (wanted === null || wanted === 'read-write') return;
  env.refuse(`${name}: target_session_attrs must be read-write, or left out: UserHub takes no standby.`, undefined);
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
  const port = env.integer('DB_PORT', 5432, { min: 1, max: 65_535 });
  return {
    servers: [{ host: host ?? 'localhost', port }],
    user: user ?? 'postgres',
    password,
    name: name ?? 'userhub',
    ssl: tlsOf(env, env.text('DB_SSLMODE') ?? null, null),
  };
}

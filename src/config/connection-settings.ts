import type { EnvironmentReader } from './environment.js';
import { tlsOf, type TlsSettings } from './tls-settings.js';

/** Address of a PostgreSQL server: a name or IP address, or the folder of its Unix socket. */
export interface DatabaseServer {
  host: string;
  port: number;
}

/** How to connect to PostgreSQL, and whether through a pooler in transaction mode. */
export interface ConnectionSettings {
  /** Several are a primary and its standbys; the one that accepts writes is used. */
  servers: [DatabaseServer, ...DatabaseServer[]];
  user: string;
  password: string | undefined;
  name: string;
  ssl: false | TlsSettings;
  pooler: 'none' | 'transaction';
}

/** `host:port` of each server, for people; not for logs, which don't disclose the network. */
export const addressOf = ({ servers }: Pick<ConnectionSettings, 'servers'>): string =>
  servers.map(({ host, port }) => `${host}:${port}`).join(', ');

const POOLER_PORTS = new Set([6432, 6543]); // the defaults of PgBouncer and of hosted poolers

/** Reads the connection from a URL, or from the DB_* variables; undefined when neither is set. */
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

/** Parses `postgres://`, `postgresql://` and SQLAlchemy's `postgresql+driver://`; null when it is none of them. */
function fromUrl(env: EnvironmentReader, name: string, text: string): Omit<ConnectionSettings, 'pooler'> | null {
  const [, start = '', hosts = '', rest = ''] =
    /^(postgresql:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s.exec(
      text.replace(/^postgres(?:ql)?(?:\+\w+)?:\/\//, 'postgresql://'),
    ) ?? [];
  const url = URL.parse(`${start}${hosts.includes(',') ? 'several' : hosts}${rest}`); // URL doesn't support lists of hosts
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
      // asyncpg's name for it
      ssl: tlsOf(env, query.get('sslmode') ?? query.get('ssl'), query.get('sslrootcert')),
    };
  } catch {
    return null; // invalid percent-encoding
  }
}

/**
 * The servers of a URL, as in libpq: `a:1,b:2` before the path, or `host=a,b` with `port=1,2` or one port for all. Undefined
 * when a host is empty, or the numbers of ports and hosts differ.
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

/** UserHub writes to the server that it reads from, so it can't use a standby. */
function assertPrimaryIsWanted(env: EnvironmentReader, name: string, wanted: string | null): void {
  if (wanted === null || wanted === 'read-write') return;
  env.refuse(`${name}: target_session_attrs must be read-write, or left out: UserHub takes no standby.`, undefined);
}

/** Advice about an unencoded character in the password, as generated passwords may contain. */
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

import proxyAddr from '@fastify/proxy-addr';
import { seconds } from './durations.js';
import type { EnvironmentReader } from './environment.js';
import { readOrigins } from './origins.js';

/** The HTTP server: where it listens, who may call it, and how it ends. */
export class ServerSettings {
  host: string;
  port: number;
  /** Where metrics are answered; undefined means nowhere. */
  metricsPort: number | undefined;
  docsEnabled: boolean;
  /** Front ends that may call. */
  corsOrigins: string[];
  /** Whether front ends on any port of this machine may call besides. */
  corsAnyLocalPort: boolean;
  /** The networks of the proxies whose X-Forwarded-For is believed. */
  trustProxy: string[];
  /** Whether changes without If-Match are refused. */
  requireIfMatch: boolean;
  /** How long it goes on serving after SIGTERM, in milliseconds. */
  shutdownDelay: number;
  /** Processes that serve on the one port, each with a pool of its own. */
  workers: number;
}

/** Reads the settings of the server. */
export function readServer(env: EnvironmentReader, production: boolean): ServerSettings {
  const port = env.integer('PORT', 8000, { min: 0, max: 65_535 });
  return {
    host: env.text('HOST') ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port,
    metricsPort: readMetricsPort(env, port),
    docsEnabled: env.flag('DOCS_ENABLED', true),
    corsOrigins: readOrigins(env),
    corsAnyLocalPort: !production,
    trustProxy: readNetworks(env, 'TRUST_PROXY'),
    requireIfMatch: env.flag('REQUIRE_IF_MATCH', false),
    shutdownDelay: seconds(env.integer('SHUTDOWN_DELAY_SECONDS', production ? 5 : 0, { min: 0, max: 300 })),
    workers: env.integer('WEB_CONCURRENCY', 1, { min: 1, max: 64 }),
  };
}

function readMetricsPort(env: EnvironmentReader, port: number): number | undefined {
  if (env.text('METRICS_PORT') === undefined) return undefined;
  const metricsPort = env.integer('METRICS_PORT', 0, { min: 1, max: 65_535 });
  return metricsPort === port ? env.refuse('METRICS_PORT must not be PORT.', undefined) : metricsPort;
}

/** The networks of a list, but none that holds every address. */
export function readNetworks(env: EnvironmentReader, name: string): string[] {
  return env.list(name).map((network) => {
    if (network.endsWith('/0'))
      return env.refuse(`${name}: ${network} is everybody, so anyone could claim any address.`, network);
    try {
      proxyAddr.compile([network]);
      return network;
    } catch {
      return env.refuse(`${name}: "${network}" is not a network such as 10.0.0.0/8.`, network);
    }
  });
}

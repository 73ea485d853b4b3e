/** Metrics. Labels have few values, all known beforehand: clients can't create new ones. */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { AuditService } from '../audit/audit.service.js';
import { ProviderEvents } from '../auth/providers/provider-events.js';
import { Providers } from '../auth/providers/providers.js';
import { Database } from '../database/database.js';
import { Outbox } from '../outbox/outbox.js';
import { Throttle } from '../throttle/throttle.js';
import { BreachedPasswords } from '../users/passwords/breached-passwords.js';
import { Passwords } from '../users/passwords/passwords.js';
import { SECONDS } from './gauges.js';
import { measureOutbox, measureWebhooks } from './outbox-metrics.js';
import { countBreachChecks, measureForeignHashes, measureHashing } from './password-metrics.js';
import { countProviders, countRefusals, countSecurityEvents } from './security-metrics.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';

const NO_ROUTE = 'unmatched';

/** Measures an application; call before it listens. */
export function measure(app: NestFastifyApplication): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  measureRequests(registry, app.getHttpAdapter().getInstance());
  measurePool(registry, app.get(Database));
  measureHashing(registry, app.get(Passwords, { strict: false }).hasher);
  countBreachChecks(registry, app.get(BreachedPasswords, { strict: false }));
  countSecurityEvents(registry, app.get(AuditService));
  countRefusals(registry, app.get(Throttle));
  countProviders(registry, app.get(Providers, { strict: false }), app.get(ProviderEvents, { strict: false }));
  measureForeignHashes(registry, app.get(Passwords, { strict: false }));
  measureOutbox(registry, app.get(Outbox));
  measureWebhooks(registry, app.get(Outbox), app.get(WebhooksService, { strict: false }));
  return registry;
}

function measureRequests(registry: Registry, fastify: FastifyInstance): void {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of requests, by the pattern of their route.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [registry],
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? NO_ROUTE;
    duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
}

function measurePool(registry: Registry, database: Database): void {
  new Gauge({
    name: 'userhub_db_pool_connections',
    help: 'Open connections to the database, by whether they are in use.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { total, idle } = database.stats();
      this.set({ state: 'busy' }, total - idle);
      this.set({ state: 'idle' }, idle);
    },
  });
  new Gauge({
    name: 'userhub_db_pool_max',
    help: 'Most connections of the pool.',
    registers: [registry],
    collect() {
      this.set(database.stats().max);
    },
  });
  new Gauge({
    name: 'userhub_db_pool_waiting',
    help: 'Statements that wait for a connection.',
    registers: [registry],
    collect() {
      this.set(database.stats().waiting);
    },
  });
}

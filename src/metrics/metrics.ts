/** What is measured. Every label has few values, known beforehand: whoever calls can't make new ones. */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AuditAction } from '../audit/audit-event.entity.js';
import { AuditService } from '../audit/audit.service.js';
import { PROVIDER_OUTCOMES, ProviderEvents } from '../auth/providers/provider-events.js';
import { Providers } from '../auth/providers/providers.js';
import { minutes } from '../config/durations.js';
import { Database } from '../database/database.js';
import { Outbox } from '../outbox/outbox.js';
import { Throttle } from '../throttle/throttle.js';
import { BREACH_OUTCOMES, BreachedPasswords } from '../users/passwords/breached-passwords.js';
import type { PasswordHasher } from '../users/passwords/password-hasher.js';
import { FOREIGN_SCHEMES } from '../users/passwords/foreign-hashes.js';
import { Passwords } from '../users/passwords/passwords.js';
import { measureOutbox, measureWebhooks, rememberFor, SECONDS } from './outbox-metrics.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';

const NO_ROUTE = 'unmatched';

/** Measures an application from now on; it must not listen yet. */
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
    help: 'How long requests took to answer, by the pattern of their route.',
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
    help: 'Connections to the database that are open, by whether somebody uses them.',
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
    help: 'How many connections there may be.',
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

function measureHashing(registry: Registry, hasher: PasswordHasher): void {
  new Gauge({
    name: 'userhub_bcrypt_jobs',
    help: 'Passwords that are being hashed or verified, and those in line for it.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { running, waiting } = hasher.stats();
      this.set({ state: 'running' }, running);
      this.set({ state: 'waiting' }, waiting);
    },
  });
}

/** Few, and none once everybody has signed in: they are looked up every five minutes, whoever scrapes. */
function measureForeignHashes(registry: Registry, passwords: Passwords): void {
  const remembered = rememberFor(minutes(5), () => passwords.countForeign());
  new Gauge({
    name: 'userhub_foreign_hashes',
    help: 'Accounts whose password still has the hash of another system, by its scheme; counted to 100,000.',
    labelNames: ['scheme'],
    aggregator: 'max', // all workers see the same table
    registers: [registry],
    async collect() {
      const found = await remembered();
      for (const scheme of found ? FOREIGN_SCHEMES : []) {
        this.set({ scheme }, found?.find((one) => one.scheme === scheme)?.count ?? 0);
      }
    },
  });
}

function countBreachChecks(registry: Registry, breached: BreachedPasswords): void {
  const checks = new Counter({
    name: 'userhub_breached_password_checks_total',
    help: 'New passwords looked up among those of known breaches, by result. Failed and skipped look-ups let the password pass.',
    labelNames: ['result'],
    registers: [registry],
  });
  for (const result of BREACH_OUTCOMES) checks.inc({ result }, 0);
  breached.onOutcome((result) => checks.inc({ result }));
}

const FACTOR_EVENTS = new Set<AuditAction>([
  'mfa_challenged',
  'mfa_failed',
  'step_up',
  'recovery_code_used',
  'mfa_reset',
  'passkey_counter',
]);

function countSecurityEvents(registry: Registry, audit: AuditService): void {
  const signIns = new Counter({
    name: 'userhub_sign_ins_total',
    help: 'Attempts to sign in whose password was checked, by result.',
    labelNames: ['result'],
    registers: [registry],
  });
  const reused = new Counter({
    name: 'userhub_refresh_token_reuse_total',
    help: 'Refresh tokens that came a second time: stolen from somebody. Their sessions were ended.',
    registers: [registry],
  });
  const factors = new Counter({
    name: 'userhub_second_factor_events_total',
    help: 'What happened around second factors: asked for at sign-in, wrong, shown once more, replaced by a recovery code, reset, copied.',
    labelNames: ['event'],
    registers: [registry],
  });
  for (const result of ['success', 'failure'] as const) signIns.inc({ result }, 0); // so that the first is an increase
  for (const event of FACTOR_EVENTS) factors.inc({ event }, 0);
  audit.onEvent(({ action, outcome }) => {
    if (action === 'login') signIns.inc({ result: outcome });
    if (action === 'token_reused') reused.inc();
    if (FACTOR_EVENTS.has(action)) factors.inc({ event: action });
  });
}

function countProviders(registry: Registry, { all }: Providers, events: ProviderEvents): void {
  const outcomes = new Counter({
    name: 'userhub_provider_sign_ins_total',
    help: 'People who went to a provider, by what became of them: signed in, refused here, refused by themselves, failed by the provider, or not even let off because it could not be reached.',
    labelNames: ['provider', 'result'],
    registers: [registry],
  });
  for (const { name } of all) for (const result of PROVIDER_OUTCOMES) outcomes.inc({ provider: name, result }, 0);
  events.onOutcome((provider, result) => outcomes.inc({ provider, result }));
}

function countRefusals(registry: Registry, throttle: Throttle): void {
  const throttled = new Counter({
    name: 'userhub_throttled_total',
    help: 'Attempts refused for being too many, by the limit that was reached.',
    labelNames: ['limit'],
    registers: [registry],
  });
  for (const limit of throttle.names) throttled.inc({ limit }, 0);
  throttle.onRejection(({ limits }) => {
    for (const limit of limits) throttled.inc({ limit });
  });
}

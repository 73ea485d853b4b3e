import cors from '@fastify/cors';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import { AuditService } from './audit/audit.service.js';
import { SessionsService } from './auth/sessions.service.js';
import { SCRIPT } from './access.js';
import type { DatabaseSettings } from './config/database-settings.js';
import { days } from './config/durations.js';
import type { Settings } from './config/settings.js';
import { Connector, NotPreparedError } from './database/connector.js';
import { Housekeeping } from './database/housekeeping.js';
import { listMigrations, migrate } from './database/migrate.js';
import { unavailable } from './errors.js';
import { Readiness } from './health/readiness.js';
import { NestLogger } from './http/logging.js';
import { createAdapter } from './http/server.js';
import { Throttle } from './http/throttle.js';
import { UsersService } from './users/users.service.js';

/** Paths that are not below `/api`. */
const OUTSIDE_API = ['health', 'health/live', 'health/ready', 'docs', 'docs/:file', 'openapi.json', 'docs-json', '.well-known/jwks.json']; // prettier-ignore

const EXPOSED_HEADERS = ['ETag', 'Link', 'Location', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'];
const ACCEPTED_HEADERS = ['Authorization', 'Content-Type', 'If-Match', 'If-None-Match', 'X-Request-Id'];

/** What an application is made of. */
export interface AppOptions {
  settings: Settings;
  database: DatabaseSettings;
  logger: Logger;
}

/**
 * The application, neither listening nor connected yet: main, the tests and the command line all start from here.
 * @throws TypeError when a signing key is no key
 */
export async function createApp({ settings, database, logger }: AppOptions): Promise<NestFastifyApplication> {
  const adapter = createAdapter(settings, logger);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.register(settings, database), adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  app.setGlobalPrefix('api', { exclude: OUTSIDE_API });
  const origins = new Set(settings.corsOrigins);
  // not by Nest's enableCors, which writes headers twice and so the slow way
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && origins.has(origin) ? origin : false),
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ACCEPTED_HEADERS,
    exposedHeaders: EXPOSED_HEADERS,
    credentials: true,
    maxAge: days(1) / 1000,
    strictPreflight: false,
  });
  refuseUntilPrepared(app);
  closeConnectionsWhenDraining(app);
  await app.init();
  return app;
}

/**
 * Brings the application to its database and does what must be done before the first request: migrations, first admin.
 * Waits for a database that isn't there yet. Returns whether it came before the application was closed.
 * @throws Problem when FIRST_ADMIN_EMAIL or FIRST_ADMIN_PASSWORD can't be used
 */
export async function prepareApp(app: NestFastifyApplication, { settings, database }: AppOptions): Promise<boolean> {
  const isPrepared = await app.get(Connector).connect(async () => {
    if (settings.migrateOnStart) await migrate(settings, database);
    else await assertMigrated(settings, database);
    if (settings.firstAdmin) {
      await app.get(UsersService).createFirstAdmin(settings.firstAdmin.email, settings.firstAdmin.password, SCRIPT);
    }
  });
  if (!isPrepared) return false;
  const [throttle, audit, sessions] = [app.get(Throttle), app.get(AuditService), app.get(SessionsService)];
  app.get(Housekeeping).start({
    throttle: () => throttle.purge(),
    audit: () => audit.purge(),
    sessions: () => sessions.purge(),
  });
  return true;
}

async function assertMigrated(settings: Settings, database: DatabaseSettings): Promise<void> {
  const pending = (await listMigrations(settings, database)).filter(({ applied }) => !applied);
  if (pending.length)
    throw new NotPreparedError(`migrations are pending (${pending.map(({ name }) => name).join(', ')})`);
}

/** Until the database has been reached and has all its tables there is nothing to answer from. */
function refuseUntilPrepared(app: NestFastifyApplication): void {
  const connector = app.get(Connector);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, _reply, done) => {
      const needsDatabase = request.routeOptions.url?.startsWith('/api/');
      done(needsDatabase && !connector.isPrepared ? unavailable() : undefined);
    });
}

/** So that clients come back by another connection, to another replica, before this one is gone. */
function closeConnectionsWhenDraining(app: NestFastifyApplication): void {
  const readiness = app.get(Readiness);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onSend', (_request, reply, payload, done) => {
      if (readiness.isDraining) void reply.header('connection', 'close');
      done(null, payload);
    });
}

import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import type { Settings } from '../config/settings.js';
import { Connector } from '../database/connector.js';
import { unavailable } from '../problems.js';
import { Readiness } from '../health/readiness.js';
import { NestLogger } from '../logging/logging.js';
import { sendPageLinks } from '../lists/pages.js';
import { allowOrigins } from '../http/cors.js';
import { createAdapter } from '../http/server.js';

/**
 * Creates the application, neither listening nor connected: for the server, the tests and the command line.
 * @throws TypeError when a signing key can't be parsed
 */
export async function createApp(settings: Settings, logger: Logger): Promise<NestFastifyApplication> {
  const adapter = createAdapter(settings, logger);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.register(settings), adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  await allowOrigins(app, settings, logger);
  sendPageLinks(app.getHttpAdapter().getInstance());
  refuseUntilPrepared(app);
  closeConnectionsWhenDraining(app);
  await app.init();
  return app;
}

/** Answers 503 until the database has been reached and has all its tables. */
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

/** While draining, closes each connection after its response, so that clients reconnect to another replica. */
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

#!/usr/bin/env node
import { setTimeout as delay } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { banner, makeDevelopmentAdmin } from './banner.js';
import { seconds } from './config/durations.js';
import { SettingsError } from './config/environment.js';
import { loadSettings, type Settings } from './config/settings.js';
import { createApp, prepareApp } from './create-app.js';
import { type DatabasePlace, openDatabase } from './database/place.js';
import { Problem } from './errors.js';
import { Readiness } from './health/readiness.js';
import { createLogger } from './http/logging.js';

const LONGEST_SHUTDOWN = seconds(15);

try {
  await start();
} catch (error) {
  process.stderr.write(`UserHub can't start: ${explain(error)}\n`);
  process.exit(1);
}

async function start(): Promise<void> {
  const settings = loadSettings();
  const logger = await createLogger(settings);
  const place = await openDatabase(settings);
  const app = await createApp({ settings, database: place.database, logger });
  endOnSignals({ app, settings, logger, place });
  await app.listen(settings.port, settings.host);
  await prepareApp(app, { settings, database: place.database, logger });
  const admin = place.dataDir ? await makeDevelopmentAdmin(app) : undefined;
  process.stdout.write(banner({ url: await app.getUrl(), settings, place, admin }));
}

interface Running {
  app: NestFastifyApplication;
  settings: Settings;
  logger: Logger;
  place: DatabasePlace;
}

/**
 * A signal, or an error that nobody caught, ends the process in order: not ready any more, so that balancers look
 * elsewhere; serving on for SHUTDOWN_DELAY_SECONDS; then what is in flight; then the database. A second signal ends it
 * at once, and so does a shutdown that takes too long.
 */
function endOnSignals({ app, settings, logger, place }: Running): void {
  let ending = false;
  const end = async (reason: string, code: number): Promise<void> => {
    if (ending) return process.exit(code || 1);
    ending = true;
    logger.info({ event: 'shutdown', reason });
    app.get(Readiness).drain();
    await delay(settings.shutdownDelay);
    setTimeout(() => process.exit(code || 1), LONGEST_SHUTDOWN).unref();
    await app.close();
    await place.stop();
    process.exit(code);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(signal, 0));
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ event, err: error instanceof Error ? { message: error.message, stack: error.stack } : String(error) });
      void end(event, 1);
    });
  }
}

function explain(error: unknown): string {
  if (error instanceof SettingsError) return error.problems.join(' ');
  if (error instanceof Problem) return error.detail;
  return error instanceof Error ? error.message : String(error);
}

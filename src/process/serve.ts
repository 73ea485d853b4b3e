import cluster from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import { banner } from './banner.js';
import { tellReady } from './cluster.js';
import type { Settings } from '../config/settings.js';
import { createApp } from '../app/create-app.js';
import { prepareApp } from '../app/prepare.js';
import { developmentAdmin } from './development/development-admin.js';
import { resolveDatabase } from './resolve-database.js';
import { shutDownOnSignal } from './shutdown.js';
import { Readiness } from '../health/readiness.js';
import { createLogger } from '../logging/logging.js';

/**
 * Connections that the kernel completes while this process is busy; it takes the lower of this and net.core.somaxconn. With
 * Node's 511 it resets some when a thousand clients connect at once, as after another replica has died.
 */
const BACKLOG = 4096;

/**
 * Serves until the process is told to shut down. Listens before it connects to the database, so that it can answer "not
 * ready". Shutdown in order: report not ready, so that load balancers stop routing here; serve on for
 * SHUTDOWN_DELAY_SECONDS; finish requests in flight; close the database.
 * @throws when it can't start
 */
export async function serve(settings: Settings): Promise<void> {
  const logger = await createLogger(settings);
  const database = await resolveDatabase(settings, { join: cluster.isWorker });
  const app = await createApp(settings, logger);
  if (settings.server.metricsPort) await (await import('../metrics/exposition.js')).exposeMetrics(app, settings);
  shutDownOnSignal({ logger, delay: settings.server.shutdownDelay }, async () => {
    app.get(Readiness).drain();
    await delay(settings.server.shutdownDelay);
    await app.close();
    await database.stop();
  });
  await app.listen({ port: settings.server.port, host: settings.server.host, backlog: BACKLOG });
  try {
    if (!(await prepareApp(app))) return;
    if (!tellReady()) return;
    const admin = database.dataDir ? await developmentAdmin(app, settings.dataDir) : undefined;
    process.stdout.write(banner({ url: await app.getUrl(), settings, dataDir: database.dataDir, admin }));
  } catch (error) {
    if (!app.get(Readiness).isDraining) throw error; // it was told to shut down while starting
  }
}

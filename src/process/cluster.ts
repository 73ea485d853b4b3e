import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Logger } from 'pino';
import { seconds } from '../config/durations.js';
import type { Settings } from '../config/settings.js';
import { resolveDatabase } from './resolve-database.js';
import { END, shutDownOnSignal } from './shutdown.js';
import { createLogger } from '../logging/logging.js';

const READY = 'ready';
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = seconds(10);
const LONG_LIFE = seconds(10); // a worker that lived this long didn't fail at its start

/**
 * Runs WEB_CONCURRENCY workers on one port, and replaces a worker that dies, after a pause that grows while workers die
 * early. The primary receives signals and forwards them once; it also starts an embedded database, which the workers use.
 * When a worker dies before any was ready, the process exits: restarting would not help.
 * @throws when the database can't be started
 */
export async function superviseWorkers(settings: Settings): Promise<void> {
  const logger = await createLogger(settings);
  const database = await resolveDatabase(settings);
  const pool = new WorkerPool(logger);
  shutDownOnSignal({ logger, delay: settings.server.shutdownDelay }, async () => {
    await pool.end();
    await database.stop();
  });
  if (settings.server.metricsPort) await (await import('../metrics/exposition.js')).exposeWorkerMetrics(settings);
  for (let count = 0; count < settings.server.workers; count++) pool.fork();
}

/** In a worker: reports to the primary that it is ready. Returns whether it is the first, which prints the start-up message. */
export function tellReady(): boolean {
  process.send?.(READY);
  return !cluster.worker || cluster.worker.id === 1;
}

class WorkerPool {
  private ending = false;
  private readonly ready = new WeakSet<Worker>();
  private hasBeenReady = false;

  constructor(private readonly logger: Logger) {}

  fork(pause = FIRST_PAUSE): void {
    const worker = cluster.fork();
    const start = performance.now();
    worker.on('message', (message) => {
      if (message !== READY) return;
      this.hasBeenReady = true;
      this.ready.add(worker);
    });
    worker.once('exit', (code, signal) => {
      if (this.ending) return;
      this.logger.error({ event: 'worker_died', worker: worker.id, code, signal });
      if (!this.hasBeenReady) process.exit(1);
      const next = performance.now() - start > LONG_LIFE ? FIRST_PAUSE : pause;
      setTimeout(() => this.ending || this.fork(Math.min(next * 2, LONGEST_PAUSE)), next);
    });
  }

  /** Tells all workers to shut down, and waits for them. */
  async end(): Promise<void> {
    this.ending = true;
    await Promise.all(Object.values(cluster.workers ?? {}).flatMap((worker) => (worker ? this.endOne(worker) : [])));
  }

  /** A worker that is still starting is killed: it has no requests to answer. */
  private async endOne(worker: Worker): Promise<void> {
    if (worker.isDead()) return;
    const gone = once(worker, 'exit');
    if (this.ready.has(worker))
      worker.send(END, () => undefined); // it may have died meanwhile
    else worker.process.kill('SIGKILL');
    await gone;
  }
}

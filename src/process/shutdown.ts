import cluster from 'node:cluster';
import type { Logger } from 'pino';
import { seconds } from '../config/durations.js';

/** The message of a primary that tells its workers to shut down. */
export const END = 'end';

const LONGEST_END = seconds(15);

interface ShutdownOptions {
  logger: Logger;
  /** Milliseconds for which it continues to serve. */
  delay: number;
}

/**
 * Shuts the process down on SIGTERM or SIGINT (a worker on a message of its primary, which alone handles signals, though a
 * terminal sends them to all), or on an uncaught error, then with exit code 1. A second signal ends it at once, as does a
 * shutdown that takes 15 s longer than the delay.
 */
export function shutDownOnSignal({ logger, delay }: ShutdownOptions, end: () => Promise<void>): void {
  let ending = false;
  const begin = (reason: string, code: number) => {
    ending = true;
    process.exitCode = code;
    logger.info({ event: 'shutdown', reason });
    setTimeout(() => process.exit(1), delay + LONGEST_END).unref();
    end().then(
      () => process.exit(),
      (error: unknown) => {
        logger.fatal(report('shutdown_failed', error));
        process.exit(1);
      },
    );
  };
  const tell = (reason: string) => (ending ? process.exit(1) : begin(reason, 0));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (!cluster.isWorker) tell(signal);
    });
  }
  process.on('message', (message) => {
    if (message === END) tell('primary');
  });
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal(report(event, error));
      process.exitCode = 1;
      if (!ending) begin(event, 1);
    });
  }
}

/** Without parameters and rows, which drivers attach to their errors. */
function report(event: string, error: unknown): object {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { event, err: { type: name, message, stack } };
}

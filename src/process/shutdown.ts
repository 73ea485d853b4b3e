import cluster from 'node:cluster';
import type { Logger } from 'pino';
import { seconds } from '../config/durations.js';

/** What a primary sends to its workers when they are to end. */
export const END = 'end';

const LONGEST_END = seconds(15);

interface ShutdownOptions {
  logger: Logger;
  /** Milliseconds for which it goes on serving on purpose. */
  delay: number;
}

/**
 * Ends the process in order when it is told to: by SIGTERM or SIGINT (a worker by its primary, to whom alone the signal
 * is meant, though a terminal sends it to all), or by an error that nobody caught, and then with exit code 1. Being told
 * again ends it at once, and so does an end that takes 15 s longer than it serves on.
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

/** Without what drivers hang on their errors: parameters and rows. */
function report(event: string, error: unknown): object {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { event, err: { type: name, message, stack } };
}

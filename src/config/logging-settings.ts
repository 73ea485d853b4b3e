import type { EnvironmentReader } from './environment.js';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Settings of the log. */
export class LoggingSettings {
  level: (typeof LEVELS)[number];
  /** Whether every statement is logged. */
  debug: boolean;
}

/** Reads the settings of the log. */
export function readLogging(env: EnvironmentReader): LoggingSettings {
  const debug = env.flag('DEBUG', false);
  return { debug, level: env.oneOf('LOG_LEVEL', LEVELS, debug ? 'debug' : 'info') };
}

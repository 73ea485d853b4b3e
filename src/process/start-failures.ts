import { SettingsError } from '../config/environment.js';
import type { Settings } from '../config/settings.js';
import { Problem } from '../problems.js';

/** Why the server can't start, as one line for people. */
export function explainStart(error: unknown, settings?: Settings): string {
  if (error instanceof SettingsError) return error.problems.join(' ');
  if (error instanceof Problem) return error.detail;
  if (!(error instanceof Error)) return String(error);
  return explainListening(error, settings) ?? error.message;
}

type ListenError = NodeJS.ErrnoException & { port?: number; address?: string };

/** Explains a failure to listen. */
function explainListening({ code, port, address }: ListenError, settings?: Settings): string | undefined {
  const name = port !== undefined && port === settings?.server.metricsPort ? 'METRICS_PORT' : 'PORT';
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is in use already. Stop what uses it, or take another: ${name}=${Number(port) + 1} npm start`;
    case 'EACCES':
      return `only a privileged process may listen on port ${port}. Take one above 1023: ${name}=8000 npm start`;
    case 'EADDRNOTAVAIL':
      return `${address} is no address of this machine. Set HOST to one that is, or to 0.0.0.0 for all of them.`;
    default:
      return undefined;
  }
}

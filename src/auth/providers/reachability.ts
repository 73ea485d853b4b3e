import { connect, isIP } from 'node:net';
import { seconds } from '../../config/durations.js';

/** How long a connection may take before the provider is asked in earnest. */
const CONNECT_TIMEOUT = seconds(1);

/** Whether something takes connections at an address; `unknown` when its name could not be resolved in time. */
export type Presence = 'listening' | 'silent' | 'unknown';

/** Opens a connection to where an endpoint is, and closes it: no request is made. */
export function presenceOf(endpoint: string): Promise<Presence> {
  const { hostname, port, protocol } = new URL(endpoint);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) || (protocol === 'http:' ? 80 : 443), timeout: CONNECT_TIMEOUT });
    let failure: Presence = isIP(host) ? 'silent' : 'unknown';
    const settle = (presence: Presence) => {
      socket.destroy();
      resolve(presence);
    };
    socket.once('lookup', (error: Error | null) => (failure = error ? 'unknown' : 'silent'));
    socket.once('connect', () => settle('listening'));
    socket.once('timeout', () => settle(failure));
    socket.on('error', () => settle(failure));
  });
}

/** openid-client's and jose's words for it. */
const UNANSWERED = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'ERR_JWKS_TIMEOUT']);
const ABORTS = new Set(['TimeoutError', 'AbortError']);

/** Whether a request failed because there was no answer: no connection, one that broke off, or none in time. */
export function isUnanswered(error: unknown): boolean {
  const { name, message, code, cause } = (error ?? {}) as { name?: string; message?: string; code?: string; cause?: unknown }; // prettier-ignore
  if (UNANSWERED.has(code ?? '') || ABORTS.has(name ?? '')) return true;
  if (name === 'TypeError' && /^(?:fetch failed|terminated)$/.test(message ?? '')) return true; // undici's
  return cause instanceof Error && isUnanswered(cause);
}

import { connect, isIP } from 'node:net';
import { seconds } from '../../config/durations.js';

/** How long connecting may take before a full request is made instead. */
const CONNECT_TIMEOUT = seconds(1);

/** Whether something accepts connections at an address; `unknown` when its name could not be resolved in time. */
export type Presence = 'listening' | 'silent' | 'unknown';

/** Opens a TCP connection to an endpoint and closes it: no request is made. */
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

/** Error codes of openid-client and jose. */
const UNANSWERED = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'ERR_JWKS_TIMEOUT']);
const ABORTS = new Set(['TimeoutError', 'AbortError']);

/** Whether a request failed without an answer: no connection, a broken one, or a time-out. */
export function isUnanswered(error: unknown): boolean {
  const { name, message, code, cause } = (error ?? {}) as { name?: string; message?: string; code?: string; cause?: unknown }; // prettier-ignore
  if (UNANSWERED.has(code ?? '') || ABORTS.has(name ?? '')) return true;
  if (name === 'TypeError' && /^(?:fetch failed|terminated)$/.test(message ?? '')) return true; // undici's
  return cause instanceof Error && isUnanswered(cause);
}

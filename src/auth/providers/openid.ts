import { AsyncLocalStorage } from 'node:async_hooks';
import { seconds } from '../../config/durations.js';
import type * as OpenId from 'openid-client';

export type OpenIdClient = typeof OpenId;

/** Deadline for a provider, all requests of an exchange together. */
const TIMEOUT = seconds(5);

/** Imports the library on first use: most processes never need it. */
export const openIdClient = (): Promise<OpenIdClient> => import('openid-client');

/** Allows http: only for a provider on this machine, which the settings have checked, and never in production. */
export const overHttp = (openId: OpenIdClient) => openId.allowInsecureRequests; // eslint-disable-line @typescript-eslint/no-deprecated -- so that it stands out

const deadlines = new AsyncLocalStorage<AbortSignal>();

/** Runs work at a provider under one deadline for all its requests. @throws what the work throws, such as openid-client's errors */
export const withDeadline = <T>(work: () => Promise<T>): Promise<T> =>
  deadlines.run(AbortSignal.timeout(TIMEOUT), work);

/** Fetch under the deadline of the work at hand. Redirects aren't followed. */
export async function fetchInTime(url: string, options: OpenId.CustomFetchOptions): Promise<Response> {
  const signal = deadlines.getStore() ?? options.signal;
  return fetch(url, { ...options, ...(signal && { signal }), redirect: 'manual' });
}

/** The reason in a word or two without a token: an error's `cause` may contain one, so it is never logged. */
export function reasonOf(error: unknown): string {
  const {
    code,
    error: said,
    name,
    message,
  } = error as { code?: unknown; error?: unknown; name?: string; message?: string };
  const words = [code, said].filter((word): word is string => typeof word === 'string');
  return words.length ? words.join(' ').slice(0, 100) : `${name}: ${message}`.slice(0, 100);
}

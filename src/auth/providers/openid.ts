import { AsyncLocalStorage } from 'node:async_hooks';
import { seconds } from '../../config/durations.js';
import type * as OpenId from 'openid-client';

export type OpenIdClient = typeof OpenId;

/** How long a provider may take to answer, all requests of an exchange together. */
const TIMEOUT = seconds(5);

/** The library, loaded when it is first needed: most servers and most processes never do. */
export const openIdClient = (): Promise<OpenIdClient> => import('openid-client');

/** Lets a provider speak http: only for one on this machine, which the settings have checked, and never in production. */
export const overHttp = (openId: OpenIdClient) => openId.allowInsecureRequests; // eslint-disable-line @typescript-eslint/no-deprecated -- so that it stands out

const deadlines = new AsyncLocalStorage<AbortSignal>();

/** Does work at a provider, whose requests are given up together. @throws what the work throws, such as openid-client's errors */
export const withDeadline = <T>(work: () => Promise<T>): Promise<T> =>
  deadlines.run(AbortSignal.timeout(TIMEOUT), work);

/** Asks a provider, within the deadline of the work at hand. Redirects are answers: nobody is led elsewhere. */
export async function fetchInTime(url: string, options: OpenId.CustomFetchOptions): Promise<Response> {
  const signal = deadlines.getStore() ?? options.signal;
  return fetch(url, { ...options, ...(signal && { signal }), redirect: 'manual' });
}

/** What went wrong, in a word or two that hold no token: an error's `cause` may, so it is never logged. */
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

/** Signing in by way of somebody else: the code flow of OAuth 2, bound to this browser by PKCE (RFC 7636). */
import type { Api } from './api.js';
import { UserHubProblem } from './problem.js';
import { addressFrom, CLOSED, handOver, leave, openWindow, takeKept } from './provider-windows.js';
import type { Identity, ProblemCode } from './schema.js';
import type { Session } from './session.js';

/** What must be there when somebody comes back from a provider. */
export interface ProviderFlow {
  state: string;
  code_verifier: string;
  redirect_uri: string;
  /** It links, where others sign in. */
  link?: true;
}

/** How to go to a provider. */
export interface ProviderOptions {
  /** In this page, which is left for it; or in a window, which this page waits for. Where none may open, in this page. */
  in?: 'page' | 'popup';
  /** The page that people come back to, one of OAUTH_REDIRECT_URIS, of this origin; `/signed-in` unless said. */
  redirect_uri?: string;
  /** Who it probably is. */
  login_hint?: string;
}

/** The part of a client that deals with providers; which there are, `GET /api/auth/providers` says. */
export interface Providers {
  /** Only begins: go to `url` yourself, keep `flow`, and pass both `flow` and the address that came back to `finishSignIn`. */
  signInWith(
    provider: string,
    options: { redirect_uri: string; login_hint?: string; in?: never },
  ): Promise<{ url: string; flow: ProviderFlow }>;
  /**
   * Signs in with a provider. In a pop-up (call it straight from a press of a button) it resolves once that is done; in a
   * page it leaves for the provider, and `finishSignIn()` of the page that people come back to does the rest.
   * @throws UserHubProblem in a pop-up as `finishSignIn`; `access_denied` also when the window was closed
   */
  signInWith(provider: string, options?: ProviderOptions): Promise<void>;
  /** Links a provider to the one who is signed in: in a pop-up or a page, as `signInWith`. @throws UserHubProblem such as `identity_taken` */
  linkWith(provider: string, options?: ProviderOptions): Promise<Identity | undefined>;
  /**
   * Finishes what `signInWith` or `linkWith` began, on the page that people come back to. In a pop-up it hands over to the
   * page that opened it, and closes the window. Returns what was linked.
   * @param address what somebody came back to; the page's own unless said
   * @throws UserHubProblem such as `access_denied`, `sign_in_expired`, `mfa_required` or `account_exists`, which has a `linkToken`
   */
  finishSignIn(flow?: ProviderFlow, address?: string | URL): Promise<Identity | undefined>;
  /** Links what somebody came back with, or the `linkToken` of `account_exists`, to the one who is signed in. @throws UserHubProblem such as `identity_taken` */
  linkIdentity(by: { flow: ProviderFlow; address: string | URL } | { linkToken: string }): Promise<Identity>;
}

/** @param attempt notes a sign-in that waits for a second factor */
export function providers(
  api: Api,
  anyone: Api,
  { session, baseUrl, attempt }: { session: Session; baseUrl: string; attempt: <T>(call: Promise<T>) => Promise<T> },
): Providers {
  const begin = async (provider: string, { redirect_uri, login_hint }: ProviderOptions, link?: true) => {
    const flow: ProviderFlow = {
      state: random(),
      code_verifier: random(),
      redirect_uri: redirect_uri ?? `${location.origin}/signed-in`,
      ...(link && { link }),
    };
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(flow.code_verifier));
    const query = new URLSearchParams({
      response_type: 'code',
      redirect_uri: flow.redirect_uri,
      state: flow.state,
      code_challenge: base64url(new Uint8Array(digest)),
      code_challenge_method: 'S256',
      ...(login_hint && { login_hint }),
    });
    return { url: `${baseUrl}/api/auth/providers/${encodeURIComponent(provider)}/authorize?${query}`, flow };
  };
  const linkIdentity: Providers['linkIdentity'] = async (by) => {
    const body = 'linkToken' in by ? { link_token: by.linkToken } : codeIn(by.address, by.flow);
    return (await api.POST('/api/auth/identities', { body })).data;
  };
  const finish = async (flow: ProviderFlow, address: string | URL): Promise<Identity | undefined> => {
    if (flow.link) return linkIdentity({ flow, address });
    const body = { grant_type: 'authorization_code', ...codeIn(address, flow) } as const;
    const { data } = await attempt(anyone.POST('/api/auth/token', { body }));
    await session.begin(data);
    return undefined;
  };
  const go = async (provider: string, options: ProviderOptions, link?: true) => {
    const tab = options.in === 'popup' ? openWindow() : null; // before anything is waited for
    const begun = await begin(provider, options, link);
    if (!tab) return leave(begun);
    const address = await addressFrom(tab, begun);
    if (address === CLOSED) throw failure('access_denied', 'The window was closed before the sign-in was finished.');
    return finish(begun.flow, address);
  };
  return {
    signInWith: ((provider: string, options: ProviderOptions = {}) =>
      options.redirect_uri && !options.in
        ? begin(provider, options)
        : go(provider, options)) as Providers['signInWith'],
    linkWith: async (provider, options = {}) => (await go(provider, options, true)) ?? undefined,
    finishSignIn: async (flow, address = location.href) => {
      const known = flow ?? takeKept(String(address));
      if (known) return finish(known, address);
      if (!(await handOver(String(address)))) throw EXPIRED();
      return undefined;
    },
    linkIdentity,
  };
}

/** What redeems the code of this address. @throws UserHubProblem when it tells of a failure, or belongs to another flow */
function codeIn(address: string | URL, { state, code_verifier, redirect_uri }: ProviderFlow) {
  const query = new URL(address, redirect_uri).searchParams;
  const code = query.get('code');
  const isOurs = query.get('state') === state;
  if (code && isOurs) return { code, code_verifier, redirect_uri };
  throw isOurs && query.get('error') === 'access_denied'
    ? failure('access_denied', 'The sign-in was cancelled.')
    : EXPIRED();
}

const failure = (code: ProblemCode, detail: string) => new UserHubProblem({ status: 400, code, title: 'Bad Request', detail }); // prettier-ignore
const EXPIRED = () => failure('sign_in_expired', 'The sign-in did not succeed. Please begin anew.');

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (sign) => ({ '+': '-', '/': '_' })[sign] ?? '');

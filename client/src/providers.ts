/** Signing in by way of somebody else: the code flow of OAuth 2, bound to this browser by PKCE (RFC 7636). */
import type { Api } from './api.js';
import { UserHubProblem } from './problem.js';
import type { Identity, ProblemCode } from './schema.js';
import type { Session } from './session.js';

/** What must be there when somebody comes back from a provider: keep it in `sessionStorage` meanwhile. */
export interface ProviderFlow {
  state: string;
  code_verifier: string;
  redirect_uri: string;
}

/** The part of a client that deals with providers; which there are, `GET /api/auth/providers` says. */
export interface Providers {
  /**
   * Begins a way by this provider: go to `url`, and keep `flow`.
   * @param redirect_uri the page that people come back to, one of OAUTH_REDIRECT_URIS
   */
  signInWith(
    provider: string,
    options: { redirect_uri: string; login_hint?: string },
  ): Promise<{ url: string; flow: ProviderFlow }>;
  /**
   * Begins a session by the code in the address that somebody came back to.
   * @throws UserHubProblem such as `access_denied`, `mfa_required` or `account_exists`, which has a `linkToken`
   */
  finishSignIn(flow: ProviderFlow, address: string | URL): Promise<void>;
  /** Links what somebody came back with, or the `linkToken` of `account_exists`, to the one who is signed in. @throws UserHubProblem such as `identity_taken` */
  linkIdentity(by: { flow: ProviderFlow; address: string | URL } | { linkToken: string }): Promise<Identity>;
}

/** @param attempt notes a sign-in that waits for a second factor */
export function providers(
  api: Api,
  anyone: Api,
  { session, baseUrl, attempt }: { session: Session; baseUrl: string; attempt: <T>(call: Promise<T>) => Promise<T> },
): Providers {
  return {
    signInWith: async (provider, { redirect_uri, login_hint }) => {
      const flow = { state: random(), code_verifier: random(), redirect_uri };
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(flow.code_verifier));
      const query = new URLSearchParams({
        response_type: 'code',
        redirect_uri,
        state: flow.state,
        code_challenge: base64url(new Uint8Array(digest)),
        code_challenge_method: 'S256',
        ...(login_hint && { login_hint }),
      });
      return { url: `${baseUrl}/api/auth/providers/${encodeURIComponent(provider)}/authorize?${query}`, flow };
    },
    finishSignIn: async (flow, address) => {
      const body = { grant_type: 'authorization_code', ...codeIn(address, flow) } as const;
      const { data } = await attempt(anyone.POST('/api/auth/token', { body }));
      await session.begin(data);
    },
    linkIdentity: async (by) => {
      const body = 'linkToken' in by ? { link_token: by.linkToken } : codeIn(by.address, by.flow);
      return (await api.POST('/api/auth/identities', { body })).data;
    },
  };
}

/** What redeems the code of this address. @throws UserHubProblem when it tells of a failure, or belongs to another flow */
function codeIn(address: string | URL, { state, code_verifier, redirect_uri }: ProviderFlow) {
  const query = new URL(address, redirect_uri).searchParams;
  const code = query.get('code');
  if (code && query.get('state') === state) return { code, code_verifier, redirect_uri };
  const wasDenied = query.get('error') === 'access_denied' && query.get('state') === state;
  const problem: ProblemCode = wasDenied ? 'access_denied' : 'sign_in_expired';
  const detail = wasDenied ? 'The sign-in was cancelled.' : 'The sign-in did not succeed. Please begin anew.';
  throw new UserHubProblem({ status: 400, code: problem, title: 'Bad Request', detail });
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (sign) => ({ '+': '-', '/': '_' })[sign] ?? '');

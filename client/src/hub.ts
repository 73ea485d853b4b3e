import { type Answer, type Api, type CallArguments, createApi, type Route } from './api.js';
import { factors, type Factors, type PendingSignIn } from './factors.js';
import { mailFlows, type MailFlows } from './mail-flows.js';
import { oauthProblemOf, unanswered, UserHubProblem } from './problem.js';
import { providers, type Providers } from './providers.js';
import type { RegisterRequest, TokenPair, User } from './schema.js';
import { Session } from './session.js';
import { memoryStorage, type Tokens, type TokenStorage } from './storage.js';

/** Milliseconds; longer than the server takes to give up. */
const REFRESH_TIMEOUT = 15_000;
const LARGEST_PAGE = 100;

/** How to reach a UserHub, and what to do when people come and go. */
export interface UserHubOptions {
  /** Where the server is, without `/api`; in browsers `''` means where the page came from. */
  baseUrl: string;
  /** Where tokens are kept; in memory unless said. */
  storage?: TokenStorage;
  /** What requests are sent with; the global `fetch` unless said. */
  fetch?: (request: Request) => Promise<Response>;
  /** A personal access token (`uhp_…`), for programs: calls are made by it, and nobody needs to sign in. */
  accessToken?: string;
  /**
   * Called when a call was refused with `step_up_required`: ask the person, call `stepUp`, and return. The call is then
   * repeated, unless you return false. Called once for all calls that wait for it; make no delicate call in it yourself.
   */
  onStepUp?: (problem: UserHubProblem) => Promise<boolean | void>;
  /** Called when somebody has signed in, here or in another tab with the same storage. */
  onSignedIn?: () => void;
  /** Called when a session is over: signed out, here or in another tab, or for a reason that the server gave. */
  onSignedOut?: (reason?: UserHubProblem) => void;
}

/**
 * An e-mail address or a username, and the password. `otp` is a second factor in the same step, for programs;
 * `device_token` stands for it on a device that is to be remembered.
 */
export type Credentials = { password: string; otp?: string; device_token?: string } & (
  { email: string; username?: never } | { username: string; email?: never }
);

/** What the client does by itself: called by hand, the tokens would pass it by. */
type Managed =
  | '/api/auth/login'
  | '/api/auth/token'
  | '/api/auth/refresh'
  | '/api/auth/logout'
  | '/api/auth/mfa/verify'
  | '/api/auth/mfa/enroll/confirm'
  | '/api/auth/mfa/totp/confirm'
  | '/api/auth/passkeys/sign-in'
  | '/api/auth/step-up';

type Entry<R extends Route> =
  Answer<R, 'GET'> extends { data: { items: (infer T)[]; next_cursor: string | null } } ? T : never;
/** The addresses that answer a page of a list. */
export type ListRoute = { [R in Route]: [Entry<R>] extends [never] ? never : R }[Route];

/** A client of one server, for one person at a time. */
export interface UserHub extends MailFlows, Factors, Providers {
  /** Calls any operation: `api.GET('/api/posts')`; as the one who is signed in, if somebody is. @throws UserHubProblem */
  api: Api<Exclude<Route, Managed>>;
  /**
   * Makes an account and signs in to it.
   * @returns undefined where the server doesn't tell whether the address is free (`REGISTRATION_REVEALS=false`): a mail says
   * @throws UserHubProblem such as `email_taken`
   */
  signUp(account: RegisterRequest): Promise<User | undefined>;
  /** Begins a session. @throws UserHubProblem such as `invalid_credentials`, or `mfa_required`: see `verifyFactor` */
  signIn(credentials: Credentials): Promise<void>;
  /** Ends the session, here at once. @throws UserHubProblem when the server could not be told */
  signOut(): Promise<void>;
  /** Whether somebody is signed in, as far as can be told without asking the server. */
  isSignedIn(): Promise<boolean>;
  /** Every entry of a list from the first to the last, fetched page by page. @throws UserHubProblem */
  pages<R extends ListRoute>(path: R, ...init: CallArguments<R, 'GET'>): AsyncGenerator<Entry<R>, void, undefined>;
}

/** Makes a client of the server at `baseUrl`. */
export function createUserHub({
  baseUrl,
  storage = memoryStorage(),
  fetch = (request) => globalThis.fetch(request),
  accessToken,
  onStepUp,
  onSignedIn = () => undefined,
  onSignedOut = () => undefined,
}: UserHubOptions): UserHub {
  const anyone = createApi(baseUrl, fetch);
  const trade = (refreshToken: string) => persistently(() => refresh(anyone, refreshToken, baseUrl));
  const session = new Session({ storage, lock: `userhub ${baseUrl}`, trade, onSignedIn, onSignedOut });
  const send = accessToken ? signedBy(accessToken, fetch) : signedFetch(session, fetch);
  const quiet = createApi(baseUrl, send);
  const api = onStepUp ? createApi(baseUrl, steppingUp(send, onStepUp)) : quiet;

  let pending: PendingSignIn | undefined;
  const attempt = <T>(call: Promise<T>): Promise<T> =>
    call.catch((problem: unknown) => {
      if (problem instanceof UserHubProblem && problem.mfa) pending = problem.mfa;
      throw problem;
    });
  const signIn: UserHub['signIn'] = async (credentials) => {
    const { data } = await attempt(anyone.POST('/api/auth/login', { body: credentials }));
    await session.begin(data);
  };
  return {
    ...mailFlows(api, anyone, signIn),
    ...factors({ api, quiet, anyone, session, waiting: () => pending }),
    ...providers(api, anyone, { session, baseUrl, attempt }),
    api,
    signIn,
    signUp: async (account) => {
      const { data } = await anyone.POST('/api/auth/register', { body: account });
      if ('status' in data) return undefined;
      await signIn({ email: account.email, password: account.password });
      return data;
    },
    signOut: async () => {
      const tokens = await session.end();
      if (!tokens) return;
      await anyone.POST('/api/auth/logout', { body: { refresh_token: tokens.refresh_token }, keepalive: true });
    },
    isSignedIn: async () => accessToken !== undefined || (await session.tokens()) !== null,
    pages: (path, ...[init]) => walk(api, path, init),
  };
}

/** Signs requests. One that is refused is sent once more, if there are newer tokens of the same session by then. */
function signedFetch(session: Session, fetch: (request: Request) => Promise<Response>) {
  return async (request: Request): Promise<Response> => {
    const tokens = await session.usable();
    if (!tokens) return fetch(request);
    const response = await fetch(signed(request.clone(), tokens));
    if (response.status !== 401) return response;
    const renewed = await session.renewed(tokens);
    return renewed ? fetch(signed(request, renewed)) : response;
  };
}

/** Signs requests by a token that lasts. */
const signedBy = (access_token: string, fetch: (request: Request) => Promise<Response>) => (request: Request) =>
  fetch(signed(request, { access_token }));

const ignore = () => undefined;

/** Repeats a request that was refused for want of a step-up, once that is done; one is asked for, however many wait. */
function steppingUp(fetch: (request: Request) => Promise<Response>, onStepUp: NonNullable<UserHubOptions['onStepUp']>) {
  let asked: Promise<boolean | void> | undefined;
  return async (request: Request): Promise<Response> => {
    const response = await fetch(request.clone());
    if (response.status !== 403) return response;
    const body: unknown = await response.clone().json().catch(ignore); // prettier-ignore
    const problem = oauthProblemOf(response, body);
    if (problem.code !== 'step_up_required') return response;
    asked ??= onStepUp(problem).finally(() => (asked = undefined));
    return (await asked) === false ? response : fetch(request);
  };
}

function signed(request: Request, { access_token }: Pick<Tokens, 'access_token'>): Request {
  request.headers.set('authorization', `Bearer ${access_token}`);
  return request;
}

async function refresh(api: Api, refreshToken: string, baseUrl: string): Promise<TokenPair> {
  const body = { refresh_token: refreshToken };
  const signal = AbortSignal.timeout(REFRESH_TIMEOUT);
  try {
    return (await api.POST('/api/auth/refresh', { body, signal })).data;
  } catch (reason) {
    throw reason instanceof UserHubProblem ? reason : unanswered(reason, baseUrl);
  }
}

/** An answer may be lost after the server has rotated the token; it repeats it, but only for some seconds: ask again. */
async function persistently<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (problem) {
    if (problem instanceof UserHubProblem && problem.cause instanceof TypeError) return attempt();
    throw problem;
  }
}

async function* walk<R extends ListRoute>(api: Api, path: R, init?: object): AsyncGenerator<Entry<R>, void, undefined> {
  interface Page {
    data: { items: Entry<R>[]; next_cursor: string | null };
  }
  const get = api.GET as unknown as (path: string, init: object) => Promise<Page>;
  const { params, ...rest } = (init ?? {}) as { params?: { query?: object } };
  let query: object = { limit: LARGEST_PAGE, ...params?.query };
  for (;;) {
    const { data } = await get(path, { ...rest, params: { ...params, query } });
    yield* data.items;
    if (data.next_cursor === null) return;
    query = { ...query, skip: undefined, cursor: data.next_cursor };
  }
}

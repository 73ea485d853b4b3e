/** The API, as the person who is signed in to the console. */
import { problemOf, UserHubProblem } from '../../client/src/problem.ts';
import type { TokenPair, User } from '../../client/src/schema.d.ts';
import { Session } from '../../client/src/session.ts';
import { browserStorage, type Tokens } from '../../client/src/storage.ts';

/** Where UserHub is: one level above the console, below whatever prefix a proxy takes away. */
export const BASE = new URL('..', document.baseURI).href.replace(/\/$/, '');
/** Milliseconds; longer than the server takes to give up. */
const REFRESH_TIMEOUT = 15_000;

interface Handlers {
  signedIn: () => void;
  signedOut: (reason?: UserHubProblem) => void;
  /** Proves afresh who it is that acts; resolves to whether that was done. */
  stepUp: (problem: ApiProblem) => Promise<boolean>;
}
let handlers: Handlers | undefined;

/** Whom to tell when somebody comes or goes, here or in another tab; and who asks for a fresh sign-in. */
export const onSession = (next: Handlers) => void (handlers = next);

const storage = browserStorage('userhub.console');
const session = new Session({
  storage,
  lock: `userhub ${BASE}`,
  trade: refresh,
  onSignedIn: () => handlers?.signedIn(),
  onSignedOut: (reason) => handlers?.signedOut(reason),
});

/** A problem with what the server says besides, such as by which methods to step up. */
export interface ApiProblem extends UserHubProblem {
  body?: { mfa?: { token: string; methods: string[] }; step_up?: { methods: string[] } };
}

/** Members of a query; a list is sent as the key repeated. */
export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

interface Options {
  query?: Query;
  body?: unknown;
  /** The `ETag` that the change is made on. */
  ifMatch?: string;
  signal?: AbortSignal;
  keepalive?: boolean;
}

/** An answer with its `ETag`. */
export interface Answer<T> {
  data: T;
  etag: string;
  status: number;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Calls the API. What needs a fresh sign-in asks for it, and is then sent again. @throws UserHubProblem */
export async function call<T>(method: Method, path: string, options: Options = {}): Promise<Answer<T>> {
  const response = await answered(() => signed(method, path, options), options.signal);
  const text = await response.text();
  const data = (text ? JSON.parse(text) : undefined) as T;
  return { data, etag: response.headers.get('etag') ?? '', status: response.status };
}

const UNANSWERED = { status: 0, code: 'unreachable', title: '', detail: '' } as const;

/** The answer, if it is a good one. @throws UserHubProblem, or the caller's own abort */
async function answered(send: () => Promise<Response>, signal?: AbortSignal): Promise<Response> {
  const response = await send().catch((reason: unknown) => {
    throw signal?.aborted || reason instanceof UserHubProblem
      ? reason
      : new UserHubProblem({ ...UNANSWERED, cause: reason });
  });
  if (response.ok) return response;
  const body = (await response.json().catch(() => undefined)) as ApiProblem['body'];
  const problem: ApiProblem = Object.assign(problemOf(response, body), { body });
  const code: string = problem.code;
  if (code === 'forbidden') suspectDemotion();
  if (code !== 'step_up_required' || !(await handlers?.stepUp(problem))) throw problem;
  return answered(send, signal);
}

/** Sent as whoever is signed in; once more when it is refused, if there are newer tokens of the same session by then. */
async function signed(method: Method, path: string, options: Options): Promise<Response> {
  const tokens = await session.usable();
  const response = await send(method, path, options, tokens);
  if (response.status !== 401 || !tokens) return response;
  const renewed = await session.renewed(tokens);
  return renewed ? send(method, path, options, renewed) : response;
}

function send(method: Method, path: string, { query, body, ifMatch, ...rest }: Options, tokens: Tokens | null) {
  const headers: Record<string, string> = {};
  if (tokens) headers['authorization'] = `Bearer ${tokens.access_token}`;
  if (ifMatch) headers['if-match'] = ifMatch;
  if (body !== undefined) headers['content-type'] = 'application/json';
  return fetch(BASE + path + search(query), { ...rest, method, headers, body: JSON.stringify(body) });
}

function search(query: Query = {}): string {
  const members = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one) => [name, String(one)]),
  );
  return members.length ? `?${new URLSearchParams(members).toString()}` : '';
}

/** A call as nobody. @throws UserHubProblem */
async function anyone<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
  const response = await answered(() => send('POST', path, { body, signal }, null));
  return (await response.json()) as T;
}

function refresh(refresh_token: string): Promise<TokenPair> {
  return anyone<TokenPair>('/api/auth/refresh', { refresh_token }, AbortSignal.timeout(REFRESH_TIMEOUT));
}

/** Begins a session by a password, or by what finishes a sign-in that needs a second factor. @throws UserHubProblem */
export async function signIn(
  path: '/api/auth/login' | '/api/auth/mfa/verify' | '/api/auth/passkeys/sign-in',
  proof: object,
): Promise<void> {
  await session.begin(await anyone<TokenPair>(path, proof));
}

/** Asks for something before somebody is signed in. @throws UserHubProblem */
export const askFirst = <T>(path: string, body: object): Promise<T> => anyone<T>(path, body);

/** Ends the session, here at once. @throws UserHubProblem when the server could not be told */
export async function signOut(): Promise<void> {
  const tokens = await session.end();
  if (!tokens) return;
  const body = { refresh_token: tokens.refresh_token };
  await answered(() => send('POST', '/api/auth/logout', { body, keepalive: true }, null));
}

/** Whether somebody is signed in, as far as can be told without asking the server. */
export const isSignedIn = async (): Promise<boolean> => (await session.tokens()) !== null;

/** Puts the fresh access token of a step-up in the place of the one before. */
export async function keepFresh({ access_token, expires_in }: TokenPair): Promise<void> {
  const tokens = await session.tokens();
  if (!tokens) return;
  const now = Date.now();
  await storage.set({
    ...tokens,
    access_token,
    expires_at: now + expires_in * 1000,
    refresh_at: now + expires_in * 900,
  });
}

/** Makes the console ask anew who is signed in: what came looks as if it were no admin any more. */
export const suspectDemotion = () => void dispatchEvent(new Event('demoted'));

/** Reads something. @throws UserHubProblem */
export const get = async <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  (await call<T>('GET', path, { query, signal })).data;

/** Does something. @throws UserHubProblem */
export const post = async <T = undefined>(path: string, body?: unknown): Promise<T> =>
  (await call<T>('POST', path, { body })).data;

/** Takes something away. @throws UserHubProblem */
export const remove = (path: string, query?: Query): Promise<unknown> => call('DELETE', path, { query });

/** A path with values in it, each of them one segment. */
export const at = (parts: TemplateStringsArray, ...values: string[]): string =>
  String.raw({ raw: parts }, ...values.map(encodeURIComponent));

/** Who is signed in. @throws UserHubProblem */
export const whoAmI = (): Promise<User> => get<User>('/api/auth/me');

/** Saves an answer as a file. @throws UserHubProblem */
export async function download(path: string, query: Query, name: string): Promise<void> {
  const response = await answered(() => signed('GET', path, { query }));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

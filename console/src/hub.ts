/** The API, as the person who is signed in to the console. */
import { browserStorage } from '../../client/src/storage.ts';
import { createUserHub } from '../../client/src/hub.ts';
import { UserHubProblem } from '../../client/src/problem.ts';
import type { TokenPair, User } from '../../client/src/schema.d.ts';

/** Where UserHub is: one level above the console, below whatever prefix a proxy takes away. */
export const BASE = new URL('..', document.baseURI).href.replace(/\/$/, '');

const storage = browserStorage('userhub.console');
let signedOut: (reason?: UserHubProblem) => void = () => undefined;
let signedIn: () => void = () => undefined;
let stepUp: (problem: UserHubProblem) => Promise<boolean> = () => Promise.resolve(false);

/** The session in this browser, in all its tabs. */
export const hub = createUserHub({
  baseUrl: BASE,
  storage,
  onSignedIn: () => signedIn(),
  onSignedOut: (reason) => signedOut(reason),
});

/** Whom to tell when somebody comes or goes, here or in another tab; and who proves afresh who it is that acts. */
export function onSession(handlers: {
  signedIn: () => void;
  signedOut: (reason?: UserHubProblem) => void;
  stepUp: (problem: UserHubProblem) => Promise<boolean>;
}): void {
  ({ signedIn, signedOut, stepUp } = handlers);
}

/** Members of a query; a list is sent as the key repeated. */
export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

interface Options {
  query?: Query;
  body?: unknown;
  /** The `ETag` that the change is made on. */
  ifMatch?: string;
  signal?: AbortSignal;
  parseAs?: 'blob';
}

type Send = (path: string, options: object) => Promise<{ data: unknown; response: Response }>;

/** An answer with its `ETag`. */
export interface Answer<T> {
  data: T;
  etag: string;
  status: number;
}

/** Calls the API. What needs a fresh sign-in asks for it, and is then sent again. @throws UserHubProblem */
export async function call<T>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  { query, ifMatch, ...rest }: Options = {},
): Promise<Answer<T>> {
  const send = () =>
    (hub.api[method] as Send)(path, { ...rest, params: { query, header: ifMatch ? { 'If-Match': ifMatch } : {} } });
  const { data, response } = await send().catch(async (problem: unknown) => {
    const code = problem instanceof UserHubProblem ? (problem.code as string) : '';
    if (code === 'forbidden') suspectDemotion();
    if (code !== 'step_up_required' || !(await stepUp(problem as UserHubProblem))) throw problem;
    return send();
  });
  return { data: data as T, etag: response.headers.get('etag') ?? '', status: response.status };
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

/** Puts the fresh access token of a step-up in the place of the one before. */
export async function keepFresh({ access_token, expires_in }: TokenPair): Promise<void> {
  const tokens = await storage.get();
  if (!tokens) return;
  const expires_at = Date.now() + expires_in * 1000;
  await storage.set({ ...tokens, access_token, expires_at, refresh_at: Date.now() + expires_in * 900 });
}

/** Saves an answer as a file. @throws UserHubProblem */
export async function download(path: string, query: Query, name: string): Promise<void> {
  const { data } = await call<Blob>('GET', path, { query, parseAs: 'blob' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(data);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

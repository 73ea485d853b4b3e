/** The types of calls: those of openapi-fetch, except that a call which fails throws, so that `data` is always there. */
import createClient, { type FetchResponse, type MaybeOptionalInit, type ParseAsResponse } from 'openapi-fetch';
import type { MediaType, PathsWithMethod, RequiredKeysOf, SuccessResponse } from 'openapi-typescript-helpers';
import { oauthProblemOf, unanswered, UserHubProblem } from './problem.js';
import type { paths } from './schema.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

/** Every address of the OpenAPI document. */
export type Route = keyof paths;

/** The parameters, body and `fetch` options of a call: left out when nothing in them is required. */
export type CallArguments<R extends Route, M extends Method, I = Init<R, M>> =
  RequiredKeysOf<I> extends never ? [init?: I] : [init: I];
type Init<R extends Route, M extends Method> = MaybeOptionalInit<paths[R], Lowercase<M>>;

/** What a call answers: the parsed body, and the response for its headers. */
export interface Answer<R extends Route, M extends Method, I = unknown> {
  data: paths[R][Lowercase<M>] extends { responses: infer S extends Record<number, unknown> }
    ? ParseAsResponse<SuccessResponse<S, MediaType>, I>
    : never;
  response: Response;
}

/** A method for each HTTP method; parameters, bodies and answers are those of the OpenAPI document. */
export type Api<Routes extends Route = Route> = {
  [M in Method]: <R extends PathsWithMethod<paths, Lowercase<M>> & Routes, I extends Init<R, M>>(
    path: R,
    ...init: CallArguments<R, M, I>
  ) => Promise<Answer<R, M, I>>;
};

type Call = (path: string, init?: RequestInit) => Promise<FetchResponse<object, unknown, MediaType>>;

/** Calls the server by this `fetch`. A call that doesn't succeed throws a UserHubProblem, or the caller's own abort. */
export function createApi(baseUrl: string, fetch: (request: Request) => Promise<Response>): Api {
  const client = createClient<paths>({ baseUrl, fetch });
  const methods = METHODS.map((method) => [method, throwing(client[method] as Call, baseUrl)]);
  return Object.fromEntries(methods) as Api;
}

function throwing(call: Call, baseUrl: string) {
  return async (path: string, init?: RequestInit) => {
    const { data, error, response } = await call(path, init).catch((reason: unknown) => {
      throw reason instanceof UserHubProblem || init?.signal?.aborted ? reason : unanswered(reason, baseUrl);
    });
    if (!response.ok) throw oauthProblemOf(response, error);
    return { data, response };
  };
}

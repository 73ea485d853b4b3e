import type { FieldError, OAuthError, Problem, ProblemCode } from './schema.js';

/**
 * What a call can fail with: a code of the server, or one of ours. `unreachable`: there was no answer, or it broke off.
 * `unexpected_answer`: something that isn't UserHub answered, such as a proxy.
 */
export type UserHubCode = ProblemCode | 'unreachable' | 'unexpected_answer';

interface Details {
  status: number;
  code: UserHubCode;
  title: string;
  detail: string;
  errors?: FieldError[] | undefined;
  requestId?: string | undefined;
  retryAfter?: number | undefined;
  mfa?: Problem['mfa'];
  stepUp?: Problem['step_up'];
  linkToken?: string | undefined;
  cause?: unknown;
}

/** Why a call failed (RFC 9457). Its message is a sentence for people. */
export class UserHubProblem extends Error {
  override readonly name = 'UserHubProblem';
  /** The status of the answer; 0 when there was none that could be read. */
  readonly status: number;
  /** Stable: made for programs to branch on. */
  readonly code: UserHubCode;
  /** What the status is called. */
  readonly title: string;
  /** What is wrong with single members or parameters of the request. */
  readonly errors: readonly FieldError[];
  /** What the log of the server knows the request by. */
  readonly requestId: string | undefined;
  /** Seconds until trying again makes sense, where the server said so. */
  readonly retryAfter: number | undefined;
  /** Of `mfa_required` and `mfa_enrollment_required` at a sign-in: how it goes on; see `verifyFactor` and `enroll`. */
  readonly mfa: Problem['mfa'];
  /** Of `step_up_required`: what must be proved once more; see `stepUp`. */
  readonly stepUp: Problem['step_up'];
  /** Of `account_exists`: links what somebody came with, once they have signed in to that account; see `linkIdentity`. */
  readonly linkToken: string | undefined;

  constructor({ status, code, title, detail, errors = [], ...rest }: Details) {
    const { requestId, retryAfter, mfa, stepUp, linkToken, cause } = rest;
    super(detail, { cause });
    this.status = status;
    this.code = code;
    this.title = title;
    this.errors = errors;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
    this.mfa = mfa;
    this.stepUp = stepUp;
    this.linkToken = linkToken;
  }
}

/** The problem that an answer of the token route tells of, which has errors of OAuth 2 (RFC 6749 section 5.2). */
export const oauthProblemOf = (response: Response, body: unknown): UserHubProblem =>
  problemOf(response, isOAuthError(body) ? translated(body) : body);

/** The problem that an answer tells of. */
export function problemOf({ status, statusText, headers }: Response, body: unknown): UserHubProblem {
  const problem = isProblem(body) ? body : undefined;
  return new UserHubProblem({
    status,
    code: problem?.code ?? 'unexpected_answer',
    title: problem?.title ?? statusText,
    detail: problem?.detail ?? `The answer had the status ${status}.`,
    errors: problem?.errors,
    requestId: problem?.request_id ?? headers.get('x-request-id') ?? undefined,
    retryAfter: secondsUntil(headers.get('retry-after')),
    mfa: problem?.mfa,
    stepUp: problem?.step_up,
    linkToken: problem?.link_token,
  });
}

/** The problem of a call that got no answer, or none that is JSON; `cause` is what was thrown. */
export const unanswered = (cause: unknown, baseUrl: string) =>
  new UserHubProblem(
    cause instanceof SyntaxError
      ? { status: 0, code: 'unexpected_answer', title: 'Unexpected answer', detail: 'The answer was not JSON.', cause }
      : { status: 0, code: 'unreachable', title: 'Unreachable', detail: reasonFor(baseUrl), cause },
  );

/** A browser tells a page that it may not read an answer in the same way as that there was none. */
function reasonFor(baseUrl: string): string {
  const page = globalThis.location as Location | undefined;
  const isElsewhere = page && URL.canParse(baseUrl, page.href) && new URL(baseUrl, page.href).origin !== page.origin;
  return !isElsewhere
    ? 'The server could not be reached.'
    : `The server could not be reached, or does not let pages of ${page.origin} call it (CORS_ORIGINS).`;
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;

const isOAuthError = (body: unknown): body is OAuthError =>
  typeof body === 'object' && body !== null && 'error' in body && 'error_description' in body;

const translated = ({ error, error_description, mfa_token, ...rest }: OAuthError): Partial<Problem> => ({
  code: error as ProblemCode,
  detail: error_description,
  mfa: mfa_token ? { token: mfa_token, methods: rest.mfa_methods ?? [], expires_in: rest.expires_in ?? 0 } : undefined,
  link_token: rest.link_token,
});

/** `Retry-After` is a number of seconds or a date (RFC 9110 section 10.2.3). */
function secondsUntil(retryAfter: string | null): number | undefined {
  if (!retryAfter) return undefined;
  const seconds = Number.isNaN(Number(retryAfter)) ? (Date.parse(retryAfter) - Date.now()) / 1000 : Number(retryAfter);
  return Number.isNaN(seconds) ? undefined : Math.max(0, Math.ceil(seconds));
}

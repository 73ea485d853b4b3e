/** What can fail: one function per failure, and with it the whole list of codes (RFC 9457 problems). */

/** Every `code` that an answer may carry. Stable: clients branch on them. */
export const PROBLEM_CODES = [
  'malformed_json',
  'malformed_request',
  'refused_character',
  'too_complex',
  'not_authenticated',
  'invalid_token',
  'invalid_credentials',
  'invalid_refresh_token',
  'refresh_token_reused',
  'forbidden',
  'field_forbidden',
  'wrong_password',
  'not_found',
  'method_not_allowed',
  'request_timeout',
  'conflict',
  'email_taken',
  'username_taken',
  'last_admin',
  'precondition_failed',
  'body_too_large',
  'uri_too_long',
  'unsupported_media_type',
  'validation_failed',
  'precondition_required',
  'too_many_requests',
  'headers_too_large',
  'internal_error',
  'unavailable',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** What is wrong with one member of a body (`pointer`, RFC 6901) or one query or path value (`parameter`). */
export interface FieldError {
  pointer?: string;
  parameter?: string;
  code: string;
  detail: string;
}

interface Extras {
  errors?: FieldError[];
  headers?: Record<string, string>;
}

/** A failure that the client is told about. Anything else thrown is a bug, or the database's. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extras: Extras = {},
  ) {
    super(detail);
    this.name = 'Problem';
  }
}

const BEARER = { 'www-authenticate': 'Bearer' };
const BEARER_INVALID = { 'www-authenticate': 'Bearer error="invalid_token"' };
const retryAfter = (seconds: number) => ({ headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) } });

export const malformedJson = () => new Problem(400, 'malformed_json', 'The body is not valid JSON.');
export const malformedRequest = (detail = 'The request is malformed.') => new Problem(400, 'malformed_request', detail);
export const refusedCharacter = () =>
  new Problem(400, 'refused_character', 'NUL characters, lone surrogates and invalid UTF-8 are refused.');
export const tooComplex = (detail: string) => new Problem(400, 'too_complex', detail);

export const notAuthenticated = () =>
  new Problem(401, 'not_authenticated', 'Sign in first: this needs a bearer token.', { headers: BEARER });
export const invalidToken = () =>
  new Problem(401, 'invalid_token', 'The access token is invalid, expired or revoked.', { headers: BEARER_INVALID });
export const invalidCredentials = () =>
  new Problem(401, 'invalid_credentials', 'Wrong e-mail address, username or password.', { headers: BEARER });
export const invalidRefreshToken = () =>
  new Problem(401, 'invalid_refresh_token', 'The refresh token is invalid or expired. Sign in again.', {
    headers: BEARER_INVALID,
  });
export const refreshTokenReused = () =>
  new Problem(401, 'refresh_token_reused', 'This refresh token was used before; its session has been ended.', {
    headers: BEARER_INVALID,
  });

export const forbidden = (detail = 'You are not allowed to do this.') => new Problem(403, 'forbidden', detail);
export const fieldForbidden = (pointer: string) =>
  new Problem(403, 'field_forbidden', `Only an admin may set ${pointer.slice(1)}.`, {
    errors: [{ pointer, code: 'field_forbidden', detail: 'Only an admin may set this.' }],
  });
export const wrongPassword = () =>
  new Problem(403, 'wrong_password', 'The current password is wrong.', {
    errors: [{ pointer: '/current_password', code: 'wrong_password', detail: 'The current password is wrong.' }],
  });

export const notFound = (what = 'resource') => new Problem(404, 'not_found', `There is no such ${what}.`);
export const methodNotAllowed = (allow: string) =>
  new Problem(405, 'method_not_allowed', `This path takes ${allow}.`, { headers: { allow } });
export const requestTimeout = () => new Problem(408, 'request_timeout', 'The request did not arrive in time.');

export const conflict = (detail: string) => new Problem(409, 'conflict', detail);
export const emailTaken = () => new Problem(409, 'email_taken', 'This e-mail address is already in use.');
export const usernameTaken = () => new Problem(409, 'username_taken', 'This username is already in use.');
export const lastAdmin = () => new Problem(409, 'last_admin', 'The last active admin must stay an active admin.');

export const preconditionFailed = () =>
  new Problem(412, 'precondition_failed', 'It has been changed since you read it. Read it again, then retry.');
export const bodyTooLarge = () => new Problem(413, 'body_too_large', 'The body is larger than 64 KiB.');
export const uriTooLong = () => new Problem(414, 'uri_too_long', 'The address is too long.');
export const unsupportedMediaType = (expected: string) =>
  new Problem(415, 'unsupported_media_type', `The body must be ${expected}.`);
export const validationFailed = (errors: FieldError[]) =>
  new Problem(422, 'validation_failed', summaryOf(errors), { errors: errors.slice(0, 20) });
export const preconditionRequired = () =>
  new Problem(428, 'precondition_required', 'Send If-Match with the ETag of what you read.');
export const tooManyRequests = (seconds: number) =>
  new Problem(429, 'too_many_requests', 'Too many attempts. Wait a while, then try again.', retryAfter(seconds));
export const headersTooLarge = () => new Problem(431, 'headers_too_large', 'The headers are too large.');

export const internalError = () => new Problem(500, 'internal_error', 'Something went wrong on our side.');
export const unavailable = (seconds = 1) =>
  new Problem(503, 'unavailable', 'The service is unavailable for the moment. Try again shortly.', retryAfter(seconds));

/** One member of a body that is not as it must be. */
export const invalidMember = (pointer: string, code: string, detail: string) =>
  validationFailed([{ pointer, code, detail }]);

function summaryOf([first, ...others]: FieldError[]): string {
  if (!first) return 'The request is not as it must be.';
  const where = first.parameter ?? first.pointer?.slice(1);
  const more = others.length ? ` (and ${others.length} more)` : '';
  return `${where ? `${where}: ` : ''}${first.detail}${more}`.slice(0, 500);
}

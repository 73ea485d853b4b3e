/** Errors of the OAuth 2 routes (RFC 6749 section 5.2). */
import type { Problem, ProblemCode } from '../problems.js';
import type { OAuthErrorDto } from './problem.dto.js';

/** Failures whose `error` is their own code, with the status 400. */
const OAUTH_CODES = new Set<ProblemCode>([
  'invalid_grant',
  'access_denied',
  'email_not_verified',
  'mfa_required',
  'mfa_enrollment_required',
  'account_exists',
]);

/** The status by RFC 6749 section 5.2: 400 for errors of grant or request. */
export const oauthStatus = ({ status, code }: Problem) =>
  status === 401 || status === 422 || OAUTH_CODES.has(code) ? 400 : status;

/** Without `WWW-Authenticate` on a 400: OAuth clients would take it for a challenge and ignore the body. */
export function withoutChallenge({ extras }: Problem): Record<string, string> {
  const headers = Object.entries(extras.headers ?? {});
  return Object.fromEntries(headers.filter(([name]) => name !== 'www-authenticate'));
}

/** The body of an error by RFC 6749 section 5.2. */
export function oauthBody(problem: Problem): OAuthErrorDto {
  return { error: oauthError(problem), error_description: problem.detail, ...problem.extras.oauth };
}

function oauthError({ status, code, extras }: Problem): string {
  if (OAUTH_CODES.has(code)) return code;
  if (status === 401) return 'invalid_grant';
  if (extras.errors?.some((error) => error.code === 'unsupported_grant_type')) return 'unsupported_grant_type';
  if (extras.errors?.some((error) => error.code === 'invalid_scope')) return 'invalid_scope';
  if (status === 429) return code;
  if (status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}

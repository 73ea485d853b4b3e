/** Errors of the OAuth 2 routes (RFC 6749 section 5.2). */
import type { Problem } from '../problems.js';

/** The status by RFC 6749 section 5.2: 400 for errors of grant or request. */
export const oauthStatus = ({ status, extras }: Problem) =>
  status === 401 || status === 422 || extras.oauth ? 400 : status;

/** Without `WWW-Authenticate` on a 400: OAuth clients would take it for a challenge and ignore the body. */
export function withoutChallenge({ extras }: Problem): Record<string, string> {
  const headers = Object.entries(extras.headers ?? {});
  return Object.fromEntries(headers.filter(([name]) => name !== 'www-authenticate'));
}

/** The body of an error by RFC 6749 section 5.2. */
export function oauthBody(problem: Problem): { error: string; error_description: string } {
  return { error: oauthError(problem), error_description: problem.detail, ...problem.extras.oauth };
}

function oauthError({ status, code, extras }: Problem): string {
  if (extras.oauth) return code;
  if (status === 401) return 'invalid_grant';
  if (extras.errors?.some((error) => error.code === 'unsupported_grant_type')) return 'unsupported_grant_type';
  if (extras.errors?.some((error) => error.code === 'invalid_scope')) return 'invalid_scope';
  if (status === 429) return code;
  if (status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}

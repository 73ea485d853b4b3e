/** All failures (RFC 9457 problems), one line each. Types, OpenAPI responses and examples are derived from it. */

type Failure = readonly [status: number, detail: string, headers?: Readonly<Record<string, string>>];

const BEARER = { 'www-authenticate': 'Bearer' };
const INVALID_TOKEN = { 'www-authenticate': 'Bearer error="invalid_token"' };
const INSUFFICIENT_SCOPE = { 'www-authenticate': 'Bearer error="insufficient_scope"' };
const RETRY_SOON = { 'retry-after': '1' };

/** Every `code` of an answer, with its status and default detail. Codes are stable, as clients branch on them. */
export const FAILURES = {
  malformed_json: [400, 'The body is not valid JSON.'],
  malformed_request: [400, 'The request is malformed.'],
  refused_character: [400, 'NUL characters, lone surrogates and invalid UTF-8 are refused.'],
  too_complex: [400, 'The body is nested too deeply.'],
  sign_in_expired: [400, 'This sign-in took too long. Start again.'],
  invalid_grant: [400, 'This sign-in has expired, was used before, or is not yours. Start again.'],
  access_denied: [400, 'This sign-in was refused.'],

  not_authenticated: [401, 'Sign in first: this needs a bearer token.', BEARER],
  invalid_token: [401, 'The access token is invalid, expired or revoked.', INVALID_TOKEN],
  invalid_credentials: [401, 'Wrong e-mail address, username or password.', BEARER],
  invalid_refresh_token: [401, 'The refresh token is invalid or expired. Sign in again.', INVALID_TOKEN],
  refresh_token_reused: [401, 'This refresh token was used before; its session has been ended.', INVALID_TOKEN],
  invalid_mfa_token: [401, 'This sign-in has expired or is finished. Start again.', BEARER],
  invalid_code: [401, 'The code is wrong.', BEARER],
  code_used: [401, 'This code was used before. Wait for the next one.', BEARER],
  invalid_passkey: [401, 'The passkey could not be verified.', BEARER],
  unknown_passkey: [401, 'This passkey belongs to no account.', BEARER],

  forbidden: [403, 'You are not allowed to do this.'],
  field_forbidden: [403, 'Only an admin may set this.'],
  wrong_password: [403, 'The current password is wrong.'],
  wrong_code: [403, 'The code is wrong.'],
  email_not_verified: [403, 'Confirm your e-mail address first: a link has been sent to it.'],
  registration_closed: [403, 'Registration is not open.'],
  sign_up_closed: [403, 'New accounts are not made this way.'],
  mfa_required: [403, 'A second factor is needed.'],
  mfa_enrollment_required: [403, 'This account must have a second factor. Set one up first.'],
  step_up_required: [403, 'Prove once more that it is you: this needs a fresh sign-in.'],
  insufficient_scope: [403, 'The token lacks the scope that this needs.', INSUFFICIENT_SCOPE],

  not_found: [404, 'There is no such resource.'],
  not_enabled: [404, 'This is not enabled on this server.'],
  method_not_allowed: [405, 'This path does not take this method.'],
  request_timeout: [408, 'The request did not arrive in time.'],

  conflict: [409, 'This cannot be done in the present state.'],
  email_taken: [409, 'This e-mail address is already in use.'],
  username_taken: [409, 'This username is already in use.'],
  last_admin: [409, 'The last active admin must stay an active admin.'],
  import_failed: [409, 'A row cannot be imported, so none was written.'],
  invitation_open: [409, 'There is an open invitation for this address.'],
  idempotency_in_progress: [409, 'A request with this Idempotency-Key is still running.', RETRY_SOON],
  passkey_known: [409, 'This passkey is registered already.'],
  mfa_mandatory: [409, 'This account must keep a second factor.'],
  last_sign_in_method: [409, 'This is the last way to sign in to this account.'],
  account_exists: [409, 'There is an account with this e-mail address. Sign in to it, then link.'],
  identity_taken: [409, 'This identity is linked to another account.'],

  link_expired: [410, 'This link has expired. Ask for a new one.'],
  link_used: [410, 'This link was used before.'],
  code_expired: [410, 'This code has expired. Ask for a new one.'],

  precondition_failed: [412, 'It has been changed since you read it. Read it again, then retry.'],
  body_too_large: [413, 'The body is larger than 64 KiB.'],
  import_too_large: [413, 'The import is larger than 5 MiB or 10,000 rows. Use the command line for more.'],
  uri_too_long: [414, 'The address is too long.'],
  unsupported_media_type: [415, 'The body must be application/json.'],

  validation_failed: [422, 'The request is not as it must be.'],
  link_invalid: [422, 'This link is not valid.'],
  code_invalid: [422, 'The code is not valid.'],
  idempotency_key_reused: [422, 'This Idempotency-Key was used for another request.'],

  precondition_required: [428, 'Send If-Match with the ETag of what you read.'],
  too_many_requests: [429, 'Too many attempts. Wait a while, then try again.', RETRY_SOON],
  headers_too_large: [431, 'The headers are too large.'],
  internal_error: [500, 'Something went wrong on our side.'],
  unavailable: [503, 'The service is unavailable for the moment. Try again shortly.', RETRY_SOON],
  mail_not_configured: [503, 'This server sends no mail.'],
} as const satisfies Record<string, Failure>;

export type ProblemCode = keyof typeof FAILURES;
export const PROBLEM_CODES = Object.keys(FAILURES) as ProblemCode[];

/** An invalid member of a body (`pointer`, RFC 6901), or query or path parameter (`parameter`). */
export class FieldError {
  /** The member, as a JSON pointer (RFC 6901). @example "/email" */
  pointer?: string;
  /** The query or path parameter. @example "limit" */
  parameter?: string;
  /** The violated rule. @example "is_email" */
  code: string;
  /** The rule in words. @example "must be an e-mail address" */
  detail: string;
}

/** How to complete a sign-in whose first factor was right. */
export class MfaChallenge {
  /** Represents the first factor. @example "mt_AZqy…" */
  token: string;
  /** The possible second factors. */
  methods: ('totp' | 'passkey' | 'recovery_code')[];
  /** Seconds until the token expires. @example 300 */
  expires_in: number;
}

/** The authentication that a request requires. */
export class StepUpChallenge {
  /** `aal2` requires two factors. */
  acr: 'aal1' | 'aal2';
  /** Its maximal age in seconds. @example 600 */
  max_age: number;
  /** The possible methods; when empty: sign in again. */
  methods: ('totp' | 'passkey' | 'recovery_code' | 'password')[];
}

/** Details of a single failure, beside its line in the table. */
export interface ProblemExtras {
  errors?: FieldError[];
  headers?: Record<string, string>;
  /** Additional members of the body, such as `mfa`. */
  members?: Record<string, unknown>;
  /** Members of its own of the OAuth form. */
  oauth?: Record<string, unknown>;
}

/** A failure that is reported to the client. Any other error is a bug, or the database's. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(detail);
    this.name = 'Problem';
  }
}

/** The failure with this code. `status` and `detail` override those of the table. */
export function problem(
  code: ProblemCode,
  { status, detail, headers, ...extras }: ProblemExtras & { status?: number; detail?: string } = {},
): Problem {
  const [usualStatus, usualDetail, usualHeaders]: Failure = FAILURES[code];
  const sent = usualHeaders || headers ? { headers: { ...usualHeaders, ...headers } } : {};
  return new Problem(status ?? usualStatus, code, detail ?? usualDetail, { ...extras, ...sent });
}

/** The failure with this code within a session: 403, as front ends take 401 for the end of the session. */
export const withinSession = (code: ProblemCode): Problem => new Problem(403, code, FAILURES[code][1]);

const retryAfter = (seconds: number) => ({ headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) } });

export const malformedRequest = (detail?: string) => problem('malformed_request', { detail });
export const forbidden = (detail?: string) => problem('forbidden', { detail });
export const notFound = (what = 'resource') => problem('not_found', { detail: `There is no such ${what}.` });
export const conflict = (detail: string) => problem('conflict', { detail });
export const tooManyRequests = (seconds: number) => problem('too_many_requests', retryAfter(seconds));
export const unavailable = (seconds = 1, detail?: string) => problem('unavailable', { detail, ...retryAfter(seconds) });
export const methodNotAllowed = (allow: string) =>
  problem('method_not_allowed', { detail: `This path takes ${allow}.`, headers: { allow } });
export const unsupportedMediaType = (expected: string) =>
  problem('unsupported_media_type', { detail: `The body must be ${expected}.` });

/** The first factor was right: 403 with a token for the second step, and the methods. */
export const mfaRequired = (code: 'mfa_required' | 'mfa_enrollment_required', mfa: MfaChallenge) =>
  problem(code, {
    headers: { 'cache-control': 'no-store' },
    members: { mfa },
    oauth: { mfa_token: mfa.token, mfa_methods: mfa.methods, expires_in: mfa.expires_in },
  });

/** A sign-in that isn't fresh, or lacks the second factor: says how to step up (RFC 9470, but with the status 403). */
export const stepUpRequired = (step_up: StepUpChallenge) =>
  problem('step_up_required', {
    headers: {
      'www-authenticate': `Bearer error="insufficient_user_authentication", acr_values="${step_up.acr}", max_age="${step_up.max_age}"`,
    },
    members: { step_up },
  });

/** A member that only admins may set. */
export const fieldForbidden = (pointer: string) =>
  problem('field_forbidden', {
    detail: `Only an admin may set ${pointer.slice(1)}.`,
    errors: [{ pointer, code: 'field_forbidden', detail: FAILURES.field_forbidden[1] }],
  });

/** The password that authorizes the request is wrong. */
export const wrongPassword = (pointer = '/current_password') =>
  problem('wrong_password', { errors: [{ pointer, code: 'wrong_password', detail: FAILURES.wrong_password[1] }] });

/** Invalid members or parameters: the first 20 are listed. */
export const validationFailed = (errors: FieldError[]) =>
  problem('validation_failed', { detail: summaryOf(errors), errors: errors.slice(0, 20) });

/** One invalid member of a body. */
export const invalidMember = (pointer: string, code: string, detail: string) =>
  validationFailed([{ pointer, code, detail }]);

function summaryOf([first, ...others]: FieldError[]): string {
  if (!first) return FAILURES.validation_failed[1];
  const where = first.parameter ?? first.pointer?.slice(1);
  const more = others.length ? ` (and ${others.length} more)` : '';
  return `${where ? `${where}: ` : ''}${first.detail}${more}`.slice(0, 500);
}

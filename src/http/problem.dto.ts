import { ApiProperty } from '@nestjs/swagger';
import { FieldError, type MfaChallenge, type ProblemCode, type StepUpChallenge } from '../problems.js';

/** A failure (RFC 9457); for `import_failed` with the members of an `Import`. */
export class ProblemDto {
  /** Always `about:blank`: `code` identifies the failure. @example "about:blank" */
  type: string;
  /** The name of the status. @example "Conflict" */
  title: string;
  /** The status of the answer. @example 409 */
  status: number;
  /** Stable, for programs to branch on. */
  @ApiProperty({ enumName: 'ProblemCode' })
  code: ProblemCode;
  /** One sentence for people. @example "This e-mail address is already in use." */
  detail: string;
  /** Invalid members or parameters. */
  @ApiProperty({ type: [FieldError], maxItems: 20 })
  errors?: FieldError[];
  /** For `mfa_required` and `mfa_enrollment_required` at sign-in: how to complete it. */
  mfa?: MfaChallenge;
  /** For `step_up_required`: the required authentication. */
  step_up?: StepUpChallenge;
  /** For `account_exists`: links the identity, after signing in to that account. @example "lt_AZqy…" */
  link_token?: string;
  /** The id of the request in the server's log. */
  request_id: string;
}

/** A failure in the form of OAuth 2 (RFC 6749 section 5.2). */
export class OAuthErrorDto {
  /** @example "invalid_grant" */
  error: string;
  /** @example "Wrong e-mail address, username or password." */
  error_description: string;
  /** For `mfa_required`: represents the first factor. @example "mt_AZqy…" */
  mfa_token?: string;
  /** The possible second factors. */
  mfa_methods?: MfaChallenge['methods'];
  /** Seconds until the `mfa_token` expires. @example 300 */
  expires_in?: number;
  /** For `account_exists`: links the identity, after signing in to that account. @example "lt_AZqy…" */
  link_token?: string;
}

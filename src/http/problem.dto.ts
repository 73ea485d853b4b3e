import { ApiProperty } from '@nestjs/swagger';
import { FieldError, type MfaChallenge, type ProblemCode, type StepUpChallenge } from '../problems.js';

/** What went wrong (RFC 9457); for `import_failed` with the members of an `Import`. */
export class ProblemDto {
  /** Always `about:blank`: the code says it all. @example "about:blank" */
  type: string;
  /** What the status is called. @example "Conflict" */
  title: string;
  /** The status of the answer. @example 409 */
  status: number;
  /** Stable: made for programs to branch on. */
  @ApiProperty({ enumName: 'ProblemCode' })
  code: ProblemCode;
  /** One sentence for people. @example "This e-mail address is already in use." */
  detail: string;
  /** What is wrong with single members or parameters. */
  @ApiProperty({ type: [FieldError], maxItems: 20 })
  errors?: FieldError[];
  /** For `mfa_required` and `mfa_enrollment_required` at sign-in: how it goes on. */
  mfa?: MfaChallenge;
  /** For `step_up_required`: what must be proved once more. */
  step_up?: StepUpChallenge;
  /** For `account_exists`: links what somebody came with, once they have signed in to that account. @example "lt_AZqy…" */
  link_token?: string;
  /** What the log of the server knows the request by. */
  request_id: string;
}

/** What went wrong, in the words of OAuth 2 (RFC 6749 section 5.2). */
export class OAuthErrorDto {
  /** @example "invalid_grant" */
  error: string;
  /** @example "Wrong e-mail address, username or password." */
  error_description: string;
  /** For `mfa_required`: stands for the first factor. @example "mt_AZqy…" */
  mfa_token?: string;
  /** How the second factor can be shown. */
  mfa_methods?: MfaChallenge['methods'];
  /** Seconds that the `mfa_token` is good for. @example 300 */
  expires_in?: number;
  /** For `account_exists`: links what somebody came with, once they have signed in to that account. @example "lt_AZqy…" */
  link_token?: string;
}

import { IntersectionType } from '@nestjs/swagger';
import { BooleanField, Optional, StringField } from '../../http/fields.js';
import { SecondFactorDto } from '../factors/factors.dto.js';
import { TokenPairDto } from '../sessions/sessions.dto.js';
import type { AssertionDto } from '../factors/passkeys/webauthn-credentials.dto.js';

/** A sign-in that waits for its second factor. */
export class MfaTokenDto {
  /** As the first factor was answered with. @example "mt_AZqy…" */
  @StringField()
  mfa_token: string;
}

/**
 * The second factor of a sign-in: exactly one of `code`, `recovery_code` and `passkey`.
 * @bodies mfa_token, code | mfa_token, recovery_code | mfa_token, passkey
 */
export class VerifyMfaDto extends IntersectionType(MfaTokenDto, SecondFactorDto) {
  /** The answer to `POST /api/auth/mfa/passkey-options`. */
  declare passkey?: AssertionDto;

  /** Whether to ask for no second factor on this device for a while: the answer holds a `device_token` then. */
  @Optional()
  @BooleanField()
  remember_device?: boolean;
}

/** The first code of the authenticator app that the account must have. */
export class ConfirmEnrollmentDto extends MfaTokenDto {
  /** As `POST /api/auth/mfa/enroll` gave it. @example "oMaXb1…" */
  @StringField()
  setup_token: string;

  /** What the app shows. @example "492039" */
  @StringField()
  code: string;
}

/** Tokens; and, if it was asked for, one that stands for the second factor on this device. */
export class RememberedTokenDto extends TokenPairDto {
  /** To be sent to `POST /api/auth/login` from now on. @example "dt_AZqy…" */
  device_token?: string;
}

/** Tokens, and what to keep in case the authenticator app is lost. */
export class EnrolledTokenDto extends TokenPairDto {
  /** Ten codes, each good once; shown this once. @example ["3vq8-2m4k-9xtc-h7dz"] */
  recovery_codes: string[];
}

import { BooleanField, Optional, StringField } from '../../http/fields.js';
import { Assertion, type AssertionDto } from './passkeys/webauthn-credentials.dto.js';

/** An authenticator app to be set up: nothing is stored until a code of it confirms it. */
export class TotpSetupDto {
  /** The secret in Base32, to be typed. @example "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" */
  secret: string;
  /** The content of a QR code. @example "otpauth://totp/UserHub:ada%40example.com?secret=…" */
  otpauth_uri: string;
  /** To be sent back with the first code. @example "oMaXb1…" */
  setup_token: string;
  /** Seconds until `setup_token` expires. @example 600 */
  expires_in: number;
}

/** The first code of an authenticator app. */
export class ConfirmTotpDto {
  /** The answer of `POST /api/auth/mfa/totp`. @example "oMaXb1…" */
  @StringField()
  setup_token: string;

  /** A code of the app. @example "492039" */
  @StringField()
  code: string;
}

/** The answer to a change of factors. */
export class FactorsChangedDto {
  /** Ten codes to keep in a safe place, shown this once; null when the account has codes already. @example ["3vq8-2m4k-9xtc-h7dz"] */
  recovery_codes: string[] | null;
  /** A JWT, to be sent as `Authorization: Bearer …` from now on: it says that both factors were shown just now. */
  access_token: string;
  token_type: 'bearer';
  /** Seconds until the access token expires. */
  expires_in: number;
}

/** Recovery codes; older ones are invalid. */
export class RecoveryCodesDto {
  /** Ten single-use codes. @example ["3vq8-2m4k-9xtc-h7dz"] */
  recovery_codes: string[];
}

/** Whether signing in requires a second factor. */
export class SwitchMfaDto {
  @BooleanField()
  enabled: boolean;
}

/** An authenticator app. */
export class TotpDto {
  created_at: Date;
  last_used_at: Date | null;
}

/** One's own second factors. */
export class MfaDto {
  /** Whether signing in requires a second factor. @example true */
  enabled: boolean;
  /** Whether the account must have one. */
  mandatory: boolean;
  totp: TotpDto | null;
  /** How many passkeys there are. @example 1 */
  passkeys: number;
  /** How many recovery codes are unused. @example 10 */
  recovery_codes_left: number;
  /** On how many devices no second factor is asked for. @example 0 */
  remembered_devices: number;
}

/** A second factor: exactly one of these. */
export class SecondFactorDto {
  /** Of an authenticator app. @example "492039" */
  @Optional()
  @StringField()
  code?: string;

  /** @example "3vq8-2m4k-9xtc-h7dz" */
  @Optional()
  @StringField()
  recovery_code?: string;

  /** What `navigator.credentials.get` gave. */
  @Optional()
  @Assertion()
  passkey?: AssertionDto;
}

/**
 * A second factor, or the password of an account that has none: exactly one of these.
 * @bodies code | recovery_code | passkey | current_password
 */
export class StepUpDto extends SecondFactorDto {
  /** The answer to `POST /api/auth/step-up/passkey-options`. */
  declare passkey?: AssertionDto;

  /** For an account without a second factor. @example "correct horse battery" */
  @Optional()
  @StringField()
  current_password?: string;
}

/** An access token that says that the person has just proved who they are. */
export class FreshTokenDto {
  /** A JWT, to be sent as `Authorization: Bearer …` from now on. The refresh token stays. */
  access_token: string;
  token_type: 'bearer';
  /** Seconds until the access token expires. */
  expires_in: number;
}

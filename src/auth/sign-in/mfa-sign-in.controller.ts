import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { Public } from '../../access.js';
import { Call, type Origin } from '../../request.js';
import type { TotpSetupDto } from '../factors/factors.dto.js';
import { ConfirmEnrollmentDto, type EnrolledTokenDto, MfaTokenDto, type RememberedTokenDto, VerifyMfaDto } from './mfa-sign-in.dto.js'; // prettier-ignore
import { SecondFactorSignIn } from './second-factor-sign-in.js';
import type { RequestOptionsDto } from '../factors/passkeys/webauthn-options.dto.js';

/** The second step of a sign-in. */
@Controller('api/auth/mfa')
export class MfaSignInController {
  constructor(private readonly signIn: SecondFactorSignIn) {}

  /**
   * Completes a sign-in by its second factor: a code, a recovery code or a passkey.
   * @throws email_not_verified, invalid_mfa_token, invalid_code, code_used, invalid_passkey, not_enabled, too_many_requests
   */
  @Post('verify')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  verifyMfa(@Body() dto: VerifyMfaDto, @Call() call: Origin): Promise<RememberedTokenDto> {
    return this.signIn.verify(dto, call);
  }

  /**
   * The options of `navigator.credentials.get`, to complete a sign-in by a passkey.
   * @throws invalid_mfa_token, not_enabled, too_many_requests
   */
  @Post('passkey-options')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  getMfaPasskeyOptions(@Body() { mfa_token }: MfaTokenDto, @Call() call: Origin): Promise<RequestOptionsDto> {
    return this.signIn.getPasskeyOptions(mfa_token, call);
  }

  /**
   * Begins to set up the authenticator app that the account must have, during sign-in (`mfa_enrollment_required`).
   * @throws invalid_mfa_token, not_enabled
   */
  @Post('enroll')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  startEnrollment(@Body() { mfa_token }: MfaTokenDto): Promise<TotpSetupDto> {
    return this.signIn.startEnrollment(mfa_token);
  }

  /**
   * Sets up the authenticator app that shows this code, and completes the sign-in.
   * @throws email_not_verified, invalid_mfa_token, invalid_code, not_enabled
   */
  @Post('enroll/confirm')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  confirmEnrollment(@Body() dto: ConfirmEnrollmentDto, @Call() call: Origin): Promise<EnrolledTokenDto> {
    return this.signIn.confirmEnrollment(dto, call);
  }
}

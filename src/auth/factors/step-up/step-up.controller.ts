import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { BeforeMfa } from '../../../access.js';
import { Call } from '../../../request.js';
import { type FreshTokenDto, StepUpDto } from '../factors.dto.js';
import { StepUp } from './step-up.service.js';
import type { RequestOptionsDto } from '../passkeys/webauthn-options.dto.js';

/** Step-up: authenticating again in a session, for routes that ask for a fresh sign-in. */
@Controller('api/auth/step-up')
@BeforeMfa()
export class StepUpController {
  constructor(private readonly stepUps: StepUp) {}

  /**
   * Gives an access token with a new `auth_time`, for a second factor; or for the password, if the account has no second
   * factor.
   * @throws wrong_code, code_used, wrong_password, invalid_passkey, step_up_required, too_many_requests
   */
  @Post()
  @HttpCode(200)
  stepUp(@Body() dto: StepUpDto, @Call() call: Call): Promise<FreshTokenDto> {
    return this.stepUps.stepUp(dto, call);
  }

  /**
   * The options of `navigator.credentials.get`, to step up by a passkey.
   * @throws not_enabled
   */
  @Post('passkey-options')
  @HttpCode(200)
  getStepUpOptions(@Call() call: Call): Promise<RequestOptionsDto> {
    return this.stepUps.getPasskeyOptions(call);
  }
}

import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { BeforeMfa } from '../../../access.js';
import { Call } from '../../../request.js';
import { type FreshTokenDto, StepUpDto } from '../factors.dto.js';
import type { RequestOptionsDto } from '../passkeys/passkeys.dto.js';
import { StepUp } from './step-up.service.js';

/** Proving once more who one is, for what asks for a fresh sign-in. */
@Controller('api/auth/step-up')
@BeforeMfa()
export class StepUpController {
  constructor(private readonly stepUps: StepUp) {}

  /**
   * Gives a fresh access token for a second factor; or for the password, to an account that has no second factor.
   * @throws wrong_code, code_used, wrong_password, invalid_passkey, step_up_required, too_many_requests
   */
  @Post()
  @HttpCode(200)
  stepUp(@Body() dto: StepUpDto, @Call() call: Call): Promise<FreshTokenDto> {
    return this.stepUps.stepUp(dto, call);
  }

  /**
   * Says what to ask the browser for to step up by a passkey (`navigator.credentials.get`).
   * @throws not_enabled
   */
  @Post('passkey-options')
  @HttpCode(200)
  getStepUpOptions(@Call() call: Call): Promise<RequestOptionsDto> {
    return this.stepUps.getPasskeyOptions(call);
  }
}

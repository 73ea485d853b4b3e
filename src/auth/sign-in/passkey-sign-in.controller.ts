import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { Public } from '../../access.js';
import { Call, type Origin } from '../../request.js';
import { PasskeySignInDto } from '../factors/passkeys/passkeys.dto.js';
import type { TokenPairDto } from '../sessions/sessions.dto.js';
import { PasskeySignIn } from './passkey-sign-in.js';
import type { RequestOptionsDto } from '../factors/passkeys/webauthn-options.dto.js';

/** Signing in by a passkey alone. */
@Controller('api/auth/passkeys')
export class PasskeySignInController {
  constructor(private readonly signIn: PasskeySignIn) {}

  /**
   * The options of `navigator.credentials.get`, to sign in by a passkey: the same for everybody.
   * @throws not_enabled, too_many_requests
   */
  @Post('sign-in-options')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  getSignInOptions(@Call() call: Origin): Promise<RequestOptionsDto> {
    return this.signIn.getOptions(call);
  }

  /**
   * Signs in by a passkey that has verified its user. On `unknown_passkey` call
   * `PublicKeyCredential.signalUnknownCredential`.
   * @throws email_not_verified, unknown_passkey, invalid_passkey, not_enabled, too_many_requests
   */
  @Post('sign-in')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  signInByPasskey(@Body() { credential }: PasskeySignInDto, @Call() call: Origin): Promise<TokenPairDto> {
    return this.signIn.login(credential, call);
  }
}

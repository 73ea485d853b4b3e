import { Injectable } from '@nestjs/common';
import { problem } from '../../problems.js';
import type { Origin } from '../../request.js';
import { FactorGuesses } from '../factors/factor-guesses.js';
import { Assertions } from '../factors/passkeys/assertions.js';
import { PasskeyOptions } from '../factors/passkeys/passkey-options.js';
import type { TokenPairDto } from '../sessions/sessions.dto.js';
import { SignIn } from './sign-in.js';
import type { AssertionDto } from '../factors/passkeys/webauthn-credentials.dto.js';
import type { RequestOptionsDto } from '../factors/passkeys/webauthn-options.dto.js';

/** Signing in by a passkey alone. It counts as two factors: possession of it, and its verification of the user. */
@Injectable()
export class PasskeySignIn {
  constructor(
    private readonly signIn: SignIn,
    private readonly assertions: Assertions,
    private readonly options: PasskeyOptions,
    private readonly guesses: FactorGuesses,
  ) {}

  /** The options of `navigator.credentials.get`; the same for everybody. @throws Problem 404 `not_enabled`, 429 */
  async getOptions(from: Origin): Promise<RequestOptionsDto> {
    await this.guesses.countOptions(from);
    return this.options.forSignIn();
  }

  /** Signs in to the account whose passkey this is. @throws Problem 401 `unknown_passkey`, `invalid_passkey`, 404, 429 */
  async login(credential: AssertionDto, from: Origin): Promise<TokenPairDto> {
    await this.guesses.countSignIn(from);
    const wanted = { purpose: 'sign-in', requireUserVerification: true } as const;
    const { account, challenge, proof, amr } = await this.assertions.verify(credential, wanted, from);
    const session = { id: challenge.id, account, amr: [...amr, 'mfa'] as const, when: new Date(), proof };
    const tokens = await this.signIn.finish(session, from);
    if (!tokens) throw problem('invalid_passkey');
    return tokens;
  }
}

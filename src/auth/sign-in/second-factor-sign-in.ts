import { Injectable } from '@nestjs/common';
import { problem } from '../../problems.js';
import type { Origin } from '../../request.js';
import type { AccountFactors } from '../factors/account-factors.js';
import { Devices } from '../factors/devices/devices.service.js';
import { enrollment } from '../factors/enrollment.js';
import type { TotpSetupDto } from '../factors/factors.dto.js';
import { FactorGuesses } from '../factors/factor-guesses.js';
import { Factors } from '../factors/factors.service.js';
import { FactorNotices } from '../factors/notices.js';
import { PasskeyOptions } from '../factors/passkeys/passkey-options.js';
import { SecondFactor, type ShownFactor } from '../factors/second-factor.js';
import { SetupTokens } from '../factors/setup-tokens.js';
import { Sealer } from '../sessions/sealer.js';
import type { ConfirmEnrollmentDto, EnrolledTokenDto, RememberedTokenDto } from './mfa-sign-in.dto.js';
import { type PendingPurpose, type PendingSignIn, PendingSignIns } from './pending-sign-ins.js';
import { SignIn } from './sign-in.js';
import type { RequestOptionsDto } from '../factors/passkeys/webauthn-options.dto.js';

/** A pending sign-in, and its account. */
interface Waiting extends PendingSignIn {
  account: AccountFactors;
}

/** The second step of a sign-in whose first factor was right. */
@Injectable()
export class SecondFactorSignIn {
  constructor(
    private readonly signIn: SignIn,
    private readonly pending: PendingSignIns,
    private readonly factors: Factors,
    private readonly secondFactor: SecondFactor,
    private readonly guesses: FactorGuesses,
    private readonly devices: Devices,
    private readonly options: PasskeyOptions,
    private readonly setups: SetupTokens,
    private readonly sealer: Sealer,
    private readonly notices: FactorNotices,
  ) {}

  /** Completes a sign-in by its second factor. @throws Problem 401, 422, 429 */
  async verify(
    { mfa_token, remember_device = false, ...shown }: ShownFactor & { mfa_token: string; remember_device?: boolean },
    from: Origin,
  ): Promise<RememberedTokenDto> {
    const { account, sessionId, firstFactor } = await this.read(mfa_token, 'verify');
    const occasion = { account, from, purpose: `mfa|${sessionId}`, signedIn: false } as const;
    const tokens = await this.secondFactor.take(shown, occasion, ({ proof, amr }) => {
      const both = [firstFactor, ...amr.filter((method) => method !== 'user')];
      return this.signIn.finish({ id: sessionId, account, amr: both, when: new Date(), proof }, from);
    });
    if (!tokens) throw problem('invalid_mfa_token');
    const device_token = remember_device ? await this.devices.remember(account, from) : undefined;
    return device_token === undefined ? tokens : { ...tokens, device_token };
  }

  /** The options of `navigator.credentials.get`, to complete a sign-in by a passkey. @throws Problem 401, 404 `not_enabled`, 429 */
  async getPasskeyOptions(mfaToken: string, from: Origin): Promise<RequestOptionsDto> {
    await this.guesses.countOptions(from);
    const { account, sessionId } = await this.read(mfaToken, 'verify');
    return this.options.forUser(account.id, `mfa|${sessionId}`);
  }

  /** Begins to set up the authenticator app that the account must have. @throws Problem 401, 404 `not_enabled` */
  async startEnrollment(mfaToken: string): Promise<TotpSetupDto> {
    const { account } = await this.read(mfaToken, 'enroll');
    return this.setups.begin(account);
  }

  /** Sets it up and completes the sign-in. @throws Problem 401, 404, 422 */
  async confirmEnrollment(
    { mfa_token, ...confirmation }: ConfirmEnrollmentDto,
    from: Origin,
  ): Promise<EnrolledTokenDto> {
    const { account, sessionId, firstFactor } = await this.read(mfa_token, 'enroll');
    const confirmed = this.setups.confirm(account.id, confirmation);
    if (!confirmed) throw problem('invalid_code');
    const { proof, codes } = enrollment(account, confirmed, { sealer: this.sealer, notices: this.notices, from });
    const amr = [firstFactor, 'otp', 'mfa'] as const;
    const tokens = await this.signIn.finish({ id: sessionId, account, amr, when: new Date(), proof }, from);
    if (!tokens) throw problem('invalid_mfa_token');
    this.notices.wake();
    return { ...tokens, recovery_codes: codes };
  }

  /** @throws Problem 401 `invalid_mfa_token` when it is forged, too old, for another purpose, or the account has changed */
  private async read(token: string, purpose: PendingPurpose): Promise<Waiting> {
    const pending = this.pending.read(token);
    const account = pending?.purpose === purpose ? await this.factors.find(pending.userId) : null;
    const holds = account?.sessionGeneration === pending?.sessionGeneration;
    if (!pending || !account || !holds) throw problem('invalid_mfa_token');
    if (purpose === 'enroll' && !this.factors.hasNone(account)) throw problem('invalid_mfa_token');
    return { ...pending, account };
  }
}

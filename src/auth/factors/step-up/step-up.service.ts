import { Injectable } from '@nestjs/common';
import { MfaSettings } from '../../../config/mfa-settings.js';
import { problem, type Problem, stepUpRequired, validationFailed } from '../../../problems.js';
import type { FreshRule } from '../../../access.js';
import type { AssuranceLevel, Call, SessionCredential } from '../../../request.js';
import { Passwords } from '../../../users/passwords/passwords.js';
import type { AuthenticationMethod } from '../../sessions/authentication.js';
import { sessionIdOf } from '../../sessions/credential.js';
import { SessionStore } from '../../sessions/session-store.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import type { AccountFactors, FactorMethod } from '../account-factors.js';
import type { FreshTokenDto, StepUpDto } from '../factors.dto.js';
import { Factors } from '../factors.service.js';
import { PasskeyOptions } from '../passkeys/passkey-options.js';
import { SecondFactor } from '../second-factor.js';
import type { RequestOptionsDto } from '../passkeys/webauthn-options.dto.js';

/** The methods of a step-up. */
export type StepUpMethod = FactorMethod | 'password';

/** Step-up: authenticating again in a living session. */
@Injectable()
export class StepUp {
  constructor(
    private readonly factors: Factors,
    private readonly secondFactor: SecondFactor,
    private readonly passwords: Passwords,
    private readonly options: PasskeyOptions,
    private readonly store: SessionStore,
    private readonly sessions: SessionsService,
    private readonly settings: MfaSettings,
  ) {}

  /**
   * Verifies the strongest method that the account has, and gives an access token with the new `auth_time` and `amr`.
   * @throws Problem 403 when it is wrong, used, not verified, or not the strongest; 401 when the session has ended; 422, 429
   */
  async stepUp({ current_password, code, recovery_code, passkey }: StepUpDto, call: Call): Promise<FreshTokenDto> {
    const account = await this.find(call);
    if (current_password !== undefined) {
      if (code ?? recovery_code ?? passkey) throw tooMany();
      return this.byPassword(current_password, account, call);
    }
    const shown = { code, recovery_code, passkey };
    const occasion = { account, from: call, purpose: `step-up|${sessionIdOf(call)}`, signedIn: true } as const;
    const session = await this.secondFactor.take(shown, occasion, (right) => this.store.stepUp(right, call));
    if (!session) throw problem('invalid_token');
    return this.sessions.accessTokenOf(session);
  }

  /** The options of `navigator.credentials.get`, to step up by a passkey. @throws Problem 404 `not_enabled` */
  getPasskeyOptions(call: Call): Promise<RequestOptionsDto> {
    return this.options.forUser(call.me.id, `step-up|${sessionIdOf(call)}`);
  }

  /** Whether the access token's authentication is as recent and as strong as the rule requires. */
  isFresh(
    { authTime, acr }: SessionCredential,
    { mfaEnabled }: { mfaEnabled: boolean },
    { aal2 = false }: FreshRule,
  ): boolean {
    const age = Date.now() - authTime.getTime();
    return age <= this.settings.stepUpMaxAge && (acr === 'aal2' || !(aal2 || mfaEnabled));
  }

  /** The failure when a sign-in isn't fresh: says how to make it fresh (RFC 9470, on a 403). */
  async required(userId: string, { aal2 = false }: FreshRule = {}): Promise<Problem> {
    const account = await this.factors.find(userId);
    if (!account) return problem('invalid_token');
    const acr: AssuranceLevel = aal2 || account.mfaEnabled ? 'aal2' : 'aal1';
    const max_age = this.settings.stepUpMaxAge / 1000;
    return stepUpRequired({ acr, max_age, methods: await this.methodsOf(account, acr) });
  }

  private async byPassword(password: string, account: AccountFactors, call: Call): Promise<FreshTokenDto> {
    if (account.mfaEnabled) throw await this.required(account.id);
    await this.passwords.confirm(password, call);
    const session = await this.store.stepUp({ amr: ['pwd'] satisfies AuthenticationMethod[] }, call);
    if (!session) throw problem('invalid_token');
    return this.sessions.accessTokenOf(session);
  }

  /** With a second factor: its methods. Without: the password, if there is one, and passkeys, if there are any. */
  private async methodsOf(account: AccountFactors, acr: AssuranceLevel): Promise<StepUpMethod[]> {
    const methods = this.factors.methodsOf(account);
    if (account.mfaEnabled) return methods;
    const hasPassword = acr === 'aal1' && (await this.passwords.has(account.id));
    return [...(hasPassword ? (['password'] as const) : []), ...methods.filter((method) => method !== 'recovery_code')];
  }

  private async find({ me }: Call): Promise<AccountFactors> {
    const account = await this.factors.find(me.id);
    if (!account) throw problem('invalid_token');
    return account;
  }
}

const tooMany = () =>
  validationFailed([{ pointer: '', code: 'exactly_one', detail: 'Send a second factor or the password, not both.' }]);

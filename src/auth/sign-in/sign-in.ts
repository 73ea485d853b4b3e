import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/audit.service.js';
import { mfaRequired, type Problem } from '../../problems.js';
import type { Origin } from '../../request.js';
import { VerifiedOnly } from '../../users/addresses/verified-only.js';
import { Passwords } from '../../users/passwords/passwords.js';
import type { AccountFactors } from '../factors/account-factors.js';
import { Devices } from '../factors/devices/devices.service.js';
import { Factors } from '../factors/factors.service.js';
import { SecondFactor, shownIn } from '../factors/second-factor.js';
import type { AuthenticationMethod } from '../sessions/authentication.js';
import { type NewSession, SessionStore, type TokenState } from '../sessions/session-store.js';
import type { TokenPairDto } from '../sessions/sessions.dto.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { type FirstFactor, PENDING_LIFETIME, type PendingPurpose, PendingSignIns } from './pending-sign-ins.js';

/** What may be sent along with the first factor, to save the second step. */
export interface OfferedFactor {
  /** A code of an authenticator app, or a recovery code. */
  otp?: string;
  deviceToken?: string;
}

/**
 * The end of every sign-in method: nothing else starts sessions. It decides whether a second factor is required; the
 * statement that starts the session checks again, and consumes the proof.
 */
@Injectable()
export class SignIn {
  constructor(
    private readonly store: SessionStore,
    private readonly sessions: SessionsService,
    private readonly pending: PendingSignIns,
    private readonly factors: Factors,
    private readonly secondFactor: SecondFactor,
    private readonly devices: Devices,
    private readonly passwords: Passwords,
    private readonly verified: VerifiedOnly,
    private readonly audit: AuditService,
  ) {}

  /**
   * Completes a sign-in after the first factor.
   * @returns null when the account has changed since, or the proof could not be consumed
   * @throws Problem 403 `email_not_verified`, `mfa_required` or `mfa_enrollment_required`; for an `otp` that is wrong, 401 `invalid_code` or
   * `code_used`, 429
   */
  async finish(session: NewSession, from: Origin, offered: OfferedFactor = {}): Promise<TokenPairDto | null> {
    const { account, amr } = session;
    await this.verified.assert(account.id, from);
    if (amr.includes('mfa') || !this.factors.isAskedFor(account)) return this.start(session, from);
    const known = await this.factors.find(account.id);
    if (known?.sessionGeneration !== account.sessionGeneration) return null;
    const current = { ...session, account: known };
    if (this.factors.hasNone(known)) throw await this.challenge(current, 'enroll', from);
    if (offered.otp !== undefined) return this.withCode(current, offered.otp, from);
    const remembered =
      offered.deviceToken === undefined ? null : await this.withDevice(current, offered.deviceToken, from);
    if (remembered) return remembered;
    throw await this.challenge(current, 'verify', from);
  }

  private withCode(
    session: NewSession & { account: AccountFactors },
    otp: string,
    from: Origin,
  ): Promise<TokenPairDto | null> {
    const { account } = session;
    const occasion = { account, from, purpose: `mfa|${account.id}`, signedIn: false } as const; // no passkey is offered here
    return this.secondFactor.take(shownIn(otp), occasion, ({ proof, amr }) =>
      this.start({ ...session, amr: [...session.amr, ...amr], when: new Date(), proof }, from),
    );
  }

  private async withDevice(session: NewSession, deviceToken: string, from: Origin): Promise<TokenPairDto | null> {
    const proof = this.devices.proofOf(deviceToken);
    return proof ? this.start({ ...session, amr: [...session.amr, 'rba'], proof }, from) : null;
  }

  private async start(session: NewSession, from: Origin): Promise<TokenPairDto | null> {
    const started: TokenState | null = await this.store.start(session, from);
    if (!started) return null;
    // only after the second factor: whoever knows just the password must not have their failures forgiven
    if (session.amr.includes('pwd')) await this.passwords.forgive(session.account.id, from);
    return this.sessions.tokensOf(started);
  }

  /** The answer to the first factor: 403 with a token for the second step, and the methods. */
  private async challenge(
    { account, amr }: NewSession & { account: AccountFactors },
    purpose: PendingPurpose,
    from: Origin,
  ): Promise<Problem> {
    await this.audit.record({ action: 'mfa_challenged', actorId: account.id, userId: account.id }, from);
    const token = this.pending.begin({
      userId: account.id,
      sessionGeneration: account.sessionGeneration,
      firstFactor: firstFactorOf(amr),
      purpose,
    });
    const methods = purpose === 'verify' ? this.factors.methodsOf(account) : [];
    const code = purpose === 'verify' ? 'mfa_required' : 'mfa_enrollment_required';
    return mfaRequired(code, { token, methods, expires_in: PENDING_LIFETIME / 1000 });
  }
}

const firstFactorOf = (amr: readonly AuthenticationMethod[]): FirstFactor =>
  amr.includes('fed') ? 'fed' : amr.includes('email') ? 'email' : 'pwd';

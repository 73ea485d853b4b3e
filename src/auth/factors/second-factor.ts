import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/audit.service.js';
import { Database } from '../../database/database.js';
import { problem, Problem, validationFailed, withinSession } from '../../problems.js';
import type { Origin } from '../../request.js';
import type { AuthenticationMethod } from '../sessions/authentication.js';
import type { Proof } from '../sessions/proof.js';
import { Sealer } from '../sessions/sealer.js';
import type { AccountFactors } from './account-factors.js';
import { FactorGuesses } from './factor-guesses.js';
import { Factors } from './factors.service.js';
import { FactorNotices } from './notices.js';
import { Assertions } from './passkeys/assertions.js';
import type { ChallengePurpose } from './passkeys/challenges.js';
import { hashOfRecoveryCode, readRecoveryCode } from './recovery-codes.js';
import { FIND_RECOVERY_CODE, RecoveryProofs } from './recovery-proof.js';
import { isTotpCode, stepOf } from './totp.js';
import { totpProof } from './totp-proof.js';
import { totpContext } from './totp-secrets.js';
import type { AssertionDto } from './passkeys/webauthn-credentials.dto.js';

/** A second factor as submitted: exactly one of these. */
export interface ShownFactor {
  code?: string;
  recovery_code?: string;
  passkey?: AssertionDto;
}

/** A factor that was right: what its use consumes, and its methods for `amr`. */
export interface RightFactor {
  proof: Proof;
  amr: AuthenticationMethod[];
  /** When it was shown, if not now. */
  when?: Date;
}

/** Whose factor is shown, and for what: a passkey signs for one purpose only, and within a session a wrong factor is 403, not 401. */
export interface Occasion {
  account: AccountFactors;
  from: Origin;
  purpose: ChallengePurpose;
  signedIn: boolean;
}

/** Does what the factor was shown for, in the statement that consumes it; null when that failed. */
export type Spend<T> = (right: RightFactor) => Promise<T | null>;

type ShownCode = { code: string } | { recovery_code: string };

/** Verifies second factors: checks what is submitted, counts what is wrong, consumes what is right. */
@Injectable()
export class SecondFactor {
  constructor(
    private readonly database: Database,
    private readonly factors: Factors,
    private readonly assertions: Assertions,
    private readonly guesses: FactorGuesses,
    private readonly recovery: RecoveryProofs,
    private readonly sealer: Sealer,
    private readonly notices: FactorNotices,
    private readonly audit: AuditService,
  ) {}

  /**
   * Verifies a second factor of an account.
   * @returns the result of `spend`; null when that failed for a reason other than the factor
   * @throws Problem 401 or 403 for a factor that is wrong, used before, or not verified; 422 unless exactly one was
   * submitted; 429
   */
  async take<T>({ code, recovery_code, passkey }: ShownFactor, occasion: Occasion, spend: Spend<T>): Promise<T | null> {
    if ([code, recovery_code, passkey].filter((one) => one !== undefined).length !== 1) throw exactlyOne();
    if (passkey) return this.takePasskey(passkey, occasion, spend);
    return this.takeCode(code === undefined ? { recovery_code: recovery_code as string } : { code }, occasion, spend);
  }

  private async takePasskey<T>(passkey: AssertionDto, occasion: Occasion, spend: Spend<T>): Promise<T | null> {
    const { account, from, purpose, signedIn } = occasion;
    await this.guesses.countSignIn(from);
    try {
      const { proof, amr, challenge } = await this.assertions.verify(passkey, { purpose, of: account.id }, from);
      return await spend({ proof, amr: [...amr, 'mfa'], when: challenge.madeAt });
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      await this.recordFailure('passkey', occasion);
      // whether another account has this passkey is disclosed only by the sign-in with passkeys
      throw signedIn ? withinSession('invalid_passkey') : problem('invalid_passkey');
    }
  }

  private async takeCode<T>(shown: ShownCode, occasion: Occasion, spend: Spend<T>): Promise<T | null> {
    const { account, from, signedIn } = occasion;
    const attempt = await this.guesses.begin(account, from);
    try {
      const right = await this.check(shown, account, from);
      if (right === 'used') throw used(signedIn);
      if (right === 'wrong') {
        await this.guesses.count(attempt, account, from);
        await this.recordFailure('code' in shown ? 'totp' : 'recovery_code', occasion);
        throw problem(signedIn ? 'wrong_code' : 'invalid_code');
      }
      const done = await spend(right);
      if (done === null) {
        if (await this.isUsedNow(shown, occasion)) throw used(signedIn);
        return null;
      }
      await attempt.forgive();
      this.notices.wake(); // the use of a recovery code is mailed to its owner
      return done;
    } finally {
      await attempt.release();
    }
  }

  private check(shown: ShownCode, account: AccountFactors, from: Origin): Promise<RightFactor | 'wrong' | 'used'> {
    return 'code' in shown
      ? Promise.resolve(this.checkTotp(shown.code, account))
      : this.checkRecoveryCode(shown.recovery_code, account, from);
  }

  private checkTotp(code: string, { id, totp }: AccountFactors): RightFactor | 'wrong' | 'used' {
    const secret = totp && this.sealer.open(totp.secret, totpContext(id));
    const step = secret && stepOf(code, secret.plain);
    if (!secret || step === null) return 'wrong';
    if (step <= totp.lastStep) return 'used';
    const resealed = secret.isOutdated ? this.sealer.seal(secret.plain, totpContext(id)) : null;
    return { proof: totpProof(step, resealed), amr: ['otp', 'mfa'] };
  }

  private async checkRecoveryCode(
    typed: string,
    { id }: AccountFactors,
    from: Origin,
  ): Promise<RightFactor | 'wrong' | 'used'> {
    const code = readRecoveryCode(typed);
    const hash = code && hashOfRecoveryCode(id, code);
    const [row] = hash ? await this.database.read<{ usedAt: Date | null }>(FIND_RECOVERY_CODE, [id, hash]) : [];
    if (!hash || !row) return 'wrong';
    return row.usedAt ? 'used' : { proof: this.recovery.of(hash, from), amr: ['otp', 'mfa'] };
  }

  /** Whether a concurrent request has used the same code. */
  private async isUsedNow(shown: ShownCode, { account, from }: Occasion): Promise<boolean> {
    const now = await this.factors.find(account.id);
    return now !== null && (await this.check(shown, now, from)) === 'used';
  }

  private recordFailure(factor: string, { account, from, signedIn }: Occasion): Promise<void> {
    return this.audit.record(
      {
        action: 'mfa_failed',
        outcome: 'failure',
        actorId: signedIn ? account.id : undefined,
        userId: account.id,
        details: { factor },
      },
      from,
    );
  }
}

/** Interprets `otp`: as a code of an authenticator app or as a recovery code, by its form. */
export const shownIn = (otp: string): ShownFactor => (isTotpCode(otp) ? { code: otp } : { recovery_code: otp });

const used = (signedIn: boolean) => (signedIn ? withinSession('code_used') : problem('code_used'));

const exactlyOne = () =>
  validationFailed([
    { pointer: '', code: 'exactly_one', detail: 'Send exactly one of code, recovery_code and passkey.' },
  ]);

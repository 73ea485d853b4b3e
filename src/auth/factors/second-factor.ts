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
import type { AssertionDto } from './passkeys/passkeys.dto.js';
import { hashOfRecoveryCode, readRecoveryCode } from './recovery-codes.js';
import { FIND_RECOVERY_CODE, RecoveryProofs } from './recovery-proof.js';
import { isTotpCode, stepOf } from './totp.js';
import { totpProof } from './totp-proof.js';
import { totpContext } from './totp-secrets.js';

/** A second factor, as somebody shows it: exactly one of these. */
export interface ShownFactor {
  code?: string;
  recovery_code?: string;
  passkey?: AssertionDto;
}

/** What is to be spent for a factor that was right, and what it is called in `amr`. */
export interface RightFactor {
  proof: Proof;
  amr: AuthenticationMethod[];
  /** When it was shown, if that isn't now. */
  when?: Date;
}

/** Whose factor it is, and where it is shown: a passkey signs for one purpose only, and no session is told 401. */
export interface Occasion {
  account: AccountFactors;
  from: Origin;
  purpose: ChallengePurpose;
  signedIn: boolean;
}

/** Does what a factor was shown for, by the statement that spends it; null when it could not be spent, or not done. */
export type Spend<T> = (right: RightFactor) => Promise<T | null>;

type ShownCode = { code: string } | { recovery_code: string };

/** Takes second factors: checks what is shown, counts what is wrong, and has spent what was right. */
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
   * Takes a second factor of an account.
   * @returns what `spend` did; null when that failed for another reason than the factor
   * @throws Problem 401 or 403 for one that is wrong, used before, or not verified; 422 unless exactly one was shown; 429
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
      // whether somebody else has this passkey is for its own sign-in to say
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
      this.notices.wake(); // a recovery code is told of
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

  /** Whether somebody was faster with the same code. */
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

/** An authenticator app's code or a recovery code, whichever it looks like. */
export const shownIn = (otp: string): ShownFactor => (isTotpCode(otp) ? { code: otp } : { recovery_code: otp });

const used = (signedIn: boolean) => (signedIn ? withinSession('code_used') : problem('code_used'));

const exactlyOne = () =>
  validationFailed([
    { pointer: '', code: 'exactly_one', detail: 'Send exactly one of code, recovery_code and passkey.' },
  ]);

import { Injectable } from '@nestjs/common';
import { Mails } from '../../mail/mails.js';
import { problem } from '../../problems.js';
import type { OpenCall, Origin, Principal } from '../../request.js';
import { Challenges } from '../../users/addresses/challenges.js';
import { MailLimits } from '../../users/addresses/mail-limits.js';
import { Verifications } from '../../users/addresses/verifications.js';
import { normalizeEmail } from '../../users/emails.js';
import { requestedLocale } from '../../users/locales.js';
import { AccountProof } from './account-proof.js';
import { assertLive, isRepeated, type Proof, Proofs } from './proofs.js';
import type { ConfirmEmailDto, SendVerificationDto } from './recovery.dto.js';
import { tokenOrCode, required } from './recovery.fields.js';

/** Verification of addresses: sending mails, verifying, and rejecting a registration. */
@Injectable()
export class VerificationService {
  constructor(
    private readonly verifications: Verifications,
    private readonly challenges: Challenges,
    private readonly proofs: Proofs,
    private readonly accounts: AccountProof,
    private readonly limits: MailLimits,
    private readonly mails: Mails,
  ) {}

  /** Mails link and code, if an account has the address and it is unverified. @throws Problem 422, 429, 503 `mail_not_configured` */
  async send(dto: SendVerificationDto, call: OpenCall): Promise<void> {
    this.mails.assertConfigured();
    const email = call.me ? call.me.email : required(dto.email, '/email');
    await this.limits.countRequest(call);
    if (email === null || !(await this.limits.mayMail('verify', email))) return;
    await this.verifications.send(email, requestedLocale(dto.locale, call), call);
  }

  /**
   * Verifies an address. Link or code aren't enough: the caller must also prove the account by session or password, as a
   * victim could be made to click a link. Repeating it while the link is valid succeeds.
   * @throws Problem 403 `wrong_password`, 410, 422, 429
   */
  async verify(dto: ConfirmEmailDto, call: OpenCall): Promise<void> {
    const proof = call.me ? await this.proofOf(dto, call.me, call) : await this.proofOfAnyone(dto, call);
    if (isRepeated(proof)) return;
    assertLive(proof);
    if (!(await this.verifications.verify(proof.challenge.id, proof.byCode, call))) await this.assertRepeated(proof);
  }

  /** "This wasn't me": deletes an account whose address was never verified, softly. @throws Problem 410, 422 */
  async reject({ token }: { token: string }, origin: Origin): Promise<void> {
    const id = this.proofs.idOf(token, 'verify');
    const challenge = await this.challenges.find(id);
    if (challenge?.isDeleted || challenge?.isVerified) return; // repeated, or too late
    const proof = await this.proofs.byToken(token, 'verify');
    assertLive(proof);
    await this.verifications.reject(id, origin);
  }

  private async proofOf({ token, code }: ConfirmEmailDto, me: Principal, origin: Origin): Promise<Proof> {
    if (tokenOrCode({ token, code }) === 'token') {
      const proof = await this.proofs.byToken(token as string, 'verify');
      if (proof.challenge.userId !== me.id) throw problem('link_invalid');
      return proof;
    }
    const find = () => this.challenges.findByUser('verify', me.id);
    return this.proofs.byCode(code as string, { purpose: 'verify', address: me.email ?? me.id, find, origin });
  }

  /** The password is checked first: only its owner may use up the five tries of a code. */
  private async proofOfAnyone({ token, email, code, password }: ConfirmEmailDto, origin: Origin): Promise<Proof> {
    const given = required(password, '/password');
    if (tokenOrCode({ token, code }) === 'token') {
      const proof = await this.proofs.byToken(token as string, 'verify');
      await this.accounts.ofAccount(proof.challenge.userId, given, origin);
      return proof;
    }
    const typed = required(email, '/email');
    await this.accounts.ofAddress(typed, given, origin);
    const address = normalizeEmail(typed) ?? typed;
    const find = () => this.challenges.findByAddress('verify', address);
    return this.proofs.byCode(code as string, { purpose: 'verify', address, find, origin });
  }

  /** A concurrent request used the challenge: fine if by the same link, unless the challenge was cancelled. */
  private async assertRepeated(proof: Proof): Promise<void> {
    const now = await this.proofs.reread(proof);
    if (!isRepeated(now)) assertLive(now);
  }
}

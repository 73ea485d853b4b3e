import { Injectable } from '@nestjs/common';
import { Mails } from '../../mail/mails.js';
import { problem } from '../../problems.js';
import type { Call, OpenCall, Origin, Principal } from '../../request.js';
import { AddressChanges } from '../../users/addresses/address-changes.js';
import { Challenges } from '../../users/addresses/challenges.js';
import { MailLimits } from '../../users/addresses/mail-limits.js';
import { normalizeEmail } from '../../users/emails.js';
import { AccountProof } from './account-proof.js';
import { assertLive, isRepeated, type Proof, Proofs } from './proofs.js';
import type { ConfirmEmailDto } from './recovery.dto.js';
import { required, tokenOrCode } from './recovery.fields.js';

/** Changes of address: confirmed from the new mailbox, cancelled, and reverted from the old one. */
@Injectable()
export class EmailChangeService {
  constructor(
    private readonly changes: AddressChanges,
    private readonly challenges: Challenges,
    private readonly proofs: Proofs,
    private readonly accounts: AccountProof,
    private readonly limits: MailLimits,
    private readonly mails: Mails,
  ) {}

  /** Sends link and code of the caller's pending change once more, if there is one. @throws Problem 429, 503 `mail_not_configured` */
  async send(call: Call): Promise<void> {
    this.mails.assertConfigured();
    await this.limits.countRequest(call);
    const { id } = call.me;
    const [change] = await this.challenges.findByUser('change', id);
    if (await this.limits.mayMail('change', change?.email ?? id)) await this.changes.send(id, call);
  }

  /** Cancels the caller's pending change, if there is one. */
  async cancel(call: Call): Promise<void> {
    await this.changes.cancel(call.me.id, call);
  }

  /**
   * Replaces the address, for a caller who has proved both the account and the mailbox; every other session ends. Repeating
   * it while the link is valid has no further effect.
   * @throws Problem 403 `wrong_password`, 409 `email_taken` when somebody else has it by now, 410, 422, 429
   */
  async confirm(dto: ConfirmEmailDto, call: OpenCall): Promise<void> {
    const { me, credential } = call;
    const proof = me ? await this.proofOf(dto, me, call) : await this.proofOfAnyone(dto, call);
    if (isRepeated(proof)) return;
    assertLive(proof);
    const sessionId = credential?.kind === 'session' ? credential.sessionId : null;
    const isChanged = await this.changes.confirm(proof.challenge.id, { byCode: proof.byCode, sessionId }, call);
    if (!isChanged) await this.assertRepeated(proof);
  }

  /** Reverts a change, by the link that was mailed to the old address. @throws Problem 409 `email_taken`, 410, 422 */
  async revert({ token }: { token: string }, origin: Origin): Promise<void> {
    const proof = await this.proofs.byToken(token, 'revert');
    assertLive(proof);
    if (!(await this.changes.revert(proof.challenge.id, origin))) assertLive(await this.proofs.reread(proof));
  }

  private async proofOf({ token, code }: ConfirmEmailDto, me: Principal, origin: Origin): Promise<Proof> {
    if (tokenOrCode({ token, code }) === 'token') {
      const proof = await this.proofs.byToken(token as string, 'change');
      if (proof.challenge.userId !== me.id) throw problem('link_invalid');
      return proof;
    }
    const found = await this.challenges.findByUser('change', me.id);
    const search = {
      purpose: 'change',
      address: found[0]?.email ?? me.id,
      find: () => Promise.resolve(found),
      origin,
    } as const;
    return this.proofs.byCode(code as string, search);
  }

  /** The code first: several accounts may want this address, and only the code tells which one it is. */
  private async proofOfAnyone({ token, email, code, password }: ConfirmEmailDto, origin: Origin): Promise<Proof> {
    const given = required(password, '/password');
    const proof = tokenOrCode({ token, code }) === 'token' ? await this.proofs.byToken(token as string, 'change') : await this.proofByCode(email, code as string, origin); // prettier-ignore
    await this.accounts.ofAccount(proof.challenge.userId, given, origin);
    return proof;
  }

  private proofByCode(email: string | undefined, code: string, origin: Origin): Promise<Proof> {
    const typed = required(email, '/email');
    const address = normalizeEmail(typed) ?? typed;
    const find = () => this.challenges.findChangesTo(address);
    return this.proofs.byCode(code, { purpose: 'change', address, find, origin });
  }

  /** The challenge was used or ended meanwhile: fine if by the same confirmation. */
  private async assertRepeated(proof: Proof): Promise<void> {
    const now = await this.proofs.reread(proof);
    if (!isRepeated(now)) assertLive(now);
  }
}

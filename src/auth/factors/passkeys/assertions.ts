import { Injectable } from '@nestjs/common';
import { AuditService } from '../../../audit/audit.service.js';
import { PasskeySettings } from '../../../config/passkey-settings.js';
import { Database } from '../../../database/database.js';
import { problem } from '../../../problems.js';
import type { Origin } from '../../../request.js';
import type { Account, AuthenticationMethod } from '../../sessions/authentication.js';
import type { Proof } from '../../sessions/proof.js';
import { type Challenge, type ChallengePurpose, Challenges } from './challenges.js';
import { userHandleOf } from './passkey-options.js';
import { FIND, passkeyProof, type UsedPasskey } from './passkeys.statements.js';
import { relyingPartyFor } from './relying-party.js';
import { type Assertion, challengeIn, verifyAssertion } from './verify-passkey.js';
import type { AssertionDto } from './webauthn-credentials.dto.js';

/** A verified assertion: a passkey has signed our challenge. */
export interface Asserted {
  account: Account;
  challenge: Challenge;
  proof: Proof;
  /** `hwk` for one that is bound to its device, `swk` for a synced one; `user` when it has verified its user. */
  amr: AuthenticationMethod[];
}

/** Verifies what passkeys sign. */
@Injectable()
export class Assertions {
  constructor(
    private readonly database: Database,
    private readonly challenges: Challenges,
    private readonly audit: AuditService,
    private readonly settings: PasskeySettings,
  ) {}

  /**
   * Verifies that a passkey has signed a challenge for this purpose, and returns its account.
   * @param of the only user whose passkey is accepted
   * @throws Problem 404 `not_enabled`; 401 `unknown_passkey` when no account has it, `invalid_passkey` for all else
   */
  async verify(
    credential: AssertionDto,
    {
      purpose,
      requireUserVerification = false,
      of,
    }: { purpose: ChallengePurpose; requireUserVerification?: boolean; of?: string },
    from: Origin,
  ): Promise<Asserted> {
    const { relyingParty } = this.settings;
    if (!relyingParty) throw problem('not_enabled');
    const passkey = await this.find(credential.id);
    if (!passkey) throw problem('unknown_passkey');
    const { account } = passkey;
    const sent = challengeIn(credential.response);
    const challenge = sent === undefined ? undefined : this.challenges.read(sent, purpose);
    if (sent === undefined || !challenge || !account || !isWanted(account, credential, of))
      throw problem('invalid_passkey');
    const expected = { challenge: sent, publicKey: passkey.publicKey, requireUserVerification };
    const assertion = await verifyAssertion(credential, expected, relyingPartyFor(relyingParty, credential.response));
    if (assertion?.backupEligible !== passkey.backupEligible) throw problem('invalid_passkey');
    if (isCopy(passkey, assertion)) await this.refuseCopy(passkey.id, account, from);
    const kind = passkey.backupEligible ? 'swk' : 'hwk';
    const amr: AuthenticationMethod[] = assertion.userVerified ? [kind, 'user'] : [kind];
    return { account, challenge, proof: passkeyProof(passkey.id, assertion), amr };
  }

  private async find(id: string): Promise<UsedPasskey | null> {
    const [passkey] = await this.database.lookUp<UsedPasskey>(FIND, [Buffer.from(id, 'base64url')]);
    return passkey ?? null;
  }

  /**
   * The signature is valid but the counter didn't increase: somebody may have a copy. Which of the two is the copy is
   * unknown, so both are kept.
   */
  private async refuseCopy(passkey_id: string, { id: userId }: Account, from: Origin): Promise<never> {
    const details = { passkey_id };
    await this.audit.record({ action: 'passkey_counter', outcome: 'failure', userId, details }, from);
    throw problem('invalid_passkey');
  }
}

/** Whether the account is the expected one, and the one that the authenticator names in `userHandle`. */
function isWanted({ id }: Account, { response }: AssertionDto, of: string | undefined): boolean {
  const { userHandle } = response;
  return (of === undefined || id === of) && (userHandle == null || userHandle === userHandleOf(id));
}

const isCopy = ({ backupEligible, counter }: UsedPasskey, assertion: Assertion) =>
  !backupEligible && !(assertion.counter > Number(counter) || (assertion.counter === 0 && Number(counter) === 0));

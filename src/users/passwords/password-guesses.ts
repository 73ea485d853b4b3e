import { Injectable } from '@nestjs/common';
import { ThrottleSettings } from '../../config/throttle-settings.js';
import type { Origin } from '../../request.js';
import { networkOf } from '../../throttle/networks.js';
import { type Attempt, budget, keyOf, type Policy } from '../../throttle/policy.js';
import { Throttle } from '../../throttle/throttle.js';

const KNOWN_NETWORK = 'familiar'; // stored in rows that a newer version must still find: not to be renamed

/** Limits of wrong passwords: for an account from one network, for all accounts from a network, for an account from all networks. */
@Injectable()
export class PasswordGuesses {
  private readonly here: Policy;
  private readonly ofNetwork: Policy;
  private readonly ofAccount: Policy;

  constructor(throttle: Throttle, { limits }: ThrottleSettings) {
    this.here = throttle.policy('guess', limits.wrongPasswords, { ofAccount: true, forgivable: true });
    this.ofNetwork = throttle.policy('guess:network', limits.wrongPasswordsOfNetwork);
    this.ofAccount = throttle.policy('guess:account', limits.wrongPasswordsOfAccount, { ofAccount: true });
  }

  /**
   * A guess at an account, or at one that doesn't exist. The limit per account applies to unknown networks only: from a
   * network that was used before, its owner can sign in while others guess.
   */
  attempt(account: string, identifier: string, { ip }: Origin): Attempt {
    const network = networkOf(ip);
    const budgets = [
      budget(this.here, [account, network]),
      budget(this.ofNetwork, [network]),
      budget(this.ofAccount, [account], keyOf(KNOWN_NETWORK, account, network)),
    ];
    return { budgets, account, alias: this.alias(identifier, network) };
  }

  /** The same before the account is looked up. */
  before(identifier: string, { ip }: Origin): Attempt {
    const network = networkOf(ip);
    return { budgets: [budget(this.ofNetwork, [network])], alias: this.alias(identifier, network) };
  }

  private alias(identifier: string, network: string): string {
    return keyOf('guess', identifier, network);
  }
}

import type { Counters } from './counters.js';
import { keyOf, type Policy } from './policy.js';

/** What counts against an account now. */
export interface Standing {
  /** Failures that a success would make forgotten. */
  attempts: number;
  /** When the last of the full windows ends; null when none is full. */
  until: Date | null;
}

/** Since when the windows that are full count, and whether an account is held back by one of them. */
export interface Held {
  since: Date;
  isHeld: (account: string) => boolean;
}

/** The counters of accounts, whatever they count: to be shown and to be cleared. */
export class AccountCounters {
  constructor(
    private readonly counters: Counters,
    private readonly policies: ReadonlyMap<string, Policy>,
  ) {}

  /** What counts against an account now. */
  async standing(account: string): Promise<Standing> {
    const counts = await this.counters.counted(this.prefixesOf(account));
    const failures = new Map<Policy, number>();
    for (const { policy, hits } of counts) {
      if (policy.forgivable) failures.set(policy, (failures.get(policy) ?? 0) + hits);
    }
    const ends = counts.filter(({ policy, hits }) => hits >= policy.points).map(({ resetsAt }) => resetsAt.getTime());
    return { attempts: Math.max(0, ...failures.values()), until: ends.length ? new Date(Math.max(...ends)) : null };
  }

  /**
   * Which accounts are held back now. Only digests of them are kept, so whoever asks names those that come into question,
   * such as all that failed since the oldest of these windows began; undefined when no window is full.
   */
  async held(): Promise<Held | undefined> {
    const policies = this.ofAccount;
    const full = await this.counters.full(policies);
    if (!full.length) return undefined;
    const windowOf = new Map(policies.map(({ name, window }) => [name, window]));
    const begins = full.map(({ name, resetsAt }) => resetsAt.getTime() - (windowOf.get(name) ?? 0));
    const ofAccounts = new Set(full.map(({ key }) => key.split('|', 2).join('|')));
    return {
      since: new Date(Math.min(...begins)),
      isHeld: (account) => policies.some(({ name }) => ofAccounts.has(keyOf(name, account))),
    };
  }

  /** Forgets all that counts against an account; by a statement of one's own if need be, which gets the prefixes of its keys. */
  async clear(account: string, by?: (prefixes: string[]) => Promise<unknown>): Promise<void> {
    const prefixes = [...this.prefixesOf(account).keys()];
    await (by ? by(prefixes) : this.counters.clear(prefixes));
  }

  private get ofAccount(): Policy[] {
    return [...this.policies.values()].filter(({ ofAccount }) => ofAccount);
  }

  /** How the keys of this account's counters begin. */
  private prefixesOf(account: string): Map<string, Policy> {
    return new Map(this.ofAccount.map((policy) => [keyOf(policy.name, account), policy]));
  }
}

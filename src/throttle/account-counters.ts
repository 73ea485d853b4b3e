import type { Counters } from './counters.js';
import { keyOf, type Policy } from './policy.js';

/** The failures that count against an account. */
export interface Standing {
  /** Failures that a success would reset. */
  attempts: number;
  /** When the last full window ends; null when none is full. */
  until: Date | null;
}

/** When the oldest full window started, and a test whether an account is blocked. */
export interface Held {
  since: Date;
  isHeld: (account: string) => boolean;
}

/** Counters of accounts, of all policies: to show and to clear them. */
export class AccountCounters {
  constructor(
    private readonly counters: Counters,
    private readonly policies: ReadonlyMap<string, Policy>,
  ) {}

  /** The failures that count against an account. */
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
   * Which accounts are blocked. As only digests of accounts are stored, the caller tests candidates, such as all accounts
   * with a failure since the oldest full window started; undefined when no window is full.
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

  /** Clears all counters of an account; optionally by another statement, which gets the prefixes of their keys. */
  async clear(account: string, by?: (prefixes: string[]) => Promise<unknown>): Promise<void> {
    const prefixes = [...this.prefixesOf(account).keys()];
    await (by ? by(prefixes) : this.counters.clear(prefixes));
  }

  private get ofAccount(): Policy[] {
    return [...this.policies.values()].filter(({ ofAccount }) => ofAccount);
  }

  /** The prefixes of an account's keys. */
  private prefixesOf(account: string): Map<string, Policy> {
    return new Map(this.ofAccount.map((policy) => [keyOf(policy.name, account), policy]));
  }
}

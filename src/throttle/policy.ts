import { createHash } from 'node:crypto';
import type { Limit } from '../config/environment.js';

/** A named rate limit; the name appears in the database, the metrics and the audit log. */
export interface Policy extends Limit {
  readonly name: string;
  /** Whether its keys begin with an account, whose counters can be shown and cleared together. */
  readonly ofAccount: boolean;
  /** Whether a success resets earlier failures. */
  readonly forgivable: boolean;
}

/** A policy and its key: a network, an account, an account from a network. */
export interface Budget {
  readonly policy: Policy;
  readonly key: string;
  /** An attempt with this pass (issued by `Throttle.forgive`) is counted, but never refused. */
  readonly pass?: string;
}

/** An attempt: what it is counted against. */
export interface Attempt {
  readonly budgets: readonly Budget[];
  /** The account that it is about, for the audit log. */
  readonly account?: string;
  /** A further name, known before the account is looked up, under which a refusal is cached as well. */
  readonly alias?: string;
}

/** A budget. All parts of the key are hashed: what somebody typed may be a password. */
export const budget = (policy: Policy, whom: string[], pass?: string): Budget => ({
  policy,
  key: keyOf(policy.name, ...whom),
  pass,
});

/** The key for these parties. */
export const keyOf = (name: string, ...whom: string[]): string => [name, ...whom.map(digest)].join('|');

const digest = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, 22);

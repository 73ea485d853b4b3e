import { createHash } from 'node:crypto';
import type { Limit } from '../config/environment.js';

/** A limit with a name: it tells apart what is counted, in the database, the metrics and the audit. */
export interface Policy extends Limit {
  readonly name: string;
  /** Whether the first of those whom it counts is an account, whose counters can be shown and cleared together. */
  readonly ofAccount: boolean;
  /** Whether a success makes the failures before it forgotten. */
  readonly forgivable: boolean;
}

/** A policy, and whom it counts: a network, an account, an account from a network. */
export interface Budget {
  readonly policy: Policy;
  readonly key: string;
  /** Whoever holds this pass (`Throttle.forgive` issues it) is counted, but never refused. */
  readonly pass?: string;
}

/** What is counted, and against what. */
export interface Attempt {
  readonly budgets: readonly Budget[];
  /** The account that it is about, for the record. */
  readonly account?: string;
  /** A name for the same attempt that is known before its account is: a refusal is remembered under it as well. */
  readonly alias?: string;
}

/** What an attempt counts against. Everything is hashed before it is kept: what somebody typed may be a password. */
export const budget = (policy: Policy, whom: string[], pass?: string): Budget => ({
  policy,
  key: keyOf(policy.name, ...whom),
  pass,
});

/** The key under which something about these parties is kept. */
export const keyOf = (name: string, ...whom: string[]): string => [name, ...whom.map(digest)].join('|');

const digest = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, 22);

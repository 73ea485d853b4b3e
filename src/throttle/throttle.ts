import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { seconds } from '../config/durations.js';
import type { Limit } from '../config/environment.js';
import { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { Problem, tooManyRequests, unavailable } from '../problems.js';
import type { Origin } from '../request.js';
import { AttemptsQueue, StillBusyError } from './attempts-queue.js';
import { Counters, type Full } from './counters.js';
import { FullWindows } from './full-windows.js';
import { type Budget, keyOf, type Policy } from './policy.js';
import { type Outcome, outcomesOfSuccess, passesOf, Reservation } from './reservation.js';
import { Tally } from './tally.js';

/** What is counted, and against what. */
export interface Attempt {
  budgets: readonly Budget[];
  /** The account that it is about, for the record. */
  account?: string;
  /** A name for the same attempt that is known before its account is: a refusal is remembered under it as well. */
  alias?: string;
}

/** Somebody is held back. */
export interface Rejection extends Pick<Attempt, 'account'> {
  /** Whether it is the first in the window of one of these limits. */
  isFirst: boolean;
  /** The names of the policies that were reached. */
  limits: string[];
  from: Origin;
}

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

type Listener = (rejection: Rejection) => void | Promise<void>;

const UNDER_WAY = 'under_way';
/** For so long (milliseconds) an account that another process has unblocked may still be refused by this one. */
export const REFUSAL_MEMORY = seconds(1);

const WAIT = seconds(2); // for others that are under way
const WAITERS = 1000;
const POLL = 100; // milliseconds, when it is other replicas' attempts that are under way

/**
 * Counts attempts in PostgreSQL, so that replicas share the count. Whose attempts, how many and for how long is said by
 * policies, each declared by the topic that it protects.
 *
 * An attempt is reserved before its work and settled after it. Only what was settled as counted refuses others, for the
 * rest of the window. What is merely under way makes others wait, so that fifty at once can't pass a limit of five.
 */
@Injectable()
export class Throttle {
  private readonly policies = new Map<string, Policy>();
  private readonly listeners: Listener[] = [];
  private readonly full = new FullWindows(REFUSAL_MEMORY);
  private readonly queue = new AttemptsQueue(this.full, { waiters: WAITERS, waitMs: WAIT });
  private readonly local = new Tally();
  private readonly counters: Counters;
  private readonly isOn: boolean;

  constructor(database: Database, settings: Settings) {
    this.counters = new Counters(database);
    this.isOn = settings.throttle;
  }

  /** Declares a policy, under a name of its own. */
  policy(name: string, { points, window }: Limit, { ofAccount = false, forgivable = false } = {}): Policy {
    const policy = { name, points, window, ofAccount, forgivable };
    this.policies.set(name, policy);
    return policy;
  }

  /** The names of all policies, and of what may be in the way besides: other attempts, for a moment. */
  get names(): string[] {
    return [...this.policies.keys(), UNDER_WAY];
  }

  /** Whom else to tell when somebody is held back. */
  onRejection(listener: Listener): void {
    this.listeners.push(listener);
  }

  /**
   * Reserves an attempt; whoever does must settle it. When there is no room for it only because of others that are under
   * way, it waits for up to 2 s.
   * @throws Problem 429
   */
  async reserve(attempt: Attempt, from: Origin): Promise<Reservation> {
    if (!this.isOn) return new Reservation([], () => Promise.resolve());
    const deadline = performance.now() + WAIT;
    await this.assertOpen(attempt, from);
    const leave = await this.enter(attempt, from);
    const { budgets } = attempt;
    try {
      const ticket = await this.take(attempt, { from, deadline });
      return new Reservation(budgets, (outcomes: Outcome[], passes: string[]) =>
        this.counters.settle(budgets, outcomes, { ticket, passes }).finally(leave),
      );
    } catch (error) {
      if (!(error instanceof Problem && error.status === 429)) this.queue.turnAway(unavailable()); // the database fails
      leave();
      throw error;
    }
  }

  /** Reserves, does the work and counts it as done; when it throws, nothing is counted. @throws Problem 429, what the work throws */
  async run<T>(attempt: Attempt, from: Origin, work: () => Promise<T>): Promise<T> {
    const reservation = await this.reserve(attempt, from);
    try {
      const result = await work();
      await reservation.count();
      return result;
    } catch (error) {
      await reservation.release();
      throw error;
    }
  }

  /** Counts what counts whatever comes of it: by one statement. @throws Problem 429 */
  async count(attempt: Attempt, from: Origin): Promise<void> {
    if (!this.isOn) return;
    await this.assertOpen(attempt, from);
    await this.take(attempt, { from, deadline: performance.now() + WAIT, atOnce: true });
  }

  /**
   * Counts in this process alone, by no statement: what costs so little to refuse that a write would be the dearer part.
   * @throws Problem 429
   */
  async tally(attempt: Attempt, from: Origin): Promise<void> {
    if (!this.isOn) return;
    await this.assertOpen(attempt, from);
    for (const budget of attempt.budgets) {
      const seconds = this.local.add(budget);
      if (seconds) await this.reject({ isFirst: false, limits: [budget.policy.name], from }, seconds);
    }
  }

  /** As `count`, but says whether there was room: for limits that nobody must notice. */
  async tryCount(budgets: readonly Budget[]): Promise<boolean> {
    return !this.isOn || 'ticket' in (await this.counters.reserve(budgets, true));
  }

  /** As `reserve`, but answers null where there is no room: for limits that nobody must notice. Whoever gets one settles it. */
  async tryReserve(budgets: readonly Budget[]): Promise<Reservation | null> {
    if (!this.isOn) return new Reservation([], () => Promise.resolve());
    const verdict = await this.counters.reserve(budgets, false);
    if (!('ticket' in verdict)) return null;
    return new Reservation(budgets, (outcomes) => this.counters.settle(budgets, outcomes, { ticket: verdict.ticket }));
  }

  /** @throws Problem 429 when such an attempt was refused a moment ago: that costs no statement */
  async assertOpen({ budgets, alias, account }: Attempt, from: Origin): Promise<void> {
    const names = [alias ?? '', ...budgets.map(memoryName)];
    const windows = this.isOn ? names.flatMap((name) => this.full.find(name) ?? []) : [];
    if (!windows.length) return;
    const limits = [...new Set(windows.flatMap((window) => window.limits))];
    const milliseconds = Math.max(...windows.map(({ until }) => until)) - performance.now();
    await this.reject({ isFirst: false, limits, account, from }, milliseconds / 1000);
  }

  /** For a success elsewhere: what counted against these budgets is forgotten where that is forgivable; passes are issued. */
  async forgive(budgets: readonly Budget[]): Promise<void> {
    await this.counters.settle(budgets, outcomesOfSuccess(budgets), { passes: passesOf(budgets) });
    this.full.clear();
  }

  /** What counts against an account now. */
  async standing(account: string): Promise<Standing> {
    const counts = await this.counters.counted(this.policiesOf(account));
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
    const policies = [...this.policies.values()].filter(({ ofAccount }) => ofAccount);
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

  /** Forgets all that counts against an account, by whatever policy and from wherever. */
  async clear(account: string): Promise<void> {
    await this.counters.clear([...this.policiesOf(account).keys()]);
    this.full.clear();
  }

  /** Removes counters whose window is over, a thousand at most. Returns how many it removed. */
  purge(): Promise<number> {
    return this.counters.purge();
  }

  /** How the keys of this account's counters begin. */
  private policiesOf(account: string): Map<string, Policy> {
    const policies = [...this.policies.values()].filter(({ ofAccount }) => ofAccount);
    return new Map(policies.map((policy) => [keyOf(policy.name, account), policy]));
  }

  /** Waits for room among the attempts of this process. Returns what gives the room back. */
  private async enter(attempt: Attempt, from: Origin): Promise<() => void> {
    const budgets = attempt.budgets.filter(({ pass }) => pass === undefined);
    try {
      await this.queue.acquire(budgets, from.signal);
    } catch (error) {
      if (!(error instanceof StillBusyError)) throw error;
      await this.assertOpen(attempt, from);
      await this.rejectForNow(attempt, from);
    }
    return () => this.queue.release(budgets);
  }

  private async take(
    attempt: Attempt,
    { from, deadline, atOnce = false }: { from: Origin; deadline: number; atOnce?: boolean },
  ): Promise<string> {
    for (;;) {
      const verdict = await this.counters.reserve(attempt.budgets, atOnce);
      if ('ticket' in verdict) return verdict.ticket;
      if (verdict.full.length) await this.rejectFull(attempt, verdict.full, from);
      if (performance.now() + POLL > deadline) await this.rejectForNow(attempt, from);
      await delay(POLL * (0.5 + Math.random()));
    }
  }

  private rejectFull({ alias, account }: Attempt, full: Full[], from: Origin): Promise<never> {
    for (const { budget, seconds } of full) {
      const window = { limits: [budget.policy.name], until: performance.now() + seconds * 1000 };
      this.full.remember(memoryName(budget), window);
      if (alias) this.full.remember(alias, window);
    }
    const limits = full.map(({ budget }) => budget.policy.name);
    const isFirst = full.some((window) => window.isFirst);
    return this.reject({ isFirst, limits, account, from }, Math.max(...full.map(({ seconds }) => seconds)));
  }

  private rejectForNow({ account }: Attempt, from: Origin): Promise<never> {
    return this.reject({ isFirst: false, limits: [UNDER_WAY], account, from }, 1);
  }

  private async reject(rejection: Rejection, waitSeconds: number): Promise<never> {
    for (const listener of this.listeners) await listener(rejection);
    throw tooManyRequests(waitSeconds);
  }
}

/** With a pass one budget treats its holders and everybody else apart: a refusal is remembered for the latter only. */
const memoryName = ({ key, pass }: Budget) => pass ?? key;

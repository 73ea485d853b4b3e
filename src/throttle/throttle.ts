import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { seconds } from '../config/durations.js';
import type { Limit } from '../config/environment.js';
import { ThrottleSettings } from '../config/throttle-settings.js';
import { Database } from '../database/database.js';
import { Problem, unavailable } from '../problems.js';
import type { Origin } from '../request.js';
import { AccountCounters, type Held, type Standing } from './account-counters.js';
import { AttemptsQueue, StillBusyError } from './attempts-queue.js';
import { Counters } from './counters.js';
import type { Attempt, Budget, Policy } from './policy.js';
import { type RejectionListener, Rejections, UNDER_WAY } from './rejections.js';
import { type Outcome, outcomesOfSuccess, passesOf, Reservation } from './reservation.js';
import { Tally } from './tally.js';

const WAIT = seconds(2); // for attempts in flight
const WAITERS = 1000;
const POLL = 100; // milliseconds, while attempts of other replicas are in flight

/**
 * Counts attempts in PostgreSQL, so that replicas share the counts. Policies say what is counted, how often and for how
 * long; each is declared by the module that it protects.
 *
 * An attempt is reserved before its work and settled after it. Only counted attempts cause refusals, for the rest of the
 * window. Attempts in flight make others wait, so that fifty concurrent ones can't exceed a limit of five.
 */
@Injectable()
export class Throttle {
  private readonly policies = new Map<string, Policy>();
  private readonly rejections = new Rejections();
  private readonly queue = new AttemptsQueue(this.rejections, { waiters: WAITERS, waitMs: WAIT });
  private readonly local = new Tally();
  private readonly counters: Counters;
  private readonly accounts: AccountCounters;
  private readonly isOn: boolean;

  constructor(database: Database, settings: ThrottleSettings) {
    this.counters = new Counters(database);
    this.accounts = new AccountCounters(this.counters, this.policies);
    this.isOn = settings.enabled;
  }

  /** Declares a policy with a unique name. */
  policy(name: string, { points, window }: Limit, { ofAccount = false, forgivable = false } = {}): Policy {
    const policy = { name, points, window, ofAccount, forgivable };
    this.policies.set(name, policy);
    return policy;
  }

  /** The names of all policies, and the one for attempts in flight. */
  get names(): string[] {
    return [...this.policies.keys(), UNDER_WAY];
  }

  /** Registers a listener for refusals. */
  onRejection(listener: RejectionListener): void {
    this.rejections.listeners.push(listener);
  }

  /**
   * Reserves an attempt; the caller must settle it. When only attempts in flight are in the way, waits for up to 2 s.
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

  /**
   * Reserves, runs the work and counts it when it succeeds; when it throws, nothing is counted. @throws Problem 429, what
   * the work throws
   */
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

  /** Counts an attempt whatever its outcome, by one statement. @throws Problem 429 */
  async count(attempt: Attempt, from: Origin): Promise<void> {
    if (!this.isOn) return;
    await this.assertOpen(attempt, from);
    await this.take(attempt, { from, deadline: performance.now() + WAIT, atOnce: true });
  }

  /**
   * Counts in this process only, without a statement, for requests that are cheap to refuse.
   * @throws Problem 429
   */
  async tally(attempt: Attempt, from: Origin): Promise<void> {
    if (!this.isOn) return;
    await this.assertOpen(attempt, from);
    const full = attempt.budgets.flatMap((budget) => this.local.add(budget) ?? []);
    if (full.length) await this.rejections.full(attempt, full, from);
  }

  /** As `count`, but returns whether the limit allows it: for limits that callers must not notice. */
  async tryCount(budgets: readonly Budget[]): Promise<boolean> {
    return !this.isOn || 'ticket' in (await this.counters.reserve(budgets, true));
  }

  /** As `reserve`, but returns null over the limit: for limits that callers must not notice. The caller settles it. */
  async tryReserve(budgets: readonly Budget[]): Promise<Reservation | null> {
    if (!this.isOn) return new Reservation([], () => Promise.resolve());
    const verdict = await this.counters.reserve(budgets, false);
    if (!('ticket' in verdict)) return null;
    return new Reservation(budgets, (outcomes) => this.counters.settle(budgets, outcomes, { ticket: verdict.ticket }));
  }

  /** @throws Problem 429 when such an attempt was refused within the last second; without a statement */
  async assertOpen(attempt: Attempt, from: Origin): Promise<void> {
    if (this.isOn) await this.rejections.assertOpen(attempt, from);
  }

  /** After a success elsewhere: resets the counts of these budgets where the policy allows, and issues passes. */
  async forgive(budgets: readonly Budget[]): Promise<void> {
    if (!this.isOn) return;
    await this.counters.settle(budgets, outcomesOfSuccess(budgets), { passes: passesOf(budgets) });
    this.rejections.forget();
  }

  /** The current count of this budget. */
  async hits({ key, policy }: Budget): Promise<number> {
    const counts = await this.counters.counted(new Map([[key, policy]]));
    return counts.reduce((sum, { hits }) => sum + hits, 0);
  }

  /** The failures that count against an account. */
  standing(account: string): Promise<Standing> {
    return this.accounts.standing(account);
  }

  /** Which accounts are blocked; undefined when no window is full. */
  held(): Promise<Held | undefined> {
    return this.accounts.held();
  }

  /**
   * Clears all counters of an account, of every policy.
   * @param by runs another statement that does it, with the CTE `clearing`
   */
  async clear(account: string, by?: (prefixes: string[]) => Promise<unknown>): Promise<void> {
    await this.accounts.clear(account, by);
    this.rejections.forget();
  }

  /** Deletes counters whose window has ended, a thousand at most. Returns how many. */
  purge(): Promise<number> {
    return this.counters.purge();
  }

  /** Waits for a slot among the attempts of this process. Returns a function that frees it. */
  private async enter(attempt: Attempt, from: Origin): Promise<() => void> {
    const budgets = attempt.budgets.filter(({ pass }) => pass === undefined);
    try {
      await this.queue.acquire(budgets, from.signal);
    } catch (error) {
      if (!(error instanceof StillBusyError)) throw error;
      await this.assertOpen(attempt, from);
      await this.rejections.forNow(attempt, from);
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
      if (verdict.full.length) await this.rejections.full(attempt, verdict.full, from);
      if (performance.now() + POLL > deadline) await this.rejections.forNow(attempt, from);
      await delay(POLL * (0.5 + Math.random()));
    }
  }
}

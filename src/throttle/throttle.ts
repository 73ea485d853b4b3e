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
  onRejection(listener: RejectionListener): void {
    this.rejections.listeners.push(listener);
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
    const full = attempt.budgets.flatMap((budget) => this.local.add(budget) ?? []);
    if (full.length) await this.rejections.full(attempt, full, from);
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
  async assertOpen(attempt: Attempt, from: Origin): Promise<void> {
    if (this.isOn) await this.rejections.assertOpen(attempt, from);
  }

  /** For a success elsewhere: what counted against these budgets is forgotten where that is forgivable; passes are issued. */
  async forgive(budgets: readonly Budget[]): Promise<void> {
    if (!this.isOn) return;
    await this.counters.settle(budgets, outcomesOfSuccess(budgets), { passes: passesOf(budgets) });
    this.rejections.forget();
  }

  /** How many count against this budget now. */
  async hits({ key, policy }: Budget): Promise<number> {
    const counts = await this.counters.counted(new Map([[key, policy]]));
    return counts.reduce((sum, { hits }) => sum + hits, 0);
  }

  /** What counts against an account now. */
  standing(account: string): Promise<Standing> {
    return this.accounts.standing(account);
  }

  /** Which accounts are held back now; undefined when no window is full. */
  held(): Promise<Held | undefined> {
    return this.accounts.held();
  }

  /**
   * Forgets all that counts against an account, by whatever policy and from wherever.
   * @param by a statement of one's own that does it, by the CTE `clearing`, instead of the ordinary one
   */
  async clear(account: string, by?: (prefixes: string[]) => Promise<unknown>): Promise<void> {
    await this.accounts.clear(account, by);
    this.rejections.forget();
  }

  /** Removes counters whose window is over, a thousand at most. Returns how many it removed. */
  purge(): Promise<number> {
    return this.counters.purge();
  }

  /** Waits for room among the attempts of this process. Returns what gives the room back. */
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

import { days, seconds } from '../config/durations.js';
import type { Database } from '../database/database.js';
import type { Budget, Policy } from './policy.js';
import type { Outcome } from './reservation.js';
import * as sql from './throttle.statements.js';

/** A full window, and whether this is its first refusal. */
export interface Full {
  budget: Budget;
  isFirst: boolean;
  /** Seconds until it ends. */
  seconds: number;
}

/** The result of a reservation: a ticket; or the full windows, none when only attempts in flight are in the way. */
export type Verdict = { ticket: string } | { full: Full[] };

/** A count under one policy, and its expiry. */
export interface Count {
  policy: Policy;
  hits: number;
  resetsAt: Date;
}

/** A full window: its policy, key, and end. */
export interface FullWindow {
  name: string;
  key: string;
  resetsAt: Date;
}

interface Row {
  key: string;
  isFull: boolean;
  isReserved: boolean;
  isFirst: boolean;
  seconds: number;
  ticket: string;
}

const LONGEST_ATTEMPT = seconds(15); // then its process is taken to have died: requests end after 10 s
const PASS_LIFETIME = days(30);

/** The counters in the database. */
export class Counters {
  constructor(private readonly database: Database) {}

  /** Reserves in all of these budgets or in none; with `atOnce`, counts at once. */
  async reserve(budgets: readonly Budget[], atOnce: boolean): Promise<Verdict> {
    const rows = await this.database.write<Row>(sql.RESERVE, [
      budgets.map(({ key }) => key),
      budgets.map(({ policy }) => policy.points),
      budgets.map(({ policy }) => policy.window),
      budgets.map(({ pass }) => pass ?? null),
      atOnce,
      LONGEST_ATTEMPT,
    ]);
    const [{ ticket } = { ticket: '' }] = rows;
    const reserved = new Set(rows.flatMap(({ key, isReserved }) => (isReserved ? key : [])));
    if (reserved.size === budgets.length) return { ticket };
    if (reserved.size) {
      const taken = budgets.filter(({ key }) => reserved.has(key));
      await this.settle(taken, taken.map(() => (atOnce ? 'uncounted' : 'released')), { ticket }); // prettier-ignore
    }
    const budgetOf = new Map(budgets.map((budget) => [budget.key, budget]));
    const full = rows.filter(({ isFull }) => isFull);
    return { full: full.map((row) => ({ ...row, budget: budgetOf.get(row.key) as Budget })) };
  }

  /** Settles an attempt in each of these budgets, and issues passes. */
  async settle(
    budgets: readonly Budget[],
    outcomes: readonly Outcome[],
    { ticket = null, passes = [] }: { ticket?: string | null; passes?: string[] } = {},
  ): Promise<void> {
    const keys = budgets.map(({ key }) => key);
    const windows = budgets.map(({ policy }) => policy.window);
    await this.database.write(sql.SETTLE, [keys, windows, outcomes, ticket, passes, PASS_LIFETIME]);
  }

  /** The counts of these policies whose keys have these prefixes. */
  async counted(policies: ReadonlyMap<string, Policy>): Promise<Count[]> {
    const rows = await this.database.read<Omit<Count, 'policy'> & { prefix: string }>(sql.COUNTED, [
      [...policies.keys()],
    ]);
    return rows.map(({ prefix, ...count }) => ({ ...count, policy: policies.get(prefix) as Policy }));
  }

  /** The full windows of these policies. */
  async full(policies: readonly Policy[]): Promise<FullWindow[]> {
    const values = [policies.map(({ name }) => name), policies.map(({ points }) => points)];
    return this.database.read<FullWindow>(sql.FULL, values);
  }

  /** Deletes counters with these prefixes. */
  async clear(prefixes: string[]): Promise<void> {
    await this.database.write(sql.CLEAR, [prefixes]);
  }

  /** Deletes counters whose window has ended, a thousand at most. Returns how many. */
  async purge(): Promise<number> {
    return (await this.database.write(sql.PURGE, [])).length;
  }
}

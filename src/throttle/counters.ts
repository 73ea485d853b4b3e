import { days, seconds } from '../config/durations.js';
import type { Database } from '../database/database.js';
import type { Budget, Policy } from './policy.js';
import type { Outcome } from './reservation.js';
import * as sql from './throttle.statements.js';

/** A full window, and whether anybody was refused in it before. */
export interface Full {
  budget: Budget;
  isFirst: boolean;
  /** Until it ends. */
  seconds: number;
}

/** What the database says to an attempt: a ticket; or which windows are full, none when there is no room only for now. */
export type Verdict = { ticket: string } | { full: Full[] };

/** What counts against somebody under one policy, and until when. */
export interface Count {
  policy: Policy;
  hits: number;
  resetsAt: Date;
}

/** A window that is full: of which policy, for whom, and until when. */
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

const LONGEST_ATTEMPT = seconds(15); // then it is taken to have died with its process: answers take 10 s at most
const PASS_LIFETIME = days(30);

/** The counters, in the database. */
export class Counters {
  constructor(private readonly database: Database) {}

  /** Reserves in all of these budgets or in none; with `atOnce` it is counted already. */
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

  /** Ends an attempt in each of these budgets in its own way, and issues passes. */
  async settle(
    budgets: readonly Budget[],
    outcomes: readonly Outcome[],
    { ticket = null, passes = [] }: { ticket?: string | null; passes?: string[] } = {},
  ): Promise<void> {
    const keys = budgets.map(({ key }) => key);
    const windows = budgets.map(({ policy }) => policy.window);
    await this.database.write(sql.SETTLE, [keys, windows, outcomes, ticket, passes, PASS_LIFETIME]);
  }

  /** What counts under these policies, whose keys begin with these prefixes. */
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

  /** Forgets what counts under keys with these prefixes. */
  async clear(prefixes: string[]): Promise<void> {
    await this.database.write(sql.CLEAR, [prefixes]);
  }

  /** Removes counters whose window is over, a thousand at most. Returns how many it removed. */
  async purge(): Promise<number> {
    return (await this.database.write(sql.PURGE, [])).length;
  }
}

import { seconds } from '../config/durations.js';

/** The number of rows of a list, exact or a lower bound; null when counting took too long. */
export interface Total {
  total: number | null;
  isExact: boolean;
}

/** Counting stops here: beyond, it costs more than a page, and nobody needs the exact number. */
export const MOST_COUNTED = 10_000;

const UNKNOWN: Total = { total: null, isExact: false };
const MIN_AGE = seconds(1);
const AGE_PER_COST = 20; // so that counting uses at most 5 % of a connection's time per total
const CHEAP = 100; // milliseconds
const PATIENCE = seconds(1);
const AT_ONCE = 2;
const LONGEST_QUEUE = 50;
const MAX_ENTRIES = 1000; // per table

interface Entry {
  total: Promise<Total>;
  startedAt: number;
  /** How long counting took in milliseconds, once finished. */
  cost?: number;
  until: number;
}

/**
 * Caches totals of lists: for a second, or for 20 times as long as counting took. Concurrent requests for a total share one
 * count, and a process runs two counts at a time, so that counting can't use up the database.
 */
export class Totals {
  private readonly tables = new Map<string, Map<string, Entry>>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  /**
   * The total for a key; null when counting takes more than a second, or fails.
   * @param table the table whose rows are counted
   * @param count counts up to `MOST_COUNTED + 1`
   */
  get(table: string, key: string, count: () => Promise<number>): Promise<Total> {
    const entries = this.tables.get(table) ?? new Map<string, Entry>();
    this.tables.set(table, entries);
    const known = entries.get(key);
    const now = performance.now();
    if (known && known.until > now) return inTime(known, now);
    if (this.waiting.length >= LONGEST_QUEUE) return Promise.resolve(UNKNOWN);
    if (entries.size >= MAX_ENTRIES) entries.clear();
    const entry: Entry = { total: Promise.resolve(UNKNOWN), startedAt: now, until: Infinity };
    entry.total = this.count(entry, count).catch(() => {
      if (entries.get(key) === entry) entries.delete(key); // the next request counts again
      return UNKNOWN;
    });
    entries.set(key, entry);
    return inTime(entry, now);
  }

  /**
   * After a write to this table: drops its totals, so that the writer sees the change in the next list; except those that
   * are expensive to count.
   */
  changed(table: string): void {
    const entries = this.tables.get(table);
    const now = performance.now();
    for (const [key, { cost, startedAt }] of entries ?? []) {
      if ((cost ?? now - startedAt) <= CHEAP) entries?.delete(key);
    }
  }

  private async count(entry: Entry, count: () => Promise<number>): Promise<Total> {
    if (this.running < AT_ONCE) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    const begun = performance.now();
    try {
      const total = boundedTotal(await count());
      entry.cost = performance.now() - begun;
      entry.until = performance.now() + Math.max(MIN_AGE, AGE_PER_COST * entry.cost);
      return total;
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}

/** The total for a number of rows that was counted. */
export const boundedTotal = (rows: number): Total =>
  rows > MOST_COUNTED ? { total: MOST_COUNTED, isExact: false } : { total: rows, isExact: true };

/** A slow or failed count must not fail the page. */
function inTime({ total, startedAt, cost }: Entry, now: number): Promise<Total> {
  if (cost !== undefined) return total;
  const patience = startedAt + PATIENCE - now;
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(UNKNOWN), patience); // 0 when others have waited that long already
    void total.then((counted) => {
      clearTimeout(timer);
      resolve(counted);
    });
  });
}

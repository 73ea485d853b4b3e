import { seconds } from '../config/durations.js';

/** How many rows a list has: exactly, or at least so many; null when nobody has counted in time. */
export interface Total {
  total: number | null;
  isExact: boolean;
}

/** As far as rows are counted. Beyond it a count costs more than a page, and nobody looks at the number. */
export const MOST_COUNTED = 10_000;

const UNKNOWN: Total = { total: null, isExact: false };
const MIN_AGE = seconds(1);
const AGE_PER_COST = 20; // so that no more than a twentieth of a connection's time goes into one total
const CHEAP = 100; // milliseconds
const PATIENCE = seconds(1);
const AT_ONCE = 2;
const LONGEST_QUEUE = 50;
const MAX_ENTRIES = 1000; // of one table

interface Entry {
  total: Promise<Total>;
  startedAt: number;
  /** What counting took, in milliseconds, once it is done. */
  cost?: number;
  until: number;
}

/**
 * Remembers the totals of lists: for a second, or for 20 times as long as counting took. However many ask for the same
 * total, it is counted once; two are counted at a time in a process, so that counting never takes the database from the rest.
 */
export class Totals {
  private readonly tables = new Map<string, Map<string, Entry>>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  /**
   * The total under this key: null when it isn't counted within a second, or fails.
   * @param table what it counts the rows of
   * @param count counts as far as `MOST_COUNTED + 1`
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
      if (entries.get(key) === entry) entries.delete(key); // the next one asks again
      return UNKNOWN;
    });
    entries.set(key, entry);
    return inTime(entry, now);
  }

  /**
   * Something was written to this table, and whoever wrote it looks for it in the next list: forgets its totals, save those
   * that are dear to count.
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

/** What is said of so many rows. */
export const boundedTotal = (rows: number): Total =>
  rows > MOST_COUNTED ? { total: MOST_COUNTED, isExact: false } : { total: rows, isExact: true };

/** A total that is late is never the page's failure. */
function inTime({ total, startedAt, cost }: Entry, now: number): Promise<Total> {
  if (cost !== undefined) return total;
  const patience = startedAt + PATIENCE - now;
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(UNKNOWN), patience); // at once, when others have waited as long already
    void total.then((counted) => {
      clearTimeout(timer);
      resolve(counted);
    });
  });
}

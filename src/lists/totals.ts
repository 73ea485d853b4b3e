import { seconds } from '../config/durations.js';

const MAX_AGE = seconds(1);
const MAX_ENTRIES = 1000;

interface Entry {
  total: Promise<number>;
  until: number;
}

/**
 * Remembers the totals of lists for a second: counting a million rows takes longer than finding a page of them.
 * However many ask for the same total, it is counted once.
 */
export class Totals {
  private readonly entries = new Map<string, Entry>();

  /** The total under this key, counted anew when the last count is more than a second old. */
  get(key: string, count: () => Promise<number>): Promise<number> {
    const known = this.entries.get(key);
    if (known && known.until > Date.now()) return known.total;
    if (this.entries.size >= MAX_ENTRIES) this.entries.clear();
    const entry = { total: count(), until: Infinity };
    this.entries.set(key, entry);
    entry.total.then(
      () => (entry.until = Date.now() + MAX_AGE),
      () => this.entries.delete(key), // the next one asks again
    );
    return entry.total;
  }

  /** Forgets all: something was written here, and whoever wrote it looks for it in the next list. */
  clear(): void {
    this.entries.clear();
  }
}

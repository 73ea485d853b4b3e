/** A window that was full when the database was last queried. */
export interface FullWindow {
  /** The names of the full policies. */
  readonly limits: string[];
  /** When it ends, by `performance.now()`. */
  readonly until: number;
}

const MOST = 10_000; // about 200 bytes each

/**
 * Caches full windows, so that repeated attempts cost no statement. For a second only: then one attempt queries the database
 * again, as another replica may have unblocked the account.
 */
export class FullWindows {
  private readonly windows = new Map<string, FullWindow & { forgottenAt: number }>(); // oldest first

  constructor(private readonly memoryMs: number) {}

  /** The cached full window with this name. */
  find(name: string): FullWindow | undefined {
    const window = this.windows.get(name);
    return window && performance.now() < Math.min(window.until, window.forgottenAt) ? window : undefined;
  }

  /** Caches a full window under a name. */
  remember(name: string, window: FullWindow): void {
    this.windows.delete(name);
    this.windows.set(name, { ...window, forgottenAt: performance.now() + this.memoryMs });
    for (const [oldest, { forgottenAt }] of this.windows) {
      if (this.windows.size <= MOST && forgottenAt > performance.now()) break;
      this.windows.delete(oldest);
    }
  }

  /** Clears the cache. */
  clear(): void {
    this.windows.clear();
  }
}

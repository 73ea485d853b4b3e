/** A window that was full when the database was last asked. */
export interface FullWindow {
  /** The names of the policies that have been reached. */
  readonly limits: string[];
  /** When it ends, by `performance.now()`. */
  readonly until: number;
}

const MOST = 10_000; // of some 200 bytes

/**
 * Remembers full windows, so that whoever goes on trying costs no statement. Only for a second each: then one attempt asks
 * the database again, which may have been told by another replica that somebody may try again.
 */
export class FullWindows {
  private readonly windows = new Map<string, FullWindow & { forgottenAt: number }>(); // oldest first

  constructor(private readonly memoryMs: number) {}

  /** The full window of this name, if one is remembered. */
  find(name: string): FullWindow | undefined {
    const window = this.windows.get(name);
    return window && performance.now() < Math.min(window.until, window.forgottenAt) ? window : undefined;
  }

  /** Remembers a full window under a name. */
  remember(name: string, window: FullWindow): void {
    this.windows.delete(name);
    this.windows.set(name, { ...window, forgottenAt: performance.now() + this.memoryMs });
    for (const [oldest, { forgottenAt }] of this.windows) {
      if (this.windows.size <= MOST && forgottenAt > performance.now()) break;
      this.windows.delete(oldest);
    }
  }

  /** Forgets all of them. */
  clear(): void {
    this.windows.clear();
  }
}

import { unavailable } from '../errors.js';

/** What a statement does; readers get past writers who wait for a lock. */
export type Kind = 'read' | 'write';

interface Waiter {
  kind: Kind;
  enter(): void;
}

const PATIENCE = 500; // together with the 2 s that a lock may take, an answer within 3 s
const LONGEST_LINE = 50; // for each lane

/**
 * Admits as many statements as the pool has connections, writers to four fifths of them only: a locked table that holds
 * up every writer must not hold up the readers of all the others. Whoever finds no lane waits half a second at most.
 */
export class Lanes {
  private readonly inside: Record<Kind, number> = { read: 0, write: 0 };
  private readonly line = new Set<Waiter>();
  private readonly forWriters: number;

  /** @param width how many connections the pool has */
  constructor(private readonly width: number) {
    this.forWriters = Math.max(1, width - Math.ceil(width / 5));
  }

  /** How many wait for a lane. */
  get waiting(): number {
    return this.line.size;
  }

  /** Runs the work on a lane of its own. @throws Problem 503 when none becomes free in time, or too many wait already */
  async run<T>(kind: Kind, work: () => Promise<T>): Promise<T> {
    if (this.isFree(kind)) this.inside[kind]++;
    else await this.turn(kind);
    try {
      return await work();
    } finally {
      this.inside[kind]--;
      this.admitNext();
    }
  }

  private isFree(kind: Kind): boolean {
    const { read, write } = this.inside;
    return read + write < this.width && (kind === 'read' || write < this.forWriters);
  }

  private turn(kind: Kind): Promise<void> {
    if (this.line.size >= LONGEST_LINE * this.width) throw unavailable();
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.line.delete(waiter);
        reject(unavailable());
      };
      const timer = setTimeout(giveUp, PATIENCE);
      const waiter: Waiter = {
        kind,
        enter: () => {
          clearTimeout(timer);
          this.line.delete(waiter);
          this.inside[kind]++;
          resolve();
        },
      };
      this.line.add(waiter);
    });
  }

  private admitNext(): void {
    for (const waiter of this.line) {
      if (this.isFree(waiter.kind)) return waiter.enter();
    }
  }
}

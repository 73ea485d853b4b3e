import { unavailable } from '../problems.js';

/** What a statement does; readers get past writers who wait for a lock. */
export type Kind = 'read' | 'write';

interface Waiter {
  kind: Kind;
  enter(): void;
}

const LOOK = 400; // twice this, and the 2 s that a lock may take, are within 3 s
const LOOKS = 5;
const LONGEST_LINE = 50; // for each lane

/**
 * Admits as many statements as the pool has connections, writers to four fifths of them only: a locked table that holds
 * up every writer must not hold up the readers of all the others. Whoever finds no lane waits in line: for 2 s while the
 * line moves, as it does in a crowd, but for 0.4 s when less than half of the lanes change hands in that time.
 */
export class AdmissionQueue {
  private readonly inside: Record<Kind, number> = { read: 0, write: 0 };
  private readonly departed: Record<Kind, number> = { read: 0, write: 0 };
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
      this.departed[kind]++;
      this.admit();
    }
  }

  private isFree(kind: Kind): boolean {
    const { read, write } = this.inside;
    return read + write < this.width && (kind === 'read' || write < this.forWriters);
  }

  private turn(kind: Kind): Promise<void> {
    if (this.line.size >= LONGEST_LINE * this.width) throw unavailable();
    return new Promise((resolve, reject) => {
      let seen = this.changes(kind);
      let looks = 0;
      const look = () => {
        const isMoving = this.changes(kind) - seen >= (kind === 'write' ? this.forWriters : this.width) / 2;
        seen = this.changes(kind);
        if (isMoving && ++looks < LOOKS) return;
        leaveLine();
        reject(unavailable());
      };
      const timer = setInterval(look, LOOK);
      const leaveLine = () => {
        clearInterval(timer);
        this.line.delete(waiter);
      };
      const waiter: Waiter = {
        kind,
        enter: () => {
          leaveLine();
          this.inside[kind]++;
          resolve();
        },
      };
      this.line.add(waiter);
    });
  }

  /** How often a lane of those that this kind may use has become free. */
  private changes(kind: Kind): number {
    return kind === 'write' ? this.departed.write : this.departed.read + this.departed.write;
  }

  private admit(): void {
    for (const waiter of this.line) {
      if (this.isFree(waiter.kind)) return waiter.enter();
    }
  }
}

import { unavailable } from '../problems.js';
import { BoundedQueue, type Waiter } from './bounded-queue.js';

/** What a statement does: writers may wait for a lock, searches take long, and readers get past both. */
export type Kind = 'read' | 'write' | 'search';

const CHECK_INTERVAL = 400; // milliseconds: twice this, and the 2 s that a lock may take, are within 3 s
const CHECKS = 5;
const WAITERS_PER_CONNECTION = 50;

/**
 * Admits as many statements as the pool has connections. Readers may use all of them; writers and searches together four
 * fifths, and searches half: neither a locked table nor a search of everything must hold up the readers of all the rest.
 * Whoever is not admitted waits: for 2 s while statements of the kind end, as they do in a crowd, but for 0.4 s when
 * fewer than half of those that may run at once end in that time.
 */
export class AdmissionQueue extends BoundedQueue<Kind> {
  private readonly running: Record<Kind, number> = { read: 0, write: 0, search: 0 };
  private readonly ended: Record<Kind, number> = { read: 0, write: 0, search: 0 };
  private readonly most: Record<Kind, number>;

  /** @param width how many connections the pool has */
  constructor(private readonly width: number) {
    super();
    const write = Math.max(1, width - Math.ceil(width / 5));
    this.most = { read: width, write, search: Math.max(1, Math.floor(width / 2)) };
  }

  protected admits(kind: Kind): boolean {
    const { read, write, search } = this.running;
    if (read + write + search >= this.width) return false;
    if (kind === 'read') return true;
    return write + search < this.most.write && this.running[kind] < this.most[kind];
  }

  protected enter(kind: Kind): void {
    this.running[kind]++;
  }

  protected leave(kind: Kind): void {
    this.running[kind]--;
    this.ended[kind]++;
  }

  protected assertMayWait(): void {
    if (this.waiting >= WAITERS_PER_CONNECTION * this.width) throw unavailable();
  }

  protected override watch(waiter: Waiter<Kind>): () => void {
    const { job: kind } = waiter;
    let seen = this.endedBefore(kind);
    let checks = 0;
    const check = () => {
      const isMoving = this.endedBefore(kind) - seen >= this.most[kind] / 2;
      seen = this.endedBefore(kind);
      if (!isMoving || ++checks === CHECKS) waiter.answer(unavailable());
    };
    const timer = setInterval(check, CHECK_INTERVAL);
    return () => clearInterval(timer);
  }

  /** How many statements have ended whose connection this kind may use. */
  private endedBefore(kind: Kind): number {
    const { read, write, search } = this.ended;
    return kind === 'read' ? read + write + search : this.ended[kind];
  }
}

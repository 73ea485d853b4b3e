import { unavailable } from '../problems.js';
import { BoundedQueue, type Waiter } from './bounded-queue.js';

/** What a statement does: writers may wait for a lock, searches take long, and readers get past both. */
export type Kind = 'read' | 'write' | 'search';

/** A statement that wants a connection. */
export interface Admission {
  readonly kind: Kind;
  /** The feature that it belongs to, as its name begins with it; several, with `+` between them, when it needs all of them. */
  readonly topic: string;
}

/** A bound that several statements share. */
interface Bound {
  readonly most: number;
  running: number;
  ended: number;
}

const CHECK_INTERVAL = 400; // milliseconds: twice this, and 1.1 s for each of two locks, are 3 s
const CHECKS = 5;
const WAITERS_PER_CONNECTION = 50;
/** What nearly every write is recorded in: those of one topic that are stuck elsewhere must leave room for the others. */
const RECORDS = 'audit_events';

/**
 * Admits as many statements as the pool has connections, and of those that might all wait for the same lock, or take long,
 * only a part: writers and searches together get four fifths of the connections, searches half; the statements of one topic
 * four fifths, and half for its writers. So a locked table holds up those who need it, and nobody else.
 *
 * Whoever is not admitted waits: for 2 s while statements end under the bound that they wait for, as they do in a crowd,
 * but for 0.4 s when fewer than half of those that may run at once end in that time.
 */
export class AdmissionQueue extends BoundedQueue<Admission> {
  private readonly bounds = new Map<string, Bound>();
  private readonly boundsOf = new Map<string, Bound[]>();

  /** @param width how many connections the pool has */
  constructor(private readonly width: number) {
    super();
  }

  /**
   * A statement has waited for a lock in vain: those behind it that are about the same would wait as long once more. By the
   * topic that comes first; a table that more of them need is found to be locked by one of each.
   */
  lockTimedOut({ kind, topic }: Admission): void {
    const [main] = topic.split('+');
    this.turnAway(unavailable(), (job) => job.kind === kind && job.topic.split('+')[0] === main);
  }

  protected admits(job: Admission): boolean {
    return this.boundsFor(job).every(hasRoom);
  }

  protected enter(job: Admission): void {
    for (const bound of this.boundsFor(job)) bound.running++;
  }

  protected leave(job: Admission): void {
    for (const bound of this.boundsFor(job)) {
      bound.running--;
      bound.ended++;
    }
  }

  protected assertMayWait(): void {
    if (this.waiting >= WAITERS_PER_CONNECTION * this.width) throw unavailable();
  }

  protected override watch(waiter: Waiter<Admission>): () => void {
    const bounds = this.boundsFor(waiter.job);
    const endedOf = () => bounds.map(({ ended }) => ended);
    let seen = endedOf();
    let checks = 0;
    const check = () => {
      const isMoving = bounds.every((bound, i) => hasRoom(bound) || bound.ended - (seen[i] ?? 0) >= bound.most / 2);
      seen = endedOf();
      if (!isMoving || ++checks === CHECKS) waiter.answer(unavailable());
    };
    // after what has arrived while this process was busy: else a crowd would be turned away for answers that nobody has read
    let immediate: NodeJS.Immediate | undefined;
    const timer = setInterval(() => (immediate = setImmediate(check)), CHECK_INTERVAL);
    return () => {
      clearInterval(timer);
      clearImmediate(immediate);
    };
  }

  private boundsFor({ kind, topic }: Admission): Bound[] {
    const key = `${kind} ${topic}`;
    const known = this.boundsOf.get(key);
    if (known) return known;
    const { width } = this;
    const [fourFifths, half] = [width - Math.ceil(width / 5), Math.ceil(width / 2)];
    const bounds = [this.bound('all', width)];
    if (kind !== 'read') bounds.push(this.bound('writers and searches', fourFifths));
    if (kind === 'search') bounds.push(this.bound('searches', Math.floor(width / 2)));
    for (const one of topic.split('+')) {
      bounds.push(this.bound(one, fourFifths));
      if (kind === 'write') bounds.push(this.bound(`writers of ${one}`, one === RECORDS ? Math.max(half, fourFifths - 1) : half)); // prettier-ignore
    }
    this.boundsOf.set(key, bounds);
    return bounds;
  }

  private bound(name: string, most: number): Bound {
    const bound = this.bounds.get(name) ?? { most: Math.max(1, most), running: 0, ended: 0 };
    this.bounds.set(name, bound);
    return bound;
  }
}

const hasRoom = ({ running, most }: Bound) => running < most;

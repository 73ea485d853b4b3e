import { seconds } from '../config/durations.js';
import { LEASE_SECONDS } from './outbox.statements.js';

/** What sending may take at most; a job is only begun while that much of its lease is left. */
const LONGEST_DELIVERY = seconds(30);

/**
 * The time for which a claimed job is nobody else's, measured from before the claim was sent. By two clocks: the monotonic
 * one can't be set, but stands still while a machine sleeps; the other does the opposite. Whichever says more counts.
 */
export class Lease {
  private readonly timer: NodeJS.Timeout;
  private readonly controller = new AbortController();
  private readonly end: AbortSignal;

  /**
   * @param begin what `Lease.now()` said before the claim
   * @param ending fires when the process ends: what could still be taken back is
   */
  constructor(
    private readonly begin: Instant,
    readonly ending: AbortSignal,
  ) {
    this.timer = setTimeout(() => this.controller.abort(), LONGEST_DELIVERY);
    this.end = this.controller.signal;
  }

  /** Both clocks, in milliseconds. */
  static now(): Instant {
    return { monotonic: performance.now(), wall: Date.now() };
  }

  /** Whether enough of it is left to begin. A process that was frozen finds out here that it was. */
  get mayBegin(): boolean {
    return this.elapsed() <= seconds(LEASE_SECONDS) - LONGEST_DELIVERY;
  }

  /** Whether it is over, so that another process may be sending the same. */
  get isOver(): boolean {
    return this.elapsed() >= seconds(LEASE_SECONDS);
  }

  /** Milliseconds until it is over. */
  get left(): number {
    return Math.max(0, seconds(LEASE_SECONDS) - this.elapsed());
  }

  /** Fires when sending has taken as long as it may. */
  get signal(): AbortSignal {
    return this.end;
  }

  /** Lets go of the timer. */
  release(): void {
    clearTimeout(this.timer);
  }

  private elapsed(): number {
    const now = Lease.now();
    return Math.max(now.monotonic - this.begin.monotonic, now.wall - this.begin.wall);
  }
}

interface Instant {
  monotonic: number;
  wall: number;
}

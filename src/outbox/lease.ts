import { seconds } from '../config/durations.js';
import { LEASE_SECONDS } from './outbox.statements.js';

/** The longest delivery; a job is only started while that much of its lease is left. */
const LONGEST_DELIVERY = seconds(30);

/**
 * The time for which a claimed job belongs to this process, measured from before the claim was sent, by two clocks: the
 * monotonic one can't be adjusted, but stops while the machine is suspended; the system clock is the opposite. The greater
 * of the two elapsed times counts.
 */
export class Lease {
  private readonly timer: NodeJS.Timeout;
  private readonly controller = new AbortController();
  private readonly end: AbortSignal;

  /**
   * @param begin `Lease.now()` before the claim
   * @param ending fires when the process shuts down: deliveries that can still be aborted are
   */
  constructor(
    private readonly begin: Instant,
    readonly ending: AbortSignal,
  ) {
    this.timer = setTimeout(() => this.controller.abort(), LONGEST_DELIVERY);
    this.end = this.controller.signal;
  }

  /** The time of both clocks, in milliseconds. */
  static now(): Instant {
    return { monotonic: performance.now(), wall: Date.now() };
  }

  /** Whether enough time is left to start. Detects that the process was suspended. */
  get mayBegin(): boolean {
    return this.elapsed() <= seconds(LEASE_SECONDS) - LONGEST_DELIVERY;
  }

  /** Whether it has expired, so that another process may be sending the same job. */
  get isOver(): boolean {
    return this.elapsed() >= seconds(LEASE_SECONDS);
  }

  /** Milliseconds until it expires. */
  get left(): number {
    return Math.max(0, seconds(LEASE_SECONDS) - this.elapsed());
  }

  /** Fires when the delivery has taken too long. */
  get signal(): AbortSignal {
    return this.end;
  }

  /** Clears the timer. */
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

import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { minutes, seconds } from '../config/durations.js';
import type { Database } from '../database/database.js';
import { type Channel, type ClaimedJob, DeliveryError } from './channel.js';
import { Lease } from './lease.js';
import type { Note, Notes } from './notes.js';
import { CLAIM, CLAIM_FROM_LANES } from './outbox.statements.js';

const POLL = seconds(0.9); // ± 10 %, so within a second
const IDLE_POLL = seconds(1.8); // ± 10 %, so within two seconds
const IDLE_AFTER = minutes(1);
const REMINDER = minutes(1);
/** Delay for a job that was claimed but not started: another replica may take it. */
const AT_ONCE = 0;

/** The outcome of a try; `queued` is a failed one that will be repeated. */
export interface Outcome {
  kind: string;
  state: Note['state'];
  /** Milliseconds; undefined when nothing was sent, as the job had expired. */
  duration: number | undefined;
}

export interface WorkerContext {
  database: Database;
  notes: Notes;
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  onOutcome: (outcome: Outcome) => void;
}

/** Claims and delivers the jobs of one channel, as many at once as it has slots, until stopped. */
export class ChannelWorker {
  private readonly log = new Logger('Outbox');
  private readonly running = new Map<ClaimedJob, Promise<void>>();
  private readonly ending = new AbortController();
  private stopping = false;
  private lastFound = performance.now();
  private lastLane = '';
  private complainedAt = -Infinity;
  private wakeUp?: () => void;
  private awake = false;
  private loop?: Promise<void>;

  constructor(
    private readonly channel: Channel,
    private readonly context: WorkerContext,
  ) {}

  start(): void {
    this.loop ??= this.work();
  }

  /** Called after a commit for this channel, and when a slot becomes free. */
  wake(): void {
    this.awake = true;
    this.wakeUp?.();
  }

  /**
   * Stops claiming and waits for running deliveries; those that can still be aborted after `patience` are returned to the
   * queue. Resolves when none is running.
   */
  async stop(patience: number): Promise<void> {
    this.stopping = true;
    this.wake();
    const timer = setTimeout(() => this.ending.abort(), patience);
    await this.loop;
    await Promise.all(this.running.values());
    clearTimeout(timer);
  }

  private async work(): Promise<void> {
    const isOver = () => this.stopping;
    const isAwake = () => this.awake;
    while (!isOver()) {
      this.awake = false;
      const found = await this.claim();
      if (!found && !isAwake() && !isOver()) await this.sleep();
    }
  }

  /** Claims jobs for the free slots. Returns whether there may be more. */
  private async claim(): Promise<boolean> {
    const room = Math.min(this.channel.slots - this.running.size, this.channel.allowance?.() ?? Infinity);
    if (room <= 0) return false;
    const begin = Lease.now();
    const { lastLane } = this;
    const jobs = await this.take(room);
    if (jobs.length) this.lastFound = performance.now();
    for (const job of jobs) this.begin(job, begin);
    // round robin: the next claim begins after the last lane of this one, or at the first
    const isFull = jobs.length === room;
    this.lastLane = isFull ? (jobs.map(({ lane }) => lane ?? '').sort().at(-1) ?? '') : ''; // prettier-ignore
    return isFull || lastLane !== '';
  }

  private async take(room: number): Promise<ClaimedJob[]> {
    try {
      const { database, exclusively } = this.context;
      const values = [this.channel.name, room, randomUUID()];
      const { perLane } = this.channel;
      if (perLane === undefined) return await exclusively(() => database.write<ClaimedJob>(CLAIM, values));
      return await exclusively(() => {
        const busy = [...this.busyLanes()];
        const rooms = busy.map(([, count]) => perLane - count);
        const lanes = busy.map(([lane]) => lane);
        return database.write<ClaimedJob>(CLAIM_FROM_LANES, [...values, lanes, rooms, perLane, this.lastLane]);
      });
    } catch (error) {
      this.complain(error as Error);
      return [];
    }
  }

  private begin(job: ClaimedJob, begin: ReturnType<typeof Lease.now>): void {
    const lease = new Lease(begin, this.ending.signal);
    const done = this.run(job, lease).finally(() => {
      lease.release();
      this.running.delete(job);
      this.wake();
    });
    this.running.set(job, done);
  }

  private async run(job: ClaimedJob, lease: Lease): Promise<void> {
    const begun = performance.now();
    const duration = () => Math.round(performance.now() - begun);
    const { id, claimedBy: claim, attempts } = job;
    if (job.isExpired) return this.finish(job, { id, claim, attempts: attempts - 1, state: 'expired' }, lease);
    try {
      if (!lease.mayBegin || this.stopping) return await this.giveBack(job, lease);
      const { status } = await this.channel.deliver(job, lease);
      await this.finish(job, { id, claim, attempts, state: 'sent', status, duration: duration() }, lease);
    } catch (error) {
      const note = this.failure(job, error);
      await this.finish(job, { ...note, duration: duration() }, lease);
    }
  }

  /** The outcome of a failed try. */
  private failure(job: ClaimedJob, error: unknown): Note {
    const { id, claimedBy: claim, attempts } = job;
    const { status, isPermanent, isReturned } = error instanceof DeliveryError ? error.options : {};
    if (isReturned) return { id, claim, state: 'queued', attempts: attempts - 1, wait: AT_ONCE };
    const text = error instanceof Error ? error.message : String(error);
    const wait = isPermanent ? undefined : this.channel.retryAfter(attempts, error);
    const state = wait === undefined ? 'failed' : 'queued';
    this.log.warn({
      event: state === 'failed' ? 'delivery_failed' : 'delivery_deferred',
      channel: this.channel.name,
      kind: job.kind,
      job: id,
      attempts,
      status,
      reason: text,
      ...(!(error instanceof DeliveryError) && error instanceof Error && { stack: error.stack }),
    });
    return { id, claim, state, attempts, status, error: text, wait };
  }

  private giveBack(job: ClaimedJob, lease: Lease): Promise<void> {
    const { id, claimedBy: claim, attempts } = job;
    return this.context.notes.write({ id, claim, state: 'queued', attempts: attempts - 1, wait: AT_ONCE }, lease);
  }

  private async finish(job: ClaimedJob, note: Note, lease: Lease): Promise<void> {
    if (note.state === 'sent') {
      this.log.log({
        event: 'delivered',
        channel: this.channel.name,
        kind: job.kind,
        job: job.id,
        user_id: job.userId,
        attempts: job.attempts,
        duration_ms: note.duration,
      });
    }
    const isReturned = note.state === 'queued' && note.attempts < job.attempts;
    if (!isReturned) this.context.onOutcome({ kind: job.kind, state: note.state, duration: note.duration });
    await this.context.notes.write(note, lease);
  }

  /** Number of running jobs by lane. */
  private busyLanes(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { lane } of this.running.keys()) if (lane !== null) counts.set(lane, (counts.get(lane) ?? 0) + 1);
    return counts;
  }

  /** Sleeps until woken, or until it is time to poll for jobs committed by other replicas. */
  private sleep(): Promise<void> {
    const isIdle = performance.now() - this.lastFound > IDLE_AFTER;
    const pause = (isIdle ? IDLE_POLL : POLL) * (0.9 + Math.random() * 0.2);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pause);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Logs once a minute: a database can be unreachable all night. */
  private complain({ message }: Error): void {
    if (performance.now() - this.complainedAt < REMINDER) return;
    this.complainedAt = performance.now();
    this.log.warn({ event: 'outbox_claim_failed', channel: this.channel.name, reason: message });
  }
}

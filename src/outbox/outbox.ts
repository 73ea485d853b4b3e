import { type BeforeApplicationShutdown, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { days, seconds } from '../config/durations.js';
import { Database } from '../database/database.js';
import { ChannelWorker, type Outcome } from './channel-worker.js';
import type { Channel } from './channel.js';
import { Notes } from './notes.js';
import type { ChannelName, OutboxJob } from './outbox-job.entity.js';
import { ADD, BACKLOG, EXISTS, PURGE, RETRY } from './outbox.statements.js';

const RETENTION = days(30);
/** How long shutdown waits for running deliveries before it aborts those that can be. */
const PATIENCE = seconds(10);

/** A job that isn't part of a statement. */
export interface NewJob
  extends
    Pick<OutboxJob, 'channel' | 'kind' | 'recipient'>,
    Partial<Pick<OutboxJob, 'userId' | 'challengeId' | 'expiresAt' | 'data'>> {}

/** Queued jobs, and the age of the oldest. */
export interface Backlog {
  channel: ChannelName;
  queued: number;
  oldestSeconds: number;
}

type OutcomeListener = (outcome: Outcome & { channel: ChannelName }) => void;

/**
 * The transactional outbox: jobs are written in the transaction of the change that they report, and delivered by whichever
 * replica is free, at least once. Modules register channels; `insertJob` is the INSERT for their statements.
 */
@Injectable()
export class Outbox implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly workers = new Map<ChannelName, ChannelWorker>();
  private readonly listeners: OutcomeListener[] = [];
  private readonly notes: Notes;
  private last: Promise<unknown> = Promise.resolve();
  private ended?: Promise<unknown>;

  constructor(private readonly database: Database) {
    this.notes = new Notes(database, this.exclusively);
  }

  /** Registers a channel. Before `start`. */
  register(channel: Channel): void {
    const onOutcome = (outcome: Outcome) => {
      for (const listener of this.listeners) listener({ ...outcome, channel: channel.name });
    };
    const { database, notes, exclusively } = this;
    this.workers.set(channel.name, new ChannelWorker(channel, { database, notes, exclusively, onOutcome }));
  }

  /** Starts delivering; the database must have its tables. */
  start(): void {
    for (const worker of this.workers.values()) worker.start();
  }

  /** Lets this process deliver what was just committed at once. Without it, delivery starts within a second. */
  wake(channel: ChannelName): void {
    this.workers.get(channel)?.wake();
  }

  /** Adds a job; in the transaction of `manager`, else it is delivered at once. Returns its id. */
  async add(job: NewJob, manager?: EntityManager): Promise<string> {
    const id = uuidv7();
    const { channel, kind, recipient, userId = null, challengeId = null, expiresAt = null, data = {} } = job;
    const values = [id, channel, kind, recipient, userId, challengeId, expiresAt, data];
    if (manager) await manager.query(ADD.text, values);
    else {
      await this.database.write(ADD, values);
      this.wake(channel);
    }
    return id;
  }

  /**
   * Queues a job for another try at once, if it failed or waits for its next try.
   * @returns whether it was queued; undefined for an unknown job
   */
  async retry(id: string, channel: ChannelName): Promise<boolean | undefined> {
    const [row] = await this.database.write(RETRY, [id, channel]);
    if (row) this.wake(channel);
    else if (!(await this.database.read(EXISTS, [id, channel])).length) return undefined;
    return row !== undefined;
  }

  /** Queued jobs, by channel; channels without any are left out. */
  backlog(): Promise<Backlog[]> {
    return this.database.read<Backlog>(BACKLOG, []);
  }

  /** Registers a listener for every try, and for expired jobs. */
  onOutcome(listener: OutcomeListener): void {
    this.listeners.push(listener);
  }

  /** Deletes jobs that finished more than 30 days ago, a thousand at most. Returns how many. */
  async purge(): Promise<number> {
    return (await this.database.write(PURGE, [RETENTION])).length;
  }

  onModuleDestroy(): void {
    this.ended ??= Promise.all([...this.workers.values()].map((worker) => worker.stop(PATIENCE)));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.onModuleDestroy();
    await this.ended;
  }

  /** One statement of all channels at a time, so that a locked table blocks one connection only. */
  private readonly exclusively = <T>(work: () => Promise<T>): Promise<T> => {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  };
}

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
/** How long an ending process waits for what it is sending before it takes back what it can. */
const PATIENCE = seconds(10);

/** A job to be added by itself. */
export interface NewJob
  extends
    Pick<OutboxJob, 'channel' | 'kind' | 'recipient'>,
    Partial<Pick<OutboxJob, 'userId' | 'challengeId' | 'expiresAt' | 'data'>> {}

/** Jobs that wait, and for how long the oldest has. */
export interface Backlog {
  channel: ChannelName;
  queued: number;
  oldestSeconds: number;
}

type OutcomeListener = (outcome: Outcome & { channel: ChannelName }) => void;

/**
 * What is to be sent: written in the transaction of the change that it tells of, and sent by whichever replica is free, at
 * least once. Modules register the channels; `insertJob` is the INSERT for a statement of one's own.
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

  /** Adds a way out. Before `start`. */
  register(channel: Channel): void {
    const onOutcome = (outcome: Outcome) => {
      for (const listener of this.listeners) listener({ ...outcome, channel: channel.name });
    };
    const { database, notes, exclusively } = this;
    this.workers.set(channel.name, new ChannelWorker(channel, { database, notes, exclusively, onOutcome }));
  }

  /** Starts sending; the database must have its tables. */
  start(): void {
    for (const worker of this.workers.values()) worker.start();
  }

  /** Has what was just committed sent at once by this process. Forgetting it costs a second. */
  wake(channel: ChannelName): void {
    this.workers.get(channel)?.wake();
  }

  /** Adds a job; in the transaction of `manager` if there is one, else it is sent at once. Returns its id. */
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
   * Has a job tried again at once, if it failed or waits for its next try.
   * @returns whether it will be; undefined when there is no such job
   */
  async retry(id: string, channel: ChannelName): Promise<boolean | undefined> {
    const [row] = await this.database.write(RETRY, [id, channel]);
    if (row) this.wake(channel);
    else if (!(await this.database.read(EXISTS, [id, channel])).length) return undefined;
    return row !== undefined;
  }

  /** What waits, by channel; a channel without jobs is left out. */
  backlog(): Promise<Backlog[]> {
    return this.database.read<Backlog>(BACKLOG, []);
  }

  /** Whom to tell of every try, and of jobs that expired. */
  onOutcome(listener: OutcomeListener): void {
    this.listeners.push(listener);
  }

  /** Removes finished jobs of more than 30 days ago, a thousand at most. Returns how many. */
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

  /** One statement of all channels at a time: a locked table holds up one connection, not all of them. */
  private readonly exclusively = <T>(work: () => Promise<T>): Promise<T> => {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  };
}

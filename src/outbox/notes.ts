import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Database } from '../database/database.js';
import type { Lease } from './lease.js';
import type { JobState } from './outbox-job.entity.js';
import { NOTE } from './outbox.statements.js';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2000;
const LONGEST_ERROR = 500;

/** The outcome of a job, as it is stored. */
export interface Note {
  id: string;
  claim: string;
  state: JobState;
  attempts: number;
  status?: number;
  error?: string;
  duration?: number;
  /** Milliseconds until the next try, for a job that is queued again. */
  wait?: number;
}

interface Pending {
  note: Note;
  lease: Lease;
  written: () => void;
}

/**
 * Stores outcomes of jobs in batches: one statement at a time for all that have ended meanwhile, repeated until it succeeds
 * or the lease expires. A short outage of the database must not send a mail twice.
 */
export class Notes {
  private readonly log = new Logger('Outbox');
  private pending: Pending[] = [];
  private writing?: Promise<void>;

  /** @param exclusively runs one statement of the outbox at a time */
  constructor(
    private readonly database: Database,
    private readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>,
  ) {}

  /** Resolves when it is stored, or can't be any more. */
  write(note: Note, lease: Lease): Promise<void> {
    return new Promise((written) => {
      this.pending.push({ note: { ...note, error: presentable(note.error) }, lease, written });
      this.writing ??= this.writeAll().finally(() => (this.writing = undefined));
    });
  }

  private async writeAll(): Promise<void> {
    for (let pause = FIRST_PAUSE; this.pending.length;) {
      const batch = this.pending;
      this.pending = [];
      try {
        await this.exclusively(() => this.writeBatch(batch));
        pause = FIRST_PAUSE;
      } catch (error) {
        this.pending.unshift(...this.withoutLost(batch, error as Error));
        if (!this.pending.length) return;
        await delay(pause);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
  }

  private async writeBatch(batch: Pending[]): Promise<void> {
    const notes = JSON.stringify(batch.map(({ note }) => note));
    const rows = await this.database.write<{ id: string }>(NOTE, [notes]);
    const known = new Set(rows.map(({ id }) => id));
    for (const { note, written } of batch) {
      if (!known.has(note.id)) this.log.warn({ event: 'outbox_lease_lost', job: note.id, state: note.state });
      written();
    }
  }

  /** The outcomes that are worth another try. */
  private withoutLost(batch: Pending[], { message }: Error): Pending[] {
    return batch.filter(({ note, lease, written }) => {
      if (!lease.isOver) return true;
      this.log.error({ event: 'outbox_note_lost', job: note.id, state: note.state, reason: message });
      written();
      return false;
    });
  }
}

/** A receiver's message, truncated, without characters that PostgreSQL or a terminal can't handle. */
const presentable = (text: string | undefined): string | undefined =>
  text
    ?.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .slice(0, LONGEST_ERROR)
    .replace(LONE_SURROGATE, '?');

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

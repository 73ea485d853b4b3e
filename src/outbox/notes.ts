import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Database } from '../database/database.js';
import type { Lease } from './lease.js';
import type { JobState } from './outbox-job.entity.js';
import { NOTE } from './outbox.statements.js';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2000;
const LONGEST_ERROR = 500;

/** How a job went. */
export interface Note {
  id: string;
  claim: string;
  state: JobState;
  attempts: number;
  status?: number;
  error?: string;
  duration?: number;
  /** Milliseconds until the next try, for one that is queued again. */
  wait?: number;
}

interface Pending {
  note: Note;
  lease: Lease;
  written: () => void;
}

/**
 * Writes down how jobs went: one statement at a time for all that have ended meanwhile, and again until it works or the
 * lease is over. A database that is away for a moment must not make a mail go out twice.
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

  /** Resolves when it is written, or can't be any more. */
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

  /** Those that are worth another try. */
  private withoutLost(batch: Pending[], { message }: Error): Pending[] {
    return batch.filter(({ note, lease, written }) => {
      if (!lease.isOver) return true;
      this.log.error({ event: 'outbox_note_lost', job: note.id, state: note.state, reason: message });
      written();
      return false;
    });
  }
}

/** What receivers say is theirs: cut, and without what PostgreSQL or a terminal would choke on. */
const presentable = (text: string | undefined): string | undefined =>
  text
    ?.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .slice(0, LONGEST_ERROR)
    .replace(LONE_SURROGATE, '?');

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

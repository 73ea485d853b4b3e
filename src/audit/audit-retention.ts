import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AuditSettings } from '../config/audit-settings.js';
import { days, minutes } from '../config/durations.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { firstUuidV7At } from '../database/uuid-v7.js';
import { Scheduler } from '../outbox/scheduler.js';
import { addMonth, EVENTS, monthOf, type Partition, partitionsOf, type Sql } from './audit-partitions.js';
import { BATCH, eachBatch } from './event-batches.js';

const MONTHS_AHEAD = 3;
const WHOLE_MONTHS_FROM = days(180);

/** milliseconds: while it waits for the lock, all others queue behind it */
const DROP_LOCK_TIMEOUT = 200;
const ATTACH_LOCK_TIMEOUT = 800;

/** Deletes a batch of events from before a time, after the position (`$2`, `$3`). */
const PURGE = statement(
  'audit_events.purge',
  `DELETE FROM audit_events WHERE id IN (
     SELECT id FROM audit_events WHERE (at, id) > ($2::timestamptz, $3::uuid) AND at < $1
     ORDER BY at, id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
   RETURNING at, id`,
);

/**
 * The time from which on events are kept. A retention of half a year or more is rounded to months, whose partitions are
 * dropped; with a shorter one events are deleted one by one.
 */
export function keptSince(retention: number, now = new Date()): Date {
  const exactly = new Date(now.getTime() - retention);
  return retention >= WHOLE_MONTHS_FROM ? monthOf(exactly) : exactly;
}

/** Creates partitions ahead of time, and removes events past their retention, by dropping partitions where possible. */
@Injectable()
export class AuditRetention implements OnModuleInit {
  private readonly log = new Logger('Audit');
  private reported?: string;

  constructor(
    private readonly database: Database,
    private readonly settings: AuditSettings,
    private readonly scheduler: Scheduler,
  ) {}

  onModuleInit(): void {
    this.scheduler.register({ name: 'old_events', every: minutes(5), run: (signal) => this.run(signal) });
  }

  private async run(signal: AbortSignal): Promise<void> {
    const since = keptSince(this.settings.retention);
    await this.orReport(() => this.addMonths());
    await this.orReport(() => this.dropMonths(since));
    if (!signal.aborted) await eachBatch(this.database, PURGE, since, signal);
  }

  /** Events of a month without a partition go to the default partition and stay there. */
  private async addMonths(): Promise<void> {
    const partitions = await this.inTransaction(partitionsOf);
    const end = partitions.at(-1)?.until ?? new Date(0);
    for (let later = 0; later <= MONTHS_AHEAD; later++) {
      const month = monthOf(new Date(), later);
      if (month < end) continue;
      await this.inTransaction(async (db) => {
        await db.query(`SET LOCAL lock_timeout = ${ATTACH_LOCK_TIMEOUT}`);
        if (!(await isInDefault(db, month))) await addMonth(db, month);
      });
    }
  }

  private async dropMonths(since: Date): Promise<void> {
    const partitions = await this.inTransaction(partitionsOf);
    for (const partition of partitions.filter(({ until }) => until <= since)) {
      await this.inTransaction((db) => this.drop(db, partition, since));
    }
  }

  /** Drops a partition, unless an event in it was given a later `at` than the time in its id. */
  private async drop(db: Sql, { name }: Partition, since: Date): Promise<void> {
    const younger = (await db.query(`SELECT FROM ${name} WHERE at >= $1 LIMIT 1`, [since])) as object[];
    if (younger.length) return;
    await db.query(`SET LOCAL lock_timeout = ${DROP_LOCK_TIMEOUT}`);
    await db.query(`DROP TABLE ${name}`);
    this.log.log({ event: 'events_dropped', partition: name });
  }

  private inTransaction<T>(work: (db: Sql) => Promise<T>): Promise<T> {
    return this.database.transaction(work, EVENTS);
  }

  /** A role that may only read and write rows can't create partitions: logged once. */
  private async orReport(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const reason = (error as Error).message;
      if (reason !== this.reported) this.log.warn({ event: 'event_partitions_failed', reason });
      this.reported = reason;
    }
  }
}

async function isInDefault(db: Sql, month: Date): Promise<boolean> {
  const [from, to] = [firstUuidV7At(month), firstUuidV7At(monthOf(month, 1))];
  const text = `SELECT FROM ${EVENTS}_default WHERE id >= $1 AND id < $2 LIMIT 1`;
  return ((await db.query(text, [from, to])) as object[]).length > 0;
}

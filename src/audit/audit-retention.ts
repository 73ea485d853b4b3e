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

/** Until it gets the table, everybody else waits behind it. */
const DROP_LOCK_TIMEOUT = 200;
const ATTACH_LOCK_TIMEOUT = 800;

/** A batch of events from before a time, after the position (`$2`, `$3`). */
const PURGE = statement(
  'audit_events.purge',
  `DELETE FROM audit_events WHERE id IN (
     SELECT id FROM audit_events WHERE (at, id) > ($2::timestamptz, $3::uuid) AND at < $1
     ORDER BY at, id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
   RETURNING at, id`,
);

/**
 * From when on events are kept. A retention of half a year and more ends with its month, which is then dropped at once; of a
 * shorter one a month would be too much, so that events are deleted as they come to it.
 */
export function keptSince(retention: number, now = new Date()): Date {
  const exactly = new Date(now.getTime() - retention);
  return retention >= WHOLE_MONTHS_FROM ? monthOf(exactly) : exactly;
}

/** Makes the partitions of months to come, and removes events past their retention: by the month where it can. */
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

  /** Without a partition of their own, events go to the default one, whose months stay there. */
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

  /** Unless there is an event in it that somebody has given another time. */
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

  /** A role that may only read and write rows makes no partitions: the log says so once. */
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

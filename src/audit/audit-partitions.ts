import type { QueryRunner } from 'typeorm';
import { firstUuidV7At } from '../database/uuid-v7.js';

/**
 * `audit_events` is partitioned by month, by the time in its UUIDv7s. What fits nowhere goes to `audit_events_default`, so
 * that nothing fails for want of a partition; what an older release has left is one partition, `audit_events_before_2027_01`.
 */
export const EVENTS = 'audit_events';

/** Anything that runs statements: a query runner, or a transaction's manager. */
export type Sql = Pick<QueryRunner, 'query'>;

/** A partition that comes to an end. */
export interface Partition {
  name: string;
  /** Events from then on are elsewhere. */
  until: Date;
}

/** The beginning of a month in UTC, so many months after the one of a moment. */
export const monthOf = (time: Date, later = 0): Date =>
  new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + later, 1));

/** `2026_11` */
export const nameOf = (month: Date): string => month.toISOString().slice(0, 7).replace('-', '_');

/** The partitions of months, and the one of what was before, in the order of time. */
export async function partitionsOf(db: Sql): Promise<Partition[]> {
  const rows = (await db.query(
    `SELECT relname AS name FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = to_regclass('${EVENTS}')`,
  )) as { name: string }[];
  const partitions = rows.flatMap(({ name }) => {
    const [, before, year, month] = /_(before_)?(\d{4})_(\d\d)$/.exec(name) ?? [];
    if (!year || !month) return [];
    return { name, until: new Date(Date.UTC(Number(year), Number(month) - (before ? 1 : 0), 1)) };
  });
  return partitions.sort((a, b) => a.until.getTime() - b.until.getTime());
}

/** How tables that grow are vacuumed: after a fiftieth has changed, not a fifth of a hundred million rows. */
export const OFTEN_VACUUMED = 'autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02';

/**
 * Makes the partition of a month, in the transaction of `db`. It is attached instead of made in its place: that holds up
 * nobody who writes. It belongs to its owner alone, whatever the schema's default privileges say: who may read the events,
 * reads them by the whole.
 */
export async function addMonth(db: Sql, month: Date): Promise<void> {
  const name = `${EVENTS}_${nameOf(month)}`;
  const [from, to] = [month, monthOf(month, 1)].map((time) => `'${firstUuidV7At(time)}'`);
  await db.query(`CREATE TABLE ${name} (LIKE ${EVENTS} INCLUDING ALL) WITH (${OFTEN_VACUUMED})`);
  await revokeFromOthers(db, name);
  await db.query(`ALTER TABLE ${EVENTS} ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${to})`);
}

/** Takes a table's privileges from everybody but its owner. */
export async function revokeFromOthers(db: Sql, table: string): Promise<void> {
  for (const { grantee } of await grantsOf(db, table)) await db.query(`REVOKE ALL ON ${table} FROM ${grantee}`);
}

/** What others than a table's owner may do with it. */
export async function grantsOf(db: Sql, table: string): Promise<{ grantee: string; privilege: string }[]> {
  return (await db.query(
    `SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee,
       a.privilege_type || '' AS privilege
     FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = to_regclass('${table}') AND a.grantee <> c.relowner`,
  )) as { grantee: string; privilege: string }[];
}

import type { QueryRunner } from 'typeorm';
import { firstUuidV7At } from '../database/uuid-v7.js';

/**
 * `audit_events` is partitioned by month, by the time in its UUIDs (v7). Rows without a partition go to
 * `audit_events_default`, so inserts never fail; events of older releases are in one partition,
 * `audit_events_before_2027_01`.
 */
export const EVENTS = 'audit_events';

/** Runs statements: a query runner, or a transaction's manager. */
export type Sql = Pick<QueryRunner, 'query'>;

/** A partition with an end. */
export interface Partition {
  name: string;
  /** The exclusive end. */
  until: Date;
}

/** The beginning of a month in UTC, a number of months after that of a time. */
export const monthOf = (time: Date, later = 0): Date =>
  new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + later, 1));

/** `2026_11` */
export const nameOf = (month: Date): string => month.toISOString().slice(0, 7).replace('-', '_');

/** The monthly partitions and the one for earlier events, ordered by time. */
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

/** Autovacuum for large tables: after 2 % of the rows have changed, not 20 %. */
export const OFTEN_VACUUMED = 'autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02';

/**
 * Creates the partition of a month, in the transaction of `db`. A table is created and then attached, which takes a lock
 * that blocks no writes. Default privileges of the schema are revoked: readers need privileges on the parent only.
 */
export async function addMonth(db: Sql, month: Date): Promise<void> {
  const name = `${EVENTS}_${nameOf(month)}`;
  const [from, to] = [month, monthOf(month, 1)].map((time) => `'${firstUuidV7At(time)}'`);
  await db.query(`CREATE TABLE ${name} (LIKE ${EVENTS} INCLUDING ALL) WITH (${OFTEN_VACUUMED})`);
  await revokeFromOthers(db, name);
  await db.query(`ALTER TABLE ${EVENTS} ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${to})`);
}

/** Revokes a table's privileges from all roles but its owner. */
export async function revokeFromOthers(db: Sql, table: string): Promise<void> {
  for (const { grantee } of await grantsOf(db, table)) await db.query(`REVOKE ALL ON ${table} FROM ${grantee}`);
}

/** The privileges on a table of roles other than its owner. */
export async function grantsOf(db: Sql, table: string): Promise<{ grantee: string; privilege: string }[]> {
  return (await db.query(
    `SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee,
       a.privilege_type || '' AS privilege
     FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = to_regclass('${table}') AND a.grantee <> c.relowner`,
  )) as { grantee: string; privilege: string }[];
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  addMonth,
  EVENTS,
  grantsOf,
  monthOf,
  nameOf,
  OFTEN_VACUUMED,
  partitionsOf,
  revokeFromOthers,
} from '../src/audit/audit-partitions.js';
import { addCheckOnline, withLockTimeout } from '../src/database/online-ddl.js';
import { firstUuidV7At, uuidV7Of } from '../src/database/uuid-v7.js';

const INDEXES: [name: string, definition: string][] = [
  ['at', '(at, id)'],
  ['user_id', '(user_id, at, id)'],
  ['action', '(action, at, id)'],
  ['actor_id', '(actor_id, at, id) WHERE actor_id IS DISTINCT FROM user_id'],
  ['ip', '(ip, at, id)'],
];
const CHECK = `${EVENTS}_outcome_check`;
const MONTHS_AHEAD = 3;

/** Events whose id isn't of about their time, such as a UUIDv4 that somebody else has made. */
const OF_ANOTHER_TIME = `
  SELECT id FROM ${EVENTS}
  WHERE abs((('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)
    - extract(epoch FROM least(at, now()))) > 43200
  LIMIT 5000`;

/**
 * Events by month: those past their retention are dropped and not deleted, and a search for a time reads its months only. The
 * table of before becomes the partition of all that came until a month from now, where it is: nobody waits for a copy.
 */
export class EventsByMonth1764750000000 implements MigrationInterface {
  transaction = false;

  async up(db: QueryRunner): Promise<void> {
    if (await isPartitioned(db)) return; // by a start that died before it was noted
    const now = new Date();
    // far enough that a start which dies here and comes back weeks later finds nobody refused
    const until = monthOf(now, 2);
    if (!(await isEmpty(db))) {
      await giveIds(db);
      const condition = `id < '${firstUuidV7At(until)}'`;
      await addCheckOnline(db, { name: `${EVENTS}_before_check`, table: EVENTS, condition }); // attaching needs no scan
    }
    await withLockTimeout(db, () => partition(db, until));
  }

  async down(db: QueryRunner): Promise<void> {
    await withLockTimeout(db, () => unite(db));
  }
}

/** In an instant: whoever comes meanwhile waits. */
async function partition(db: QueryRunner, until: Date): Promise<void> {
  await db.query(`LOCK TABLE ${EVENTS} IN ACCESS EXCLUSIVE MODE`);
  const before = `${EVENTS}_before_${nameOf(until)}`;
  await db.query(`DROP TRIGGER ${EVENTS}_webhooks ON ${EVENTS}`);
  await rename(db, EVENTS, before);
  await db.query(
    `CREATE TABLE ${EVENTS} (LIKE ${before} INCLUDING DEFAULTS INCLUDING STORAGE) PARTITION BY RANGE (id)`,
  );
  await addConstraints(db);
  await passGrants(db, before, EVENTS);
  if (await isEmpty(db, before)) await db.query(`DROP TABLE ${before}`);
  else await attachBefore(db, before, until);
  await db.query(`CREATE TABLE ${EVENTS}_default (LIKE ${EVENTS} INCLUDING ALL) WITH (${OFTEN_VACUUMED})`);
  await revokeFromOthers(db, `${EVENTS}_default`);
  await db.query(`ALTER TABLE ${EVENTS} ATTACH PARTITION ${EVENTS}_default DEFAULT`);
  const [last] = await partitionsOf(db);
  for (let later = 0; later <= MONTHS_AHEAD; later++) {
    const month = monthOf(new Date(), later);
    if (!last || month >= last.until) await addMonth(db, month);
  }
  await addTrigger(db);
}

async function attachBefore(db: QueryRunner, before: string, until: Date): Promise<void> {
  await db.query(
    `ALTER TABLE ${EVENTS} ATTACH PARTITION ${before} FOR VALUES FROM (MINVALUE) TO ('${firstUuidV7At(until)}')`,
  );
  await db.query(`ALTER TABLE ${before} DROP CONSTRAINT IF EXISTS ${EVENTS}_before_check`);
  await db.query(`ALTER TABLE ${before} SET (${OFTEN_VACUUMED})`);
}

/** One table again: that of before, if it is still there, and in it what has come since. */
async function unite(db: QueryRunner): Promise<void> {
  await db.query(`LOCK TABLE ${EVENTS} IN ACCESS EXCLUSIVE MODE`);
  const before = (await partitionsOf(db)).find(({ name }) => name.includes('_before_'))?.name;
  const whole = before ?? `${EVENTS}_whole`;
  if (before) {
    await db.query(`ALTER TABLE ${EVENTS} DETACH PARTITION ${before}`);
    await db.query(`ALTER TABLE ${before} RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor)`);
  } else await db.query(`CREATE TABLE ${whole} (LIKE ${EVENTS} INCLUDING DEFAULTS INCLUDING STORAGE)`);
  await db.query(`INSERT INTO ${whole} SELECT * FROM ${EVENTS}`);
  await passGrants(db, EVENTS, whole);
  await db.query(`DROP TABLE ${EVENTS}`);
  await rename(db, whole, EVENTS);
  if (!before) await addConstraints(db);
  await addTrigger(db);
}

async function addConstraints(db: QueryRunner): Promise<void> {
  await db.query(`ALTER TABLE ${EVENTS} ADD CONSTRAINT ${EVENTS}_pkey PRIMARY KEY (id)`);
  await db.query(`ALTER TABLE ${EVENTS} ADD CONSTRAINT ${CHECK} CHECK (outcome IN ('success', 'failure'))`);
  for (const [name, definition] of INDEXES) {
    await db.query(`CREATE INDEX ${EVENTS}_${name}_idx ON ${EVENTS} ${definition}`);
  }
}

async function addTrigger(db: QueryRunner): Promise<void> {
  await db.query(`
    CREATE TRIGGER ${EVENTS}_webhooks AFTER INSERT ON ${EVENTS}
    REFERENCING NEW TABLE AS recorded FOR EACH STATEMENT EXECUTE FUNCTION emit_webhook_events()`);
}

/** The table, and its indexes, which are named after it. */
async function rename(db: QueryRunner, from: string, to: string): Promise<void> {
  await db.query(`ALTER TABLE ${from} RENAME TO ${to}`);
  const indexes = (await db.query(
    `SELECT relname AS name FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = to_regclass('${to}')`,
  )) as { name: string }[];
  for (const { name } of indexes) {
    if (name.startsWith(from)) await db.query(`ALTER INDEX ${name} RENAME TO ${name.replace(from, to)}`);
  }
}

/** Who might do what with the one may do it with the other, and nobody else. */
async function passGrants(db: QueryRunner, from: string, to: string): Promise<void> {
  await revokeFromOthers(db, to);
  for (const { grantee, privilege } of await grantsOf(db, from)) {
    await db.query(`GRANT ${privilege} ON ${to} TO ${grantee}`);
  }
  const rows = (await db.query(
    `SELECT FROM pg_class WHERE oid = to_regclass('${from}') AND relrowsecurity`,
  )) as object[];
  if (rows.length) await db.query(`ALTER TABLE ${to} ENABLE ROW LEVEL SECURITY`);
}

/** UserHub has made UUIDv7s only. Whatever else there is gets one, so that a search for its time finds it. */
async function giveIds(db: QueryRunner): Promise<void> {
  const text = `UPDATE ${EVENTS} SET id = ${uuidV7Of('least(at, now())')} WHERE id IN (${OF_ANOTHER_TIME}) RETURNING 1`;
  let changed: number;
  do [, changed] = (await db.query(text)) as [unknown, number];
  while (changed > 0);
}

async function isPartitioned(db: QueryRunner): Promise<boolean> {
  const text = `SELECT FROM pg_class WHERE oid = to_regclass('${EVENTS}') AND relkind = 'p'`;
  return ((await db.query(text)) as object[]).length > 0;
}

async function isEmpty(db: QueryRunner, table = EVENTS): Promise<boolean> {
  return ((await db.query(`SELECT FROM ${table} LIMIT 1`)) as object[]).length === 0;
}

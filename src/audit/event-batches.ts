import { inBatches } from '../database/batches.js';
import type { Database } from '../database/database.js';
import type { Statement } from '../database/statement.js';
import type { AuditEvent } from './audit-event.entity.js';

/** How many events a statement of {@link eachBatch} takes at most. */
export const BATCH = 1000;

const BEGINNING = '-infinity 00000000-0000-0000-0000-000000000000';

/**
 * Writes events a batch at a time until there are none left.
 * @param statement is given the value, and the position after which to go on (`$2`, `$3`); returns `at` and `id`
 */
export function eachBatch(database: Database, statement: Statement, value: unknown, signal?: AbortSignal) {
  return inBatches(async (after = BEGINNING) => {
    const rows = await database.write<Pick<AuditEvent, 'at' | 'id'>>(statement, [value, ...after.split(' ')]);
    const positions = rows.map(({ at, id }) => `${at.toISOString()} ${id}`).sort();
    return rows.length < BATCH ? undefined : positions.at(-1);
  }, signal);
}

import { inBatches } from '../database/batches.js';
import type { Database } from '../database/database.js';
import type { Statement } from '../database/statement.js';
import type { AuditEvent } from './audit-event.entity.js';

/** Most events of a statement of {@link eachBatch}. */
export const BATCH = 1000;

const BEGINNING = '-infinity 00000000-0000-0000-0000-000000000000';

/**
 * Runs a statement batch by batch until nothing is left.
 * @param statement gets the value, and the position to continue after (`$2`, `$3`); returns `at` and `id`
 */
export function eachBatch(database: Database, statement: Statement, value: unknown, signal?: AbortSignal) {
  return inBatches(async (after = BEGINNING) => {
    const rows = await database.write<Pick<AuditEvent, 'at' | 'id'>>(statement, [value, ...after.split(' ')]);
    const positions = rows.map(({ at, id }) => `${at.toISOString()} ${id}`).sort();
    return rows.length < BATCH ? undefined : positions.at(-1);
  }, signal);
}

import { type Call, SCRIPT } from '../request.js';
import type { ImportDto } from '../users/import/import.dto.js';
import type { RawRow } from '../users/import/read-rows.js';
import { UserImport } from '../users/import/user-import.js';
import { Failure } from './failures.js';
import { type Rows, sizeOf } from './moving-in/files.js';
import { firebaseRows } from './moving-in/firebase.js';
import { type Source, SOURCES } from './moving-in/sources.js';
import { progressBar } from './progress-bar.js';
import { say, type Terminal } from './terminal.js';
import { withApp } from './with-app.js';

/** Options of `import`. */
export interface ImportOptions {
  from: Source;
  onConflict: 'skip' | 'update';
  dryRun?: boolean;
  firebaseConfig?: string;
}

const BATCH = 500;

/**
 * `import`: reads accounts from a file of any size, batch by batch. It can be run again after an interruption: existing
 * accounts are skipped.
 * @throws Failure when the file can't be read, or rows failed
 */
export async function importUsers(terminal: Terminal, file: string, options: ImportOptions): Promise<void> {
  const { from, firebaseConfig, dryRun = false, onConflict } = options;
  const rows = firebaseConfig ? firebaseRows(file, firebaseConfig) : SOURCES[from](file);
  const sum = { total: 0, added: 0, updated: 0, skipped: 0, failed: 0 };
  const bar = progressBar(terminal, (await sizeOf(file)) || 1);
  await withApp(terminal, async (app) => {
    const users = app.get(UserImport);
    const query = { dry_run: dryRun, on_conflict: onConflict, results: 'failed' } as const;
    try {
      for await (const batch of inBatches(rows)) {
        const done = await users.run(batch.rows, query, SCRIPT as Call, { isPart: true });
        for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += done[name];
        tellFailures(terminal, done);
        bar?.update(batch.position);
      }
    } finally {
      if (!dryRun) await users.recordRun(sum, SCRIPT); // also after an interruption
    }
  });
  bar?.stop();
  const { total, added, updated, skipped, failed } = sum;
  const tried = dryRun ? 'Nothing was written. ' : '';
  say(terminal, `${tried}${total} rows: ${added} added, ${updated} updated, ${skipped} skipped, ${failed} failed.`);
  if (failed) throw new Failure(`${failed} ${failed === 1 ? 'row' : 'rows'} failed.`);
}

function tellFailures({ stderr }: Terminal, { results }: ImportDto): void {
  for (const { line, pointer, detail, code } of results) {
    stderr.write(`line ${line}: ${pointer ? `${pointer.slice(1)}: ` : ''}${detail ?? code}\n`);
  }
}

async function* inBatches(rows: Rows): AsyncGenerator<{ rows: RawRow[]; position: number }> {
  let batch: RawRow[] = [];
  let last = 0;
  for await (const { position, ...row } of rows) {
    last = position;
    batch.push(invited(row) ? { ...row, value: undefined, problem: 'Invitations are sent by POST /api/users/import.' } : row); // prettier-ignore
    if (batch.length < BATCH) continue;
    yield { rows: batch, position };
    batch = [];
  }
  if (batch.length) yield { rows: batch, position: last };
}

const invited = ({ value }: RawRow) => (value as { invite?: unknown } | undefined)?.invite === true;

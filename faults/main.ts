/**
 * Runs the faults that UserHub must survive, on real processes: `npm run test:faults [-- --short] [--only=word]`.
 * Prints a table of what came of each, and fails when one of them broke a promise.
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { databaseFaults } from './database-faults.js';
import { removeDisk } from './disk.js';
import { lockedTables } from './locked-tables.js';
import { mailFaults } from './mail-faults.js';
import { overloadFaults } from './overload-faults.js';
import { processFaults } from './process-faults.js';
import { killAll } from './processes.js';
import { type Row, row } from './rows.js';
import { printTable } from './table.js';
import { webhookFaults } from './webhook-faults.js';
import { makeWorld, type World } from './world.js';

const { values: options } = parseArgs({
  options: { short: { type: 'boolean', default: false }, only: { type: 'string' }, keep: { type: 'boolean' } },
});

process.once('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const start = performance.now();
const world = await makeWorld(options.short);
const rows = await runFaults(world);
await world.postgres.stop('immediate');
removeDisk(world);
printTable(rows);
const broken = rows.filter(({ problems }) => problems.length > 0);
console.log(
  `\n${rows.length} faults, ${broken.length} broken promises, ${Math.round((performance.now() - start) / 1000)} s`,
);
if (broken.length > 0 || options.keep) console.log(`Logs: ${world.folder}`);
else rmSync(world.folder, { recursive: true, force: true });
process.exit(broken.length > 0 ? 1 : 0);

async function runFaults(world: World): Promise<Row[]> {
  const rows: Row[] = [];
  const { short, only = '' } = options;
  const wanted = [
    ...databaseFaults,
    ...lockedTables,
    ...processFaults,
    ...overloadFaults,
    ...mailFaults,
    ...webhookFaults,
  ].filter(({ name, isQuick }) => (isQuick || !short) && new RegExp(only, 'i').test(name));
  for (const { name, run } of wanted) {
    const attempt = () => run(world).catch((error: unknown) => row(name, '', [[String(error), false]]));
    let result = await attempt();
    tell(result);
    if (short && isLate(result)) {
      console.log(`  ${result.fault}: once more`);
      result = await attempt();
      tell(result);
    }
    rows.push(result);
  }
  return rows;
}

function tell({ fault, problems }: Row): void {
  for (const problem of problems) console.log(`  ${fault}: ${problem}`);
  if (problems.length === 0) console.log(`  ${fault}: ok`);
}

/** Broken, and not because something was lost. The short form runs where others want the machine too: late once is no proof. */
function isLate({ problems, audit }: Row): boolean {
  return problems.length > 0 && !audit?.lost.length && !audit?.half.length;
}

/**
 * Runs the faults that UserHub must survive, on real processes: `npm run test:faults [-- --short] [--only=word]`.
 * Prints a table of what came of each, and fails when one of them broke a promise.
 */
import { parseArgs } from 'node:util';
import { databaseFaults } from './database-faults.js';
import { removeDisk } from './disk.js';
import { lockedTables } from './locked-tables.js';
import { mailFaults } from './mail-faults.js';
import { overloadFaults } from './overload-faults.js';
import { processFaults } from './process-faults.js';
import { killAll } from './processes.js';
import { report, runFaults } from './run.js';
import { webhookFaults } from './webhook-faults.js';
import { makeWorld } from './world.js';

const { values: options } = parseArgs({
  options: { short: { type: 'boolean', default: false }, only: { type: 'string' }, keep: { type: 'boolean' } },
});

process.once('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const start = performance.now();
const world = await makeWorld(options.short);
const all = [...databaseFaults, ...lockedTables, ...processFaults, ...overloadFaults, ...mailFaults, ...webhookFaults];
const rows = await runFaults(all, world, options);
await world.postgres.stop('immediate');
removeDisk(world);
report(rows, start, world.folder, options.keep);

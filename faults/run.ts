import { rmSync } from 'node:fs';
import { type Row, row } from './rows.js';
import { printTable } from './table.js';
import type { Fault } from './world.js';

interface RunOptions {
  /** Only the quick ones, and those that were merely late once more. */
  short?: boolean;
  /** A regular expression of names. */
  only?: string;
}

/** Lets the faults happen to a world, one after the other, and says of each whether it broke a promise. */
export async function runFaults<World>(
  faults: Fault<World>[],
  world: World,
  { short = false, only = '' }: RunOptions,
): Promise<Row[]> {
  const rows: Row[] = [];
  const wanted = faults.filter(({ name, isQuick }) => (isQuick || !short) && new RegExp(only, 'i').test(name));
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

/** Prints the table and its sum, and ends the process: with 1 when a promise was broken, and then the logs are kept. */
export function report(rows: Row[], start: number, folder: string, keep = false): never {
  printTable(rows);
  const broken = rows.filter(({ problems }) => problems.length > 0);
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`\n${rows.length} faults, ${broken.length} broken promises, ${seconds} s`);
  if (broken.length > 0 || keep) console.log(`Logs: ${folder}`);
  else rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(broken.length > 0 ? 1 : 0);
}

function tell({ fault, problems }: Row): void {
  for (const problem of problems) console.log(`  ${fault}: ${problem}`);
  if (problems.length === 0) console.log(`  ${fault}: ok`);
}

/** Broken, and not because something was lost. The short form runs where others want the machine too: late once is no proof. */
function isLate({ problems, audit }: Row): boolean {
  return problems.length > 0 && !audit?.lost.length && !audit?.half.length;
}

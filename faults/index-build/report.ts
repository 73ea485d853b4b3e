import { milliseconds, printCells } from '../table.js';
import { KINDS, type Sample } from './crowd.js';
import { countsByStatus, isSuccess } from '../outcomes.js';
import { figuresOf, type Period } from './figures.js';

const LONGEST_GAP = 1_000;

/** Prints what people noticed of the build, beside the time before it. Returns whether what must hold has held. */
export function printReport(
  samples: Sample[],
  { before, meanwhile }: { before: Period; meanwhile: Period },
  what: string,
): boolean {
  const figures = KINDS.map((kind) => ({
    kind,
    before: figuresOf(samples, kind, before),
    meanwhile: figuresOf(samples, kind, meanwhile),
    failed: samples.filter((sample) => sample.kind === kind && !isSuccess(sample)),
  }));
  printCells(
    figures.map(({ kind, before, meanwhile, failed }) => ({
      request: kind,
      'a second before': before.rate.toFixed(0),
      'a second meanwhile': meanwhile.rate.toFixed(0),
      'p99 before': milliseconds(before.p99),
      'p99 meanwhile': milliseconds(meanwhile.p99),
      'longest gap before': milliseconds(before.gap),
      'longest gap meanwhile': milliseconds(meanwhile.gap),
      failed: countsByStatus(failed),
    })),
  );
  console.log(`\n${what}, built in ${((meanwhile.to - meanwhile.from) / 1_000).toFixed(1)} s`);
  const problems = figures.flatMap(({ kind, meanwhile, failed }) => [
    ...(failed.length > 0 ? [`${kind}: ${failed.length} requests failed`] : []),
    ...(meanwhile.gap > LONGEST_GAP ? [`${kind}: none succeeded for ${milliseconds(meanwhile.gap)}`] : []),
  ]);
  for (const problem of problems) console.log(`not so: ${problem}`);
  return problems.length === 0;
}

import { milliseconds, printCells } from '../table.js';
import { KINDS, type Sample } from './crowd.js';
import { figuresOf, isGood, type Period } from './figures.js';

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
    failed: samples.filter((sample) => sample.kind === kind && !isGood(sample)),
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
      failed: failuresOf(failed),
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

/** By status, as `503 × 12`; a request that got no answer is `cut`. */
function failuresOf(samples: Sample[]): string {
  const counts = new Map<number, number>();
  for (const { status } of samples) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${status || 'cut'} × ${count}`).join(', ') || '–';
}

import progress from 'cli-progress';
import type { Terminal } from './terminal.js';

/** A progress bar; undefined when stderr is a file or a pipe. */
export function progressBar({ stderr }: Terminal, total: number): progress.SingleBar | undefined {
  if (!stderr.isTTY) return undefined;
  const format = '{bar} {percentage} % | {value} of {total} | {eta_formatted} left';
  const bar = new progress.SingleBar(
    { format, stream: stderr, clearOnComplete: true, hideCursor: true },
    progress.Presets.shades_classic,
  );
  bar.start(total, 0);
  return bar;
}

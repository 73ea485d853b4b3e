import { isSuccess, percentile } from '../outcomes.js';
import type { Kind, Sample } from './crowd.js';

/** A time between two instants of performance.now(). */
export interface Period {
  from: number;
  to: number;
}

/** What people noticed of a period. */
export interface Figures {
  /** Successful answers a second. */
  rate: number;
  /** Of all answers. Milliseconds. */
  p99: number;
  /** The longest time between two successful answers, any part of which was in the period. Milliseconds. */
  gap: number;
}

/** What requests of one kind were like in a period; samples are of a longer time. */
export function figuresOf(samples: Sample[], kind: Kind, period: Period): Figures {
  const ofKind = samples.filter((sample) => sample.kind === kind);
  const meanwhile = ofKind.filter(({ end }) => end >= period.from && end <= period.to);
  return {
    rate: (meanwhile.filter(isSuccess).length * 1_000) / (period.to - period.from),
    p99: percentile(meanwhile, 0.99) ?? NaN,
    gap: longestGap(ofKind.filter(isSuccess), period),
  };
}

/** Infinity when nothing succeeded before the period or after it. */
function longestGap(samples: Sample[], { from, to }: Period): number {
  const ends = [-Infinity, ...samples.map(({ end }) => end).sort((a, b) => a - b), Infinity];
  const gaps = ends.slice(1).map((end, i) => ({ begin: ends[i] ?? end, end }));
  return Math.max(...gaps.filter(({ begin, end }) => end > from && begin < to).map(({ begin, end }) => end - begin));
}

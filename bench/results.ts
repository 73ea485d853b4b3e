/** What a bench has found out, as it is kept in JSON. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Sample } from './load.js';
import type { Logins } from './world.js';

/** One line of the table: the medians over the rounds, and what they are compared with. */
export interface Line {
  name: string;
  title: string;
  sample: Sample;
  rounds: Sample[];
  /** What bounds it: its requests per second, and its processor time for one in µs. */
  bound?: { name: string; rate: number; cpu?: number };
  /** Of the logins beside it. */
  logins?: Logins;
}

/** One run of the bench. */
export interface Results {
  machine: Machine;
  users: number;
  seconds: number;
  rounds: number;
  connections: number;
  /** Whether the server had a processor for itself. */
  pinned: boolean;
  /** From the start of the process to ready, on an existing database. */
  readyMs: number;
  memory: { restMiB: number | undefined; loadedMiB: number | undefined };
  lines: Line[];
}

/** What it ran on; nothing that tells whose machine it was. */
export interface Machine {
  processor: string;
  processors: number;
  node: string;
  postgres: string;
}

/** Describes this machine. @param postgres the version of its PostgreSQL */
export const thisMachine = (postgres: string): Machine => ({
  processor: cpus()[0]?.model.trim() ?? process.arch,
  processors: cpus().length,
  node: process.version,
  postgres,
});

/** The middle one, or the mean of the two in the middle; NaN of none. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

/** The median of each measure over the rounds; of the errors, all. */
export function medians(samples: Sample[]): Sample {
  const of = (measure: 'rate' | 'p50' | 'p99') => median(samples.map((sample) => sample[measure]));
  const cpu = samples.flatMap((sample) => sample.cpu ?? []);
  return {
    rate: of('rate'),
    p50: of('p50'),
    p99: of('p99'),
    errors: samples.reduce((sum, { errors }) => sum + errors, 0),
    cpu: cpu.length ? median(cpu) : undefined,
  };
}

/** The last run of each size, by number of users; none when there is no such file. */
export function readResults(file: string): Record<string, Results> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, Results>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

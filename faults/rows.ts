import { setTimeout as delay } from 'node:timers/promises';
import type { Audit } from './ledger.js';
import { inTurn, Load, type Sample } from './load.js';
import { countsByStatus, isFailure, isSuccess } from './outcomes.js';
import type { Replica } from './replica.js';
import type { Scene } from './world.js';

/** One row of the table: what was done, what came of it, and what of that should not have been. */
export interface Row {
  fault: string;
  requests: number;
  reads: string;
  writes: string;
  /** Milliseconds, as the next. */
  longest: number | undefined;
  back: number | undefined;
  /** The longest time between two writes that succeeded. */
  writeless: number | undefined;
  audit: Audit | undefined;
  note: string;
  problems: string[];
}

/** What a fault's script may say of its run. */
export interface Verdict {
  /** performance.now() at which what was away had come back. */
  back?: number;
  /** What must hold for this fault besides what must always hold. */
  expect?: [claim: string, holds: boolean][];
  note?: string;
}

interface Bounds {
  /** Milliseconds within which every answer must come; 3 s unless told. */
  longest?: number;
  /** Milliseconds within which a read and a write must succeed after what was away had come back; 1 s unless told. */
  back?: number;
  pick?: () => Replica;
  writers?: number;
  readers?: number;
  /** A process may end in this one. */
  mayEnd?: boolean;
}

/** Does something to the world while people are at work, and compares their ledger with the database afterwards. */
export async function underLoad(
  fault: string,
  world: Scene,
  bounds: Bounds,
  script: (load: Load) => Promise<Verdict>,
): Promise<Row> {
  const versions = await versionsOf(world);
  const pids = world.replicas.map(({ pid }) => pid);
  const pick = bounds.pick ?? inTurn(world.replicas);
  const load = new Load(`${fault.replace(/\W+/g, '-')}-${Date.now()}`, { ...bounds, pick, people: world.people });
  let verdict: Verdict;
  try {
    verdict = await script(load);
  } finally {
    await load.stop();
  }
  const audit = await load.ledger.compare(world.postgres, world.database, versions);
  const { samples } = load;
  const longest = Math.max(...samples.map(({ ms }) => ms));
  const back = verdict.back === undefined ? undefined : firstSuccess(samples, verdict.back);
  const isSame = world.replicas.every((replica, i) => replica.isRunning && replica.pid === pids[i]);
  const problems = [
    ...complaints([
      ['nothing acknowledged is lost', audit.lost.length === 0],
      ['nothing is half there', audit.half.length === 0],
      ['something was acknowledged at all', audit.acknowledged > 0],
      ['no 500', samples.every(({ status }) => status !== 500)],
      ['no 4xx', samples.every(({ status }) => status < 400 || status >= 500)],
      ['every 503 is a problem with Retry-After', samples.every(({ wellFormed }) => wellFormed)],
      [`every answer within ${(bounds.longest ?? 3_000) / 1000} s`, longest <= (bounds.longest ?? 3_000)],
      [
        `a first success within ${(bounds.back ?? 1_000) / 1000} s`,
        back === undefined || back <= (bounds.back ?? 1_000),
      ],
      ['no process has ended', bounds.mayEnd === true || isSame],
    ]),
    ...complaints(verdict.expect ?? []),
    ...audit.lost.slice(0, 3),
    ...audit.half.slice(0, 3),
  ];
  const failed = samples.filter(isFailure);
  const [reads, writes] = (['read', 'write'] as const).map((kind) =>
    countsByStatus(failed.filter((one) => one.kind === kind)),
  );
  const { note = '' } = verdict;
  return {
    fault,
    requests: samples.length,
    reads: reads ?? '',
    writes: writes ?? '',
    longest,
    back,
    writeless: longestPause(samples),
    audit,
    note,
    problems,
  };
}

/** A row of a run without people at work. */
export function row(fault: string, note: string, expect: [claim: string, holds: boolean][], longest?: number): Row {
  const nothing = { requests: 0, reads: '', writes: '', back: undefined, writeless: undefined, audit: undefined };
  return { ...nothing, fault, longest, note, problems: complaints(expect) };
}

/** The samples that were sent within this window of performance.now(). */
export const during = (samples: Sample[], [from, to]: [number, number]): Sample[] =>
  samples.filter(({ at }) => at >= from && at <= to);

/** Waits until reads and writes both succeed again, and a moment longer, so that the end of a fault is seen too. */
export async function settle(load: Load, milliseconds = 1_500, patience = 20_000): Promise<void> {
  const from = performance.now();
  const hasRecovered = () => firstSuccess(load.samples, from) !== Infinity;
  while (!hasRecovered() && performance.now() - from < patience) await delay(50);
  await delay(milliseconds);
}

/** Milliseconds until a read and a write have succeeded; Infinity when one never did. */
function firstSuccess(samples: Sample[], since: number): number {
  const first = (kind: Sample['kind']) =>
    Math.min(
      ...samples
        .filter((one) => one.kind === kind && one.status < 300 && one.status > 0 && one.at + one.ms >= since)
        .map(({ at, ms }) => at + ms - since),
    );
  return Math.max(first('read'), first('write'));
}

/** The longest time between two writes that succeeded. */
function longestPause(samples: Sample[]): number {
  const ends = samples.filter((one) => one.kind === 'write' && isSuccess(one)).map(({ at, ms }) => at + ms).sort((a, b) => a - b); // prettier-ignore
  return Math.max(0, ...ends.slice(1).map((end, i) => end - (ends[i] ?? end)));
}

const complaints = (expect: [claim: string, holds: boolean][]) =>
  expect.filter(([, holds]) => !holds).map(([claim]) => `not so: ${claim}`);

async function versionsOf({ postgres, database }: Scene): Promise<Map<string, number>> {
  const people = await postgres.sql<{ id: string; version: number }>('SELECT id, version FROM users', [], database);
  return new Map(people.map(({ id, version }) => [id, version]));
}

const SAMPLE = 2; // milliseconds of CPU time
const PAUSE = 50;
const TOO_NOISY = 4;

/** How long something took, and how many times slower than an idle one this machine was meanwhile. */
export interface Timing {
  ms: number;
  slowness: number;
}

/** Waits for the work, and watches the machine meanwhile. */
export async function timed<T>(work: Promise<T>): Promise<Timing & { answer: T }> {
  const start = performance.now();
  const machine = watchMachine();
  try {
    const answer = await work;
    return { answer, ms: performance.now() - start, slowness: machine.slowness() };
  } finally {
    machine.stop();
  }
}

/**
 * Expects that something took less than `limit` milliseconds on a machine with nothing else to do. Where others take most
 * of it, nothing can be said: then that is said.
 */
export function expectWithin(limit: number, { ms, slowness }: Timing): void {
  if (ms >= limit && slowness > TOO_NOISY) {
    notJudged(`this machine is ${slowness.toFixed(1)} times slower than when it is idle`);
  } else {
    expect(ms / slowness).toBeLessThan(limit);
  }
}

/** Says that a time was not judged, and why. */
export function notJudged(reason: string): void {
  const { currentTestName } = expect.getState();
  process.stderr.write(`Not judged, as ${reason}: the time in "${currentTestName}"\n`);
}

const total = { wall: 0, cpu: 0 };
let watchers = 0;
let timer: NodeJS.Timeout | undefined;

/** One look-out for all who watch at the same time: it must not be the noise that it looks for. */
function watchMachine(): { slowness: () => number; stop: () => void } {
  if (watchers++ === 0) {
    sample();
    timer = setInterval(sample, PAUSE).unref();
  }
  const begin = { ...total };
  return {
    slowness: () => {
      if (total.cpu === begin.cpu) sample();
      return Math.max(1, (total.wall - begin.wall) / (total.cpu - begin.cpu));
    },
    stop: () => {
      if (--watchers === 0) clearInterval(timer);
    },
  };
}

/**
 * Compares the time that a bit of work takes by the clock with the CPU time that it gets: what others take of the machine
 * lengthens the one and not the other, while a slow piece of our own lengthens neither.
 */
function sample(): void {
  const begin = performance.now();
  const before = process.cpuUsage();
  let used = 0;
  while (used < SAMPLE) {
    const { user, system } = process.cpuUsage(before);
    used = (user + system) / 1000;
  }
  total.wall += performance.now() - begin;
  total.cpu += used;
}

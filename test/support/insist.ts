import { setTimeout } from 'node:timers/promises';
import type { Answer } from './api.js';

const PAUSE = 50; // milliseconds; all tries together wait 10 s

let turnedAway = 0;

/** Asks again, after a pause that grows, while the server is too busy (503): on a slow machine a test's crowd is a crowd. */
export async function insist<A extends Pick<Answer, 'status' | 'text'>>(ask: () => Promise<A>): Promise<A> {
  for (let tries = 1; ; tries++) {
    const answer = await ask();
    if (answer.status !== 503 || isForGood(answer.text) || tries === 20) return answer;
    turnedAway++;
    await setTimeout(tries * PAUSE);
  }
}

/** No pause helps against a setting that is missing. */
const isForGood = (text: string) => text.includes('"mail_not_configured"');

/** How often the server was too busy so far. */
export const timesTurnedAway = (): number => turnedAway;

/** Tries again until it neither throws nor finds nothing (undefined, null, false), for 20 s; then the last throw gets out. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  patience = 20_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false)
        return found as Exclude<T, false | null | undefined>;
      if (performance.now() > deadline) throw new Error('It did not happen in time');
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await setTimeout(20);
  }
}

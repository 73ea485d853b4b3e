import type { Answer } from './api.js';

let turnedAway = 0;

/** Asks again while the server is too busy (503), as its answer says to: on a slow machine a test's crowd is a crowd. */
export async function insist(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await ask();
    if (answer.status !== 503 || tries === 20) return answer;
    turnedAway++;
  }
}

/** How often the server was too busy so far. */
export const timesTurnedAway = (): number => turnedAway;

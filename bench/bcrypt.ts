/** bcrypt's own rate: comparisons a second of cost 12, as many at once as there are processors. Prints one number. */
import { availableParallelism } from 'node:os';
import bcrypt from 'bcrypt';

const SECONDS = Number(process.argv[2] ?? 3);
const COLD = 2; // the first ones, while threads start and caches fill

const hash = await bcrypt.hash('a password of some length', 12);
const width = availableParallelism();
const until = performance.now() + SECONDS * 1000;
const ends: number[] = [];

async function compare(): Promise<void> {
  while (performance.now() < until || ends.length < COLD + 2) {
    await bcrypt.compare('a password of some length', hash);
    ends.push(performance.now());
  }
}

await Promise.all(Array.from({ length: width }, compare));
const [first = 0] = ends.splice(0, COLD).slice(-1);
console.log((ends.length * 1000) / ((ends.at(-1) ?? 0) - first));

import { getPriority, setPriority } from 'node:os';
import bcrypt from 'bcrypt';

// Runs on threads of its own, loaded by Node itself: as .js when built, as this very .ts from the tests. Node 20 can't
// strip types, so there is no type syntax here: defaults stand in for annotations.

// Measured on one core that others keep busy: hashing still gets a third of it, and their p99 grows from 5 to 7 ms
// (at the same priority: half, and 9 ms; ten steps down: an eighth, and 6 ms).
const STEPS_DOWN = 3;

lowerPriority();

/** A new bcrypt hash of that cost. */
export function hash({ input = '', rounds = 12 }) {
  return bcrypt.hashSync(input, rounds);
}

/**
 * Whether one of the inputs gives that bcrypt hash. If none does, it takes at least as long as `tries` new hashes of `rounds`,
 * whatever the hash's cost and however many inputs there are.
 */
export function verify({ inputs = [''], hash = '', rounds = 12, tries = 1 }) {
  // only the digest counts: some libraries left stray bits in the last character of the salt, which bcrypt rewrites
  const isSame = (input = '') => bcrypt.hashSync(input, hash).slice(-31) === hash.slice(-31);
  for (const input of inputs) {
    if (isSame(input)) return true;
    makeUpFor(input, hash, rounds);
  }
  for (let more = inputs.length; more < tries; more++) bcrypt.hashSync('', rounds);
  return false;
}

/** A cost is a power of two: 2^c of work done, then 2^c, 2^(c+1) … 2^(rounds-1) more make 2^rounds. */
function makeUpFor(input = '', hash = '', rounds = 12) {
  for (let cost = Number(hash.slice(4, 6)); cost < rounds; cost++) {
    bcrypt.hashSync(input, `$2b$${String(cost).padStart(2, '0')}${hash.slice(6)}`);
  }
}

/** So that whoever doesn't sign in is served first. Only on Linux is a priority one thread's alone. */
function lowerPriority() {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Math.min(getPriority() + STEPS_DOWN, 19));
  } catch {
    // a sandbox that forbids it slows others down, but stops nobody
  }
}

import { createCipheriv, createHash, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto';
import { getPriority, setPriority } from 'node:os';
import bcrypt from 'bcrypt';

// Runs on worker threads, loaded by Node itself: as .js when built, as this .ts file from the tests. Node 20 doesn't strip
// types, so there is no type syntax here: default values stand in for annotations.

// Measured on one core that is otherwise busy: hashing still gets a third of it, and the p99 of other requests grows from 5
// to 7 ms (at the same priority: half, and 9 ms; at nice 10: an eighth, and 6 ms).
const STEPS_DOWN = 3;

lowerPriority();

// each kind has some of these
const FOREIGN = { kind: '', hash: '', prehash: '', salt: '', key: '', signerKey: '', form: 'NFC', digest: '', N: 2, r: 1, p: 1, iterations: 1 }; // prettier-ignore
const NO_PADDING = [FOREIGN][1];

/** A new bcrypt hash with that cost. */
export function hash({ input = '', rounds = 12 }) {
  return bcrypt.hashSync(input, rounds);
}

/**
 * Whether one of the inputs matches a bcrypt hash. If none does, it takes at least as long as `tries` new hashes of
 * `rounds`, whatever the hash's cost and the number of inputs, plus as long as `padding`, a hash of another system.
 */
export async function verify({ inputs = [''], hash = '', rounds = 12, tries = 1, padding = NO_PADDING }) {
  for (const input of inputs) {
    if (isBcrypt(input, hash)) return true;
    equalizeTime(input, hash, rounds);
  }
  for (let more = inputs.length; more < tries; more++) bcrypt.hashSync('', rounds);
  if (padding) await isForeign('', padding);
  return false;
}

/**
 * Whether one of the inputs matches a hash of another system. If none does, it also does the work of a wrong answer to a
 * hash of our own, so that timing doesn't reveal which kind an account has.
 * @param foreign one of bcrypt with a prefix, argon2, scrypt, firebase, pbkdf2; bytes are in base64
 */
export async function verifyForeign({
  inputs = [''],
  foreign = FOREIGN,
  rounds = 12,
  tries = 1,
  padding = NO_PADDING,
}) {
  for (const input of inputs) if (await isForeign(input, foreign)) return true;
  for (let each = 0; each < tries; each++) bcrypt.hashSync('', rounds);
  if (padding) await isForeign('', padding);
  return false;
}

/** @param foreign its kind decides which other members are set */
async function isForeign(password = '', foreign = FOREIGN) {
  switch (foreign.kind) {
    case 'bcrypt':
      return isBcrypt(foreign.prehash ? createHash(foreign.prehash).update(password).digest('hex') : password, foreign.hash); // prettier-ignore
    case 'argon2':
      return (await import('@node-rs/argon2')).verifySync(foreign.hash, password);
    case 'scrypt':
      return isEqual(scryptOf(password.normalize(foreign.form), foreign, bytes(foreign.key).length), foreign.key);
    case 'firebase': {
      const cipher = createCipheriv('aes-256-ctr', scryptOf(password, foreign, 32), Buffer.alloc(16));
      return isEqual(Buffer.concat([cipher.update(bytes(foreign.signerKey)), cipher.final()]), foreign.key);
    }
    case 'pbkdf2': {
      const { salt, key, iterations, digest } = foreign;
      return isEqual(pbkdf2Sync(password, bytes(salt), iterations, bytes(key).length, digest), key);
    }
    default:
      return false;
  }
}

const bytes = (base64 = '') => Buffer.from(base64, 'base64');
// only the digest is compared: some libraries set unused bits in the last character of the salt, which bcrypt normalises
const isBcrypt = (input = '', hash = '') => bcrypt.hashSync(input, hash).slice(-31) === hash.slice(-31);
const isEqual = (made = Buffer.alloc(0), key = '') => timingSafeEqual(made, bytes(key));

function scryptOf(password = '', { salt = '', N = 2, r = 1, p = 1 }, length = 32) {
  return scryptSync(password, bytes(salt), length, { N, r, p, maxmem: 256 * N * r + 256 * r * p + 1024 * 1024 });
}

/** A cost is a power of two: after 2^c, another 2^c, 2^(c+1) … 2^(rounds-1) add up to 2^rounds. */
function equalizeTime(input = '', hash = '', rounds = 12) {
  for (let cost = Number(hash.slice(4, 6)); cost < rounds; cost++) {
    bcrypt.hashSync(input, `$2b$${String(cost).padStart(2, '0')}${hash.slice(6)}`);
  }
}

/** Lowers the thread's priority, so that other requests are served first. Only on Linux does this affect a single thread. */
function lowerPriority() {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Math.min(getPriority() + STEPS_DOWN, 19));
  } catch {
    // where a sandbox forbids it, hashing competes at normal priority
  }
}

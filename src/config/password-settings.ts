import { type BreachedPasswordSettings, readBreachedPasswords } from './breached-password-settings.js';
import type { EnvironmentReader } from './environment.js';

/** Password rules and hashing. */
export class PasswordSettings {
  bcryptRounds: number;
  minLength: number;
  /** The first is used for new hashes; the others verify older ones. */
  peppers: string[];
  breached: BreachedPasswordSettings;
}

/** Reads the settings of passwords; only tests may use a low cost. */
export function readPasswords(env: EnvironmentReader, environment: string): PasswordSettings {
  const [fallback, min] = environment === 'test' ? [4, 4] : [12, 10];
  return {
    bcryptRounds: env.integer('BCRYPT_ROUNDS', fallback, { min, max: 16 }),
    minLength: env.integer('PASSWORD_MIN_LENGTH', 8, { min: 8, max: 64 }),
    peppers: readPeppers(env),
    breached: readBreachedPasswords(env, environment === 'production'),
  };
}

/** Comma-separated peppers; or a single one that contains a comma, when its parts are too short to be peppers. */
function readPeppers(env: EnvironmentReader): string[] {
  const isLongEnough = (pepper: string) => Buffer.byteLength(pepper) >= 16;
  const parts = env.list('PASSWORD_PEPPER');
  const whole = env.text('PASSWORD_PEPPER') ?? '';
  if (!parts.length || parts.every(isLongEnough)) return parts;
  return isLongEnough(whole) && !parts.some(isLongEnough)
    ? [whole]
    : env.refuse('PASSWORD_PEPPER must be 16 bytes or more, each of them.', []);
}

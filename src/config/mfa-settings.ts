import { days, seconds } from './durations.js';
import type { EnvironmentReader } from './environment.js';
import { isPlaceholder } from './jwt-settings.js';

const POLICIES = ['none', 'admins', 'all'] as const;
export type MfaPolicy = (typeof POLICIES)[number];

/** Second factors: who must have one, and for how long a proof is accepted. */
export class MfaSettings {
  /** Who must have one. */
  required: MfaPolicy;
  /** How long a remembered device isn't asked for a second factor; 0 for never. */
  rememberFor: number;
  /** The age in milliseconds up to which a sign-in counts as fresh. */
  stepUpMaxAge: number;
  /** The keys of `Sealer`; the first encrypts, all of them decrypt. Without any, features that need it are off. */
  readonly encryptionKeys: string[];
}

const HOW = 'Make one with: openssl rand -base64 32';

/** Reads the settings of second factors; outside production a key is generated and stored on first use. */
export function readMfa(env: EnvironmentReader, production: boolean, developmentKey: () => string): MfaSettings {
  const keys = readKeys(env, production);
  const required = env.oneOf('MFA_REQUIRED', POLICIES, 'none');
  if (production && required !== 'none' && keys.length === 0) {
    env.refuse(`MFA_REQUIRED needs DATA_ENCRYPTION_KEY, or nobody could set up a second factor. ${HOW}`, undefined);
  }
  return {
    required,
    rememberFor: days(env.integer('MFA_REMEMBER_DAYS', 30, { min: 0, max: 365 })),
    stepUpMaxAge: seconds(env.integer('STEP_UP_MAX_AGE_SECONDS', 600, { min: 1, max: 86_400 })),
    get encryptionKeys() {
      if (keys.length === 0 && !production) keys.push(developmentKey());
      return keys;
    },
  };
}

function readKeys(env: EnvironmentReader, production: boolean): string[] {
  const keys = env.list('DATA_ENCRYPTION_KEY');
  if (keys.some((key) => Buffer.byteLength(key) < 32)) {
    env.refuse(`DATA_ENCRYPTION_KEY must be 32 bytes or more, without a comma. ${HOW}`, []);
  } else if (production && keys.some(isPlaceholder)) {
    env.refuse(`DATA_ENCRYPTION_KEY is a placeholder. ${HOW}`, []);
  }
  return keys;
}

/** The roles whose users must have a second factor. */
export const rolesThatNeedMfa = (policy: MfaPolicy): string[] =>
  policy === 'all' ? ['user', 'admin'] : policy === 'admins' ? ['admin'] : [];

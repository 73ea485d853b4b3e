import { days, minutes } from './durations.js';
import type { EnvironmentReader } from './environment.js';

/** Who may register: anybody, invited people, or nobody. */
export const REGISTRATIONS = ['open', 'invite_only', 'closed'] as const;

/** Registration, verification, and retention of accounts. Durations in milliseconds. */
export class AccountSettings {
  registration: (typeof REGISTRATIONS)[number];
  /** Whether registering or changing one's address discloses that an address is taken. */
  registrationReveals: boolean;
  /** Whether signing in requires a verified address. */
  requireVerifiedEmail: boolean;
  /** Whether users get a mail about a sign-in from a new device. */
  signInNotices: boolean;
  /** Lifetime of link and code of a password reset. */
  passwordResetLifetime: number;
  /** How long deleted accounts are kept; undefined means for ever. */
  deletedRetention: number | undefined;
  /** How long accounts are kept that were never verified nor used; undefined means for ever. */
  unverifiedRetention: number | undefined;
  /** Created at the first start, if there is no admin. */
  firstAdmin: { email: string; password: string } | undefined;
}

/** Reads the settings of accounts. */
export function readAccounts(env: EnvironmentReader): AccountSettings {
  return {
    registration: env.oneOf('REGISTRATION', REGISTRATIONS, 'open'),
    registrationReveals: env.flag('REGISTRATION_REVEALS', true),
    requireVerifiedEmail: env.flag('REQUIRE_VERIFIED_EMAIL', false),
    signInNotices: env.flag('SIGN_IN_NOTICES', true),
    passwordResetLifetime: minutes(env.integer('PASSWORD_RESET_MINUTES', 60, { min: 10, max: 1440 })),
    deletedRetention: retention(env, 'DELETED_RETENTION_DAYS'),
    unverifiedRetention: retention(env, 'UNVERIFIED_RETENTION_DAYS'),
    firstAdmin: readFirstAdmin(env),
  };
}

function readFirstAdmin(env: EnvironmentReader): AccountSettings['firstAdmin'] {
  const email = env.text('FIRST_ADMIN_EMAIL');
  const password = env.text('FIRST_ADMIN_PASSWORD');
  if (email && password) return { email, password };
  if (email || password) env.refuse('FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD must be set together.', undefined);
  return undefined;
}

function retention(env: EnvironmentReader, name: string): number | undefined {
  if ((env.text(name) ?? 'never').toLowerCase() === 'never') return undefined;
  return days(env.integer(name, 30, { min: 1, max: 36_500 }));
}

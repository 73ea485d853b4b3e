import { days, hours, minutes } from './durations.js';
import type { EnvironmentReader } from './environment.js';

/** The rate limits. */
export class ThrottleSettings {
  enabled: boolean;
  limits: Limits;
}

type Limits = ReturnType<typeof readLimits>;

/** Reads THROTTLE and the limits. */
export const readThrottle = (env: EnvironmentReader): ThrottleSettings => ({
  enabled: env.flag('THROTTLE', true),
  limits: readLimits(env),
});

const readLimits = (env: EnvironmentReader) => ({
  wrongPasswords: env.limit('THROTTLE_WRONG_PASSWORDS', 5, minutes(15)),
  wrongPasswordsOfNetwork: env.limit('THROTTLE_WRONG_PASSWORDS_PER_NETWORK', 50, minutes(5)),
  wrongPasswordsOfAccount: env.limit('THROTTLE_WRONG_PASSWORDS_PER_ACCOUNT', 100, minutes(15)),
  registrations: env.limit('THROTTLE_REGISTRATIONS', 30, hours(1)),
  takenRegistrations: env.limit('THROTTLE_TAKEN_REGISTRATIONS', 150, hours(1)),
  refusedRefreshes: env.limit('THROTTLE_REFUSED_REFRESHES', 150, minutes(5)),
  wrongFactors: env.limit('THROTTLE_WRONG_FACTORS', 5, minutes(15)),
  wrongFactorsOfDay: env.limit('THROTTLE_WRONG_FACTORS_PER_DAY', 20, days(1)),
  passkeyOptions: env.limit('THROTTLE_PASSKEY_OPTIONS', 60, minutes(5)),
  passkeySignIns: env.limit('THROTTLE_PASSKEY_SIGN_INS', 50, minutes(5)),
  providers: env.limit('THROTTLE_PROVIDERS', 60, minutes(5)),
  exports: env.limit('THROTTLE_EXPORTS', 3, days(1)),
});

import { days, minutes, seconds } from './durations.js';
import type { EnvironmentReader } from './environment.js';
import { type JwtSettings, readJwt } from './jwt-settings.js';

/** Settings of access tokens, refresh tokens and sessions. Durations in milliseconds. */
export class TokenSettings {
  jwt: JwtSettings;
  accessTokenLifetime: number;
  refreshTokenLifetime: number;
  /** The longest lifetime of a session, however often it is refreshed. */
  sessionLifetime: number;
  /** How long after a refresh its token may be sent again. */
  refreshGrace: number;
}

/** Reads the settings of tokens. @param developmentSecret generates the key if none is set, outside production */
export function readTokens(
  env: EnvironmentReader,
  production: boolean,
  developmentSecret: () => string,
): TokenSettings {
  return {
    jwt: readJwt(env, production, developmentSecret),
    accessTokenLifetime: minutes(env.integer('ACCESS_TOKEN_EXPIRE_MINUTES', 30, { min: 1, max: 1440 })),
    refreshTokenLifetime: days(env.integer('REFRESH_TOKEN_EXPIRE_DAYS', 7, { min: 1, max: 3650 })),
    sessionLifetime: days(env.integer('SESSION_MAX_DAYS', 30, { min: 1, max: 3650 })),
    refreshGrace: seconds(env.integer('REFRESH_GRACE_SECONDS', 30, { min: 0, max: 600 })),
  };
}

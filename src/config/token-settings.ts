import { days, minutes, seconds } from './durations.js';
import type { EnvironmentReader } from './environment.js';
import { type JwtSettings, readJwt } from './jwt-settings.js';

/** Access and refresh tokens, and the sessions behind them. Durations in milliseconds. */
export class TokenSettings {
  jwt: JwtSettings;
  accessTokenLifetime: number;
  refreshTokenLifetime: number;
  /** How long a session lives, however often it is refreshed. */
  sessionLifetime: number;
  /** How long the parent of a refresh token is taken once more. */
  refreshGrace: number;
}

/** Reads the settings of tokens. @param developmentSecret makes the key where none is set, outside of production */
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

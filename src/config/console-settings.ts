import type { EnvironmentReader } from './environment.js';
import { readNetworks } from './server-settings.js';

/** The console under /admin. */
export class ConsoleSettings {
  enabled: boolean;
  /** The networks that may load it; empty for all. */
  networks: string[];
  /** Whether it shows pictures from other servers. */
  remotePictures: boolean;
}

/** Reads the settings of the console. */
export const readConsole = (env: EnvironmentReader): ConsoleSettings => ({
  enabled: env.flag('CONSOLE_ENABLED', true),
  networks: readNetworks(env, 'CONSOLE_NETWORKS'),
  remotePictures: env.flag('CONSOLE_REMOTE_PICTURES', true),
});

import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import type { EnvironmentReader } from './environment.js';

const MODES = ['hibp', 'offline', 'off'] as const;

/** Bytes of an entry of the file: the first of a SHA-1. */
export const BREACHED_ENTRY_BYTES = 8;

/** The check of newly chosen passwords against known breaches. */
export interface BreachedPasswordSettings {
  /** `hibp` asks a range service, `offline` reads the file if there is one, `off` checks nothing. */
  mode: (typeof MODES)[number];
  /** The first eight bytes of each SHA-1, sorted. */
  file: string | undefined;
  /** The URL of the range service, without a trailing slash. */
  url: string;
}

/** Reads the settings of the check; only in production is a service asked by default. */
export function readBreachedPasswords(env: EnvironmentReader, production: boolean): BreachedPasswordSettings {
  return {
    mode: env.oneOf('BREACHED_PASSWORDS', MODES, production ? 'hibp' : 'offline'),
    file: readFile(env),
    url: readUrl(env),
  };
}

function readFile(env: EnvironmentReader): string | undefined {
  const name = env.text('BREACHED_PASSWORDS_FILE');
  if (name === undefined) return undefined;
  const file = path.resolve(name);
  try {
    accessSync(file, constants.R_OK);
    const status = statSync(file);
    if (status.isFile() && status.size % BREACHED_ENTRY_BYTES === 0) return file;
    return env.refuse('BREACHED_PASSWORDS_FILE must hold 8 bytes for each password: the first of its SHA-1.', undefined); // prettier-ignore
  } catch {
    return env.refuse(`BREACHED_PASSWORDS_FILE: ${file} cannot be read.`, undefined);
  }
}

function readUrl(env: EnvironmentReader): string {
  const text = env.text('BREACHED_PASSWORDS_URL') ?? 'https://api.pwnedpasswords.com';
  const url = URL.parse(text);
  const isPlain = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  if (!isPlain)
    return env.refuse('BREACHED_PASSWORDS_URL must be an address such as https://ranges.example.com.', text);
  return url.href.replace(/\/+$/, '');
}

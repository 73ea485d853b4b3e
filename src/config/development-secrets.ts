import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What a development server needs to keep to itself. */
export interface DevelopmentSecrets {
  jwtSecret: string;
  databasePassword: string;
}

/** The secrets of this checkout, made at the first call and kept in `secrets.json`. */
export function developmentSecrets(dataDir: string): DevelopmentSecrets {
  const fresh: DevelopmentSecrets = { jwtSecret: newSecret(), databasePassword: newSecret() };
  return JSON.parse(kept(dataDir, 'secrets.json', JSON.stringify(fresh, null, 2))) as DevelopmentSecrets;
}

/** The key for what this checkout encrypts, in a file of its own: checkouts of before have a `secrets.json` without it. */
export const developmentEncryptionKey = (dataDir: string): string =>
  kept(dataDir, 'data-encryption-key', newSecret()).trim();

const newSecret = () => randomBytes(48).toString('base64url');

/** What a file holds that is made at the first call, readable by its owner only. */
function kept(dataDir: string, name: string, fresh: string): string {
  const file = path.join(dataDir, name);
  mkdirSync(dataDir, { recursive: true });
  try {
    // 'wx': of two processes that start together, one writes and the other reads
    writeFileSync(file, fresh, { mode: 0o600, flag: 'wx' });
    return fresh;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFileSync(file, 'utf8');
  }
}

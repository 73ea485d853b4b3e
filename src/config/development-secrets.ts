import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What a development server needs to keep to itself. */
export interface DevelopmentSecrets {
  jwtSecret: string;
  databasePassword: string;
}

/** The secrets of this checkout, made at the first call and kept in `secrets.json`, readable by its owner only. */
export function developmentSecrets(dataDir: string): DevelopmentSecrets {
  const file = path.join(dataDir, 'secrets.json');
  const secret = () => randomBytes(48).toString('base64url');
  const fresh: DevelopmentSecrets = { jwtSecret: secret(), databasePassword: secret() };
  mkdirSync(dataDir, { recursive: true });
  try {
    // 'wx': of two processes that start together, one writes and the other reads
    writeFileSync(file, JSON.stringify(fresh, null, 2), { mode: 0o600, flag: 'wx' });
    return fresh;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return JSON.parse(readFileSync(file, 'utf8')) as DevelopmentSecrets;
  }
}

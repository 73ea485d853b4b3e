import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingsError } from './environment.js';
import { readTextFile } from './text-file.js';

/** Secrets of a development server. */
export interface DevelopmentSecrets {
  jwtSecret: string;
  databasePassword: string;
  /** The admin that was created for the developer. */
  admin?: { email: string; password: string };
}

/**
 * The secrets of this checkout, generated on first use and stored in `secrets.json`.
 * @throws SettingsError when that file is damaged
 */
export function developmentSecrets(dataDir: string): DevelopmentSecrets {
  const fresh: DevelopmentSecrets = { jwtSecret: newSecret(), databasePassword: newSecret() };
  const secrets = parse(kept(dataDir, SECRETS, asText(fresh)));
  return isWhole(secrets) ? secrets : refuse(dataDir, SECRETS, 'the password of the database');
}

/** Stores the development admin's credentials with the other secrets. @throws SettingsError */
export function keepDevelopmentAdmin(dataDir: string, admin: { email: string; password: string }): void {
  const draft = write(dataDir, SECRETS, asText({ ...developmentSecrets(dataDir), admin }));
  renameSync(draft, path.join(dataDir, SECRETS)); // atomic
}

/**
 * The encryption key of this checkout, in a file of its own: older checkouts have a `secrets.json` without it.
 * @throws SettingsError when that file is damaged
 */
export function developmentEncryptionKey(dataDir: string): string {
  const key = kept(dataDir, ENCRYPTION_KEY, newSecret()).trim();
  return isSecret(key) ? key : refuse(dataDir, ENCRYPTION_KEY, 'the key of what is encrypted in the database');
}

const SECRETS = 'secrets.json';
const ENCRYPTION_KEY = 'data-encryption-key';

const newSecret = () => randomBytes(48).toString('base64url');
const asText = (secrets: DevelopmentSecrets) => JSON.stringify(secrets, null, 2);

/**
 * The content of a file that is generated on first use, readable by its owner only. Of two processes that start at once, one
 * creates it and the other reads it.
 */
function kept(dataDir: string, name: string, fresh: string): string {
  const existing = read(dataDir, name);
  if (existing !== undefined) return existing;
  const draft = write(dataDir, name, fresh);
  try {
    linkSync(draft, path.join(dataDir, name)); // unlike a rename, it never replaces a file
  } catch {
    const other = read(dataDir, name);
    if (other !== undefined) return other;
    renameSync(draft, path.join(dataDir, name)); // for file systems without hard links
  } finally {
    rmSync(draft, { force: true });
  }
  return fresh;
}

function read(dataDir: string, name: string): string | undefined {
  const file = path.join(dataDir, name);
  try {
    return readTextFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new SettingsError([`${file} can't be read: ${message}`]);
  }
}

/** Writes a complete temporary file in the same folder. */
function write(dataDir: string, name: string, text: string): string {
  mkdirSync(dataDir, { recursive: true });
  const draft = path.join(dataDir, `${name}.${process.pid}`);
  writeFileSync(draft, text, { mode: 0o600 });
  return draft;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isWhole(value: unknown): value is DevelopmentSecrets {
  const { jwtSecret, databasePassword } = (value ?? {}) as Partial<DevelopmentSecrets>;
  return isSecret(jwtSecret) && isSecret(databasePassword);
}

const isSecret = (value: unknown) => typeof value === 'string' && value.length >= 32;

function refuse(dataDir: string, name: string, what: string): never {
  throw new SettingsError([
    `${path.join(dataDir, name)} is damaged. It holds ${what} beside it: put the file back from a copy, or remove ${dataDir}, data and all, to begin anew.`,
  ]);
}

import { randomBytes } from 'node:crypto';
import type { ImportRowDto } from './import-row.js';

/** The username of a row, or one derived from its address. */
export function nameOf({ username, email }: Pick<ImportRowDto, 'username' | 'email'>): string {
  if (username !== undefined) return username;
  const local = (email.split('@')[0] ?? '').replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 32);
  return local.length < 3 ? `${local}-user` : local;
}

/** The name, or one with a suffix, that isn't taken (names in lower case). */
export function freeName(name: string, taken: Map<string, string>): string {
  let free = name;
  while (taken.has(free.toLowerCase())) free = `${name.slice(0, 25)}-${randomBytes(3).toString('hex')}`;
  return free;
}

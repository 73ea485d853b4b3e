import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// The published source of zxcvbn's list: some 49,000 passwords in lower case, the most common ones of several leaks.
// Searched as the JSON text it is (0.1 ms), it costs 0.5 MiB; parsed, or imported through the package's door, 14 MiB.
const LIST = '@zxcvbn-ts/language-common/src/passwords.json';
let list: string | undefined;

/** Whether a password is on the list of common ones, in whatever case. Reads the list at the first call. */
export function isCommonPassword(password: string): boolean {
  list ??= readFileSync(createRequire(import.meta.url).resolve(LIST), 'utf8');
  return list.includes(JSON.stringify(password.toLowerCase()));
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// The source of zxcvbn's list: some 49,000 passwords in lower case, the most common ones of several leaks. Searched as JSON
// text (0.1 ms) it takes 0.5 MiB; parsed, or imported through the package's exports, 14 MiB.
const LIST = '@zxcvbn-ts/language-common/src/passwords.json';
let list: string | undefined;

/** Whether a password is on the list of common ones, in any case. The list is read on first use. */
export function isCommonPassword(password: string): boolean {
  list ??= readFileSync(createRequire(import.meta.url).resolve(LIST), 'utf8');
  return list.includes(JSON.stringify(password.toLowerCase()));
}

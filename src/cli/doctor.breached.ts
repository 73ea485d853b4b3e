import type { Settings } from '../config/settings.js';
import { countBreachedEntries } from '../users/passwords/breached-file.js';
import { bad, doubtful, type Finding, good } from './findings.js';

/** Findings about the check of breached passwords. Makes no request. */
export async function examineBreachedPasswords({ passwords }: Settings): Promise<Finding[]> {
  const { mode, file, url } = passwords.breached;
  if (mode === 'off') return [doubtful('Passwords of known breaches are taken (BREACHED_PASSWORDS=off).')];
  if (mode === 'offline') return [await offline(file)];
  const asked = good(`New passwords are looked up at ${url}, which learns 5 characters of their SHA-1.`);
  if (file === undefined) return [asked];
  return [asked, doubtful('BREACHED_PASSWORDS_FILE is not used.', 'To use it, set BREACHED_PASSWORDS=offline.')];
}

async function offline(file: string | undefined): Promise<Finding> {
  if (file === undefined) return good('New passwords are looked up in the built-in list only.');
  const count = await countBreachedEntries(file).catch((error: unknown) => error as Error);
  if (count instanceof Error) return bad(`BREACHED_PASSWORDS_FILE cannot be read: ${count.message}`);
  if (count === null) return bad(`${file} is not sorted, so nothing is found in it.`, 'Sort it by its 8-byte entries.');
  return good(`New passwords are looked up among the ${count} of ${file}.`);
}

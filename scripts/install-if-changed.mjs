// node scripts/install-if-changed.mjs FOLDER…
// npm ci in each of the folders, but only where the lock file isn't the one that was installed last. What was installed is
// noted inside node_modules, and so goes with them.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { npm } from './npm.mjs';

for (const folder of process.argv.slice(2)) {
  const lock = digestOf(path.join(folder, 'package-lock.json'));
  const note = path.join(folder, 'node_modules/.installed-lock');
  if (existsSync(note) && readFileSync(note, 'utf8') === lock) continue;
  const status = npm(['ci', '--prefix', folder, '--no-audit', '--no-fund']);
  if (status !== 0) process.exit(status);
  writeFileSync(note, lock);
}

function digestOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

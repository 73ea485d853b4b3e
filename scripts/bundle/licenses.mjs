/** The licenses of the packages that are part of the bundle: most of them must be handed on with the code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Their texts, one after the other, of the packages that these files belong to. */
export function licensesOf(files, root) {
  const folders = new Set(
    files.map((file) => /^.*node_modules\/(@[^/]+\/)?[^/.][^/]*/.exec(file)?.[0]).filter(Boolean),
  );
  return [...folders].sort().map((folder) => licenseOf(path.join(root, folder))).join('\n\n'); // prettier-ignore
}

function licenseOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file)) : [];
  const texts = files.map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
  return [`# ${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n');
}

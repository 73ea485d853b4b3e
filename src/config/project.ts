import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The folder of package.json, found from the sources and from the build. */
const ROOT = findRoot(import.meta.dirname);

/** A file that is shipped with the project. */
export const projectFile = (name: string): string => path.join(ROOT, name);

/** The version in package.json. */
export const projectVersion = (): string =>
  (JSON.parse(readFileSync(projectFile('package.json'), 'utf8')) as { version: string }).version;

function findRoot(folder: string): string {
  return existsSync(path.join(folder, 'package.json')) ? folder : findRoot(path.dirname(folder));
}

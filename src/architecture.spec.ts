import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const SRC = import.meta.dirname;
const FEATURES = ['auth', 'posts', 'tasks', 'health', 'metrics'];

/** What each part may import of the others; its own files, `access.ts` and `errors.ts` are everybody's. */
const MAY_IMPORT: Record<string, string[]> = {
  config: [],
  database: ['config'],
  http: ['config', 'database'],
  audit: ['config', 'database', 'http'],
  users: ['config', 'database', 'http', 'audit'],
  ...Object.fromEntries(FEATURES.map((feature) => [feature, ['config', 'database', 'http', 'audit', 'users']])),
};

interface Import {
  from: string;
  to: string;
}

describe('who may import whom', () => {
  const imports = sourceFiles().flatMap(importsOf);

  it.each(Object.keys(MAY_IMPORT))('%s imports only what is below it', (part) => {
    const allowed = new Set([part, 'access.ts', 'errors.ts', 'migrations', ...(MAY_IMPORT[part] ?? [])]);
    const wrong = imports.filter(({ from, to }) => partOf(from) === part && !allowed.has(partOf(to)));
    expect(wrong).toEqual([]);
  });

  it.each(['access.ts', 'errors.ts'])('%s imports nothing of ours', (file) => {
    expect(imports.filter(({ from }) => from === file)).toEqual([]);
  });

  it('only the settings read the environment', () => {
    const readers = sourceFiles().filter((file) => /process\.env\b/.test(read(file)) && partOf(file) !== 'config');
    expect(readers).toEqual(['database/embedded-postgres.ts']); // which hands PATH and the like on to its server
  });

  it('only one file names each hash', () => {
    const askers = sourceFiles().filter((file) => read(file).includes('password_hash AS'));
    expect(askers).toEqual(['users/users.statements.ts']);
  });

  it('knows every folder', () => {
    const folders = readdirSync(SRC, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? entry.name : [],
    );
    expect(folders.filter((folder) => folder !== 'cli').sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });
});

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'),
  );
}

function importsOf(file: string): Import[] {
  const targets = [...read(file).matchAll(/(?:from|import\(|import) '(\.[^']+)\.js'/g)].map(
    ([, target = '']) => target,
  );
  return targets.map((target) => ({ from: file, to: `${path.join(path.dirname(file), target)}.ts` }));
}

/** The folder right below src, or a file that stands there itself. */
function partOf(file: string): string {
  return file.replace(/^(?:\.\.\/)+/, '').split('/')[0] ?? '';
}

function read(file: string): string {
  return readFileSync(path.join(SRC, file), 'utf8');
}

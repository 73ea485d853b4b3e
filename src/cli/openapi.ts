import { readFileSync, writeFileSync } from 'node:fs';
import { projectFile } from '../config/project.js';
import type { Terminal } from './terminal.js';

/** `openapi`: the document as it was shipped, on standard output or in a file. */
export function writeOpenApi({ stdout }: Terminal, { output }: { output?: string }): void {
  const document = readFileSync(projectFile('openapi.json'));
  if (output) writeFileSync(output, document);
  else stdout.write(document);
}

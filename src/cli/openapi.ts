import { readFileSync, writeFileSync } from 'node:fs';
import { projectFile } from '../config/project.js';
import type { Terminal } from './terminal.js';

/** `openapi`: prints the shipped OpenAPI document, or writes it to a file. */
export function writeOpenApi({ stdout }: Terminal, { output }: { output?: string }): void {
  const document = readFileSync(projectFile('openapi.json'));
  if (output) writeFileSync(output, document);
  else stdout.write(document);
}

/** Writes openapi.json; with --check, says instead whether it is what the code says, and fails if it isn't. */
import { readFileSync, writeFileSync } from 'node:fs';
import { projectFile } from '../src/config/project.js';
import { generateOpenApi } from './openapi/generate.js';

const file = projectFile('openapi.json');
const text = `${JSON.stringify(await generateOpenApi(), null, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
} else if (text !== readFileSync(file, 'utf8')) {
  console.error('openapi.json is not what the code says. Write it anew with: npm run openapi');
  process.exitCode = 1;
}

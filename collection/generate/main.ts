import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { files } from './files.ts';

const folder = path.resolve(import.meta.dirname, '..');
const document = readFileSync(path.join(folder, '../openapi.json'), 'utf8');
for (const [name, content] of Object.entries(files(document))) writeFileSync(path.join(folder, name), content);

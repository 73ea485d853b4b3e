import { once } from 'node:events';
import { SCRIPT } from '../request.js';
import { UserExport } from '../users/import/user-export.js';
import type { Terminal } from './terminal.js';
import { withApp } from './with-app.js';

/** `export`: all accounts of people as NDJSON, with ids, in the form that `import` reads; optionally with password hashes. */
export async function exportUsers(terminal: Terminal, { withHashes = false }: { withHashes?: boolean }): Promise<void> {
  await withApp(terminal, async (app) => {
    for await (const lines of app.get(UserExport).write({ withHashes }, SCRIPT)) {
      if (!terminal.stdout.write(lines)) await once(terminal.stdout, 'drain');
    }
  });
}

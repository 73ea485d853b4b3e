import { listMigrations, migrate, revert } from '../database/migrate.js';
import { Failure } from './failures.js';
import { say, type Terminal } from './terminal.js';
import { withDatabase } from './with-app.js';

/** `migrate`: applies pending migrations. */
export async function applyAll(terminal: Terminal): Promise<void> {
  const applied = await withDatabase(terminal, migrate);
  for (const name of applied) say(terminal, `Applied ${name}`);
  if (applied.length === 0) say(terminal, 'Nothing to apply.');
}

/** `revert`: reverts the newest applied migration. */
export async function revertNewest(terminal: Terminal): Promise<void> {
  const reverted = await withDatabase(terminal, revert);
  say(terminal, reverted ? `Reverted ${reverted}` : 'Nothing to revert.');
}

/** `status`: lists all migrations. @throws Failure with `--check`, when some are pending */
export async function showStatus(terminal: Terminal, { check = false }: { check?: boolean }): Promise<void> {
  const all = await withDatabase(terminal, listMigrations);
  for (const { name, applied } of all) say(terminal, `${applied ? 'applied' : 'pending'}  ${name}`);
  if (check && all.some(({ applied }) => !applied))
    throw new Failure('Migrations are pending. Apply them: userhub migrate');
}

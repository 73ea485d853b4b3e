/** For TypeORM's own tool, `npm run typeorm`: the connection that the server has, and every entity. */
import 'reflect-metadata';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { loadSettings } from './src/config/settings.js';
import type { Entities } from './src/database/data-source-options.js';
import { migrationOptions } from './src/database/migrate.js';
import { resolveDatabase } from './src/process/resolve-database.js';

const SOURCES = path.join(import.meta.dirname, 'src');

/** Every class that a `*.entity.ts` exports; the server has the same ones from its modules. */
export async function findEntities(): Promise<Entities> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => /\.entity\.[jt]s$/.test(file)); // prettier-ignore
  const modules = files.map(
    (file) => import(`./src/${file.replace(/\.ts$/, '.js').replaceAll(path.sep, '/')}`) as Promise<object>,
  );
  const exported = (await Promise.all(modules)).flatMap((module) => Object.values(module) as unknown[]);
  return exported.filter((value): value is new () => object => typeof value === 'function');
}

/**
 * The connection, not opened yet. An embedded database that runs already is joined; otherwise one is started, and it
 * stops when this process ends.
 * @throws SettingsError
 */
export async function connection(settings = loadSettings()): Promise<DataSource> {
  await resolveDatabase(settings, { join: true });
  return new DataSource({ ...migrationOptions(settings, await findEntities()), logger: 'advanced-console' });
}

/** What the tool awaits. Nothing happens before it does, so that importing this file starts no server. */
const whenAwaited: PromiseLike<DataSource> = {
  then: (resolve, reject) => connection().then(resolve, reject),
};
export default whenAwaited;

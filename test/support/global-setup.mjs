// One PostgreSQL for the whole run, and in it a migrated database that every test file gets a copy of.
// Jest compiles a .ts globalSetup to CommonJS, which can't load this project; a .mjs is imported natively.
import '@swc-node/register/esm-register';
import { spawnSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export default async function setUp() {
  // here, as several test files need the console's page: two builds at once would take each other's files away
  spawnSync(process.execPath, [path.resolve(import.meta.dirname, '../../scripts/build.mjs'), '--if-stale', 'console']);
  const { startEmbeddedPostgres } = await import('../../src/process/development/embedded-postgres.ts');
  const { loadSettings } = await import('../../src/config/settings.ts');
  const { migrate } = await import('../../src/database/migrate.ts');
  const folder = await mkdtemp(path.join(tmpdir(), 'userhub-test-'));
  const server = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    password: 'test',
    database: 'template',
    durable: false,
    flags: ['-c', 'max_connections=300'],
  });
  const settings = loadSettings({ NODE_ENV: 'test', DATABASE_URL: server.url, JWT_SECRET_KEY: 'x'.repeat(32) });
  await migrate(settings);
  process.env.TEST_DATABASE_URL = server.url;
  globalThis.testDatabase = { server, folder };
}

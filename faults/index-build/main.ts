/**
 * Builds an index on millions of sessions while people refresh, read and sign in: `npm run test:index-build [-- --sessions=200000]`.
 * The server is the built one, and the index comes by a migration of this test's own through the code that migrates at start.
 * Prints what people noticed, and fails when a request failed, or when a kind of them had no success for over a second. With
 * `--locking` the index is built under a lock, as `CREATE INDEX` does it, to see that it would be noticed.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { projectFile } from '../../src/config/project.js';
import { startEmbeddedPostgres } from '../../src/process/development/embedded-postgres.js';
import { killAll } from '../processes.js';
import { buildUnderLoad } from './build.js';

const POSTGRES = ['-c', 'max_wal_size=8GB', '-c', 'shared_buffers=256MB'];

const { values: options } = parseArgs({
  options: {
    sessions: { type: 'string', default: '5000000' },
    seconds: { type: 'string', default: '20' }, // of load before the build
    locking: { type: 'boolean', default: false },
  },
});

mkdirSync(projectFile('.data'), { recursive: true });
const folder = mkdtempSync(projectFile('.data/index-build-')); // on a disk: a folder for temporary files may be memory
const dataDir = path.join(folder, 'postgres');
const postgres = await startEmbeddedPostgres({ dataDir, password: 'faults', flags: POSTGRES });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave(1));
try {
  const { sessions, seconds, locking } = options;
  const plan = { url: postgres.url, folder, sessions: Number(sessions), seconds: Number(seconds), isLocking: locking };
  await leave((await buildUnderLoad(plan)) ? 0 : 1);
} catch (error) {
  console.error(error);
  await leave(1);
}

async function leave(code: number): Promise<never> {
  killAll();
  await postgres.stop();
  rmSync(code === 0 ? folder : dataDir, { recursive: true, force: true, maxRetries: 5 });
  if (code !== 0) console.log(`Logs: ${folder}`);
  process.exit(code);
}

/** `npm run bench`: measures the built server beside a bare one and prints how they compare. `-- --help` says more. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SingleBar } from 'cli-progress';
import { projectFile } from '../src/config/project.js';
import { startEmbeddedPostgres } from '../src/process/development/embedded-postgres.js';
import { type Progress, runBench } from './bench.js';
import { type Options, readOptions } from './options.js';
import { chart, insertIntoPage, table } from './report.js';
import { readResults, type Results } from './results.js';
import { killAll } from '../faults/processes.js';
import { pinProcessors } from './servers.js';

const RESULTS = projectFile('bench/results.json');
const PAGE = projectFile('docs/performance.md');

const options = readOptions(process.argv);
try {
  report(await benchInFolder(options), options);
} catch (error) {
  console.error(`The bench was broken off: ${(error as Error).message}`);
  process.exitCode = 1;
}

/** On the project's own disk: in a folder for temporary files, writing may cost nothing. */
async function benchInFolder(options: Options): Promise<Results> {
  const pinning = pinProcessors(); // first, as it holds for children to come
  mkdirSync(projectFile('.data'), { recursive: true });
  const folder = mkdtempSync(projectFile('.data/bench-'));
  const postgres = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    password: 'bench',
    flags: ['-c', 'max_wal_size=8GB'],
  });
  const bar = progressBar();
  const cleanUp = async () => {
    bar.stop();
    killAll();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void cleanUp().finally(() => process.exit(1)));
  try {
    return await runBench({ ...options, databaseUrl: postgres.url, folder, pinning, progress: bar });
  } finally {
    await cleanUp();
  }
}

/** On a terminal; elsewhere nothing is shown. */
function progressBar(): Progress & { stop(): void } {
  const bar = new SingleBar({ format: '{bar} {percentage} %  {what}', hideCursor: true, clearOnComplete: true });
  return {
    start: (steps) => bar.start(steps, 0, { what: 'migrating' }),
    step: (what) => bar.increment(1, { what }),
    stop: () => bar.stop(),
  };
}

function report(results: Results, { jsonFile, write }: Options): void {
  const known = readResults(RESULTS);
  const smaller = Object.values(known).find(({ users }) => users < results.users);
  const text = table(results, smaller);
  console.log(text);
  if (jsonFile) save(jsonFile, results);
  if (!write) return;
  const picture = `performance-${results.users}.svg`;
  save(RESULTS, { ...known, [results.users]: results });
  writeFileSync(path.join(path.dirname(PAGE), picture), chart(results));
  insertIntoPage(PAGE, results.users, `${text}\n\n![Requests a second, as bars](${picture})`);
}

function save(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

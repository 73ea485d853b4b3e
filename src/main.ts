#!/usr/bin/env node
import 'reflect-metadata';
import cluster from 'node:cluster';
import v8 from 'node:v8';
import { loadSettings, type Settings } from './config/settings.js';
import { explainStart } from './process/start-failures.js';
import { mapStackTraces } from './process/stack-traces.js';

// What loads at start stays, but V8 takes it for an allocation burst: it would grow the young generation to its limit and
// keep it, a sixth of the memory at rest. Once requests come in, it may grow.
v8.setFlagsFromString('--semi-space-growth-factor=1');
mapStackTraces();

// The reader of the output may be gone (`npm start | head`), which must not stop the server.
for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);

let settings: Settings | undefined;
try {
  settings = loadSettings();
  // imported lazily: a primary that only supervises workers doesn't need the application
  if (settings.server.workers > 1 && cluster.isPrimary)
    await (await import('./process/cluster.js')).superviseWorkers(settings);
  else await (await import('./process/serve.js')).serve(settings);
} catch (error) {
  process.stderr.write(`UserHub can't start: ${explainStart(error, settings)}\n`);
  process.exit(1);
}
v8.setFlagsFromString('--semi-space-growth-factor=2');

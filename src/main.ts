#!/usr/bin/env node
import 'reflect-metadata';
import cluster from 'node:cluster';
import v8 from 'node:v8';
import { loadSettings, type Settings } from './config/settings.js';
import { explainStart } from './process/start-failures.js';
import { mapStackTraces } from './process/stack-traces.js';

// What loads is there to stay, but V8 takes it for a rush: it would grow the space for short-lived objects to its limit and
// keep it, which is a sixth of the memory at rest. From when there are requests it may.
v8.setFlagsFromString('--semi-space-growth-factor=1');
mapStackTraces();

// Whoever reads the output may have seen enough (`npm start | head`), or be gone: no reason to serve nobody else.
for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);

let settings: Settings | undefined;
try {
  settings = loadSettings();
  // imported when needed: what only watches over workers has no use for a whole application
  if (settings.server.workers > 1 && cluster.isPrimary)
    await (await import('./process/cluster.js')).superviseWorkers(settings);
  else await (await import('./process/serve.js')).serve(settings);
} catch (error) {
  process.stderr.write(`UserHub can't start: ${explainStart(error, settings)}\n`);
  process.exit(1);
}
v8.setFlagsFromString('--semi-space-growth-factor=2');

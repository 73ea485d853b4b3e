#!/usr/bin/env node
import cluster from 'node:cluster';
import v8 from 'node:v8';
import { SettingsError } from './config/environment.js';
import { loadSettings } from './config/settings.js';
import { Problem } from './problems.js';

// What loads is there to stay, but V8 takes it for a rush: it would grow the space for short-lived objects to its limit and
// keep it, which is a sixth of the memory at rest. From when there are requests it may.
v8.setFlagsFromString('--semi-space-growth-factor=1');

try {
  const settings = loadSettings();
  // imported when needed: what only watches over workers has no use for a whole application
  if (settings.workers > 1 && cluster.isPrimary)
    await (await import('./process/cluster.js')).superviseWorkers(settings);
  else await (await import('./process/serve.js')).serve(settings);
} catch (error) {
  process.stderr.write(`UserHub can't start: ${explain(error)}\n`);
  process.exit(1);
}
v8.setFlagsFromString('--semi-space-growth-factor=2');

function explain(error: unknown): string {
  if (error instanceof SettingsError) return error.problems.join(' ');
  if (error instanceof Problem) return error.detail;
  return error instanceof Error ? error.message : String(error);
}

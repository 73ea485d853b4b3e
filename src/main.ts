#!/usr/bin/env node
import cluster from 'node:cluster';
import { SettingsError } from './config/environment.js';
import { loadSettings } from './config/settings.js';
import { Problem } from './errors.js';

try {
  const settings = loadSettings();
  // imported when needed: what only watches over workers has no use for a whole application
  if (settings.workers > 1 && cluster.isPrimary) await (await import('./cluster.js')).superviseWorkers(settings);
  else await (await import('./serve.js')).serve(settings);
} catch (error) {
  process.stderr.write(`UserHub can't start: ${explain(error)}\n`);
  process.exit(1);
}

function explain(error: unknown): string {
  if (error instanceof SettingsError) return error.problems.join(' ');
  if (error instanceof Problem) return error.detail;
  return error instanceof Error ? error.message : String(error);
}

#!/usr/bin/env node
import 'reflect-metadata';
import { loadEnvironment } from '../config/settings.js';
import { mapStackTraces } from '../process/stack-traces.js';
import { run } from './program.js';

mapStackTraces();

// the reader of a pipe, such as `head`, may close it early
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const { stdin, stdout, stderr } = process;
process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env: loadEnvironment() });

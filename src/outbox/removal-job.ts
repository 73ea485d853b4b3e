import { minutes } from '../config/durations.js';
import { inBatches } from '../database/batches.js';
import type { Job } from './scheduler.js';

const FULL_BATCH = 1000;

/**
 * A job that deletes expired rows, every five minutes.
 * @param batch deletes a thousand at most, and returns how many
 */
export const removalJob = (name: string, batch: () => Promise<number>): Job => ({
  name,
  every: minutes(5),
  run: (signal) => inBatches(async () => ((await batch()) < FULL_BATCH ? undefined : 'more'), signal),
});

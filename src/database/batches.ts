import { setTimeout as delay } from 'node:timers/promises';

const PAUSE = 50;

/**
 * Runs batches until nothing is left, with a pause of 50 ms in between, in which other statements get at the rows.
 * @param batch runs one, from where the previous one ended, so that dead rows aren't scanned again; returns where it ended,
 * or undefined when it found less than a full batch
 * @param signal stops before the next batch
 */
export async function inBatches(
  batch: (after: string | undefined) => Promise<string | undefined>,
  signal?: AbortSignal,
): Promise<void> {
  let after: string | undefined;
  do after = await batch(after);
  while (after !== undefined && (await delay(PAUSE, true, { signal }).catch(() => false)));
}

import { setTimeout as delay } from 'node:timers/promises';

const PAUSE = 50;

/**
 * Does batches until nothing is left, with a pause of 50 ms between two, so that others get at the rows.
 * @param batch does one: after the position where the one before has ended, so as not to walk past its dead rows again;
 *   returns where it ended itself, or undefined when it found less than a full batch
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

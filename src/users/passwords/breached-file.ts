import { type FileHandle, open } from 'node:fs/promises';
import { BREACHED_ENTRY_BYTES as ENTRY } from '../../config/breached-password-settings.js';

/**
 * Whether a file of sorted entries, the first eight bytes of each SHA-1, contains this one. Binary search on disk: the file
 * may be of any size, and be replaced at any time.
 */
export async function isInBreachedFile(path: string, sha1: Buffer): Promise<boolean> {
  const wanted = sha1.subarray(0, ENTRY);
  const file = await open(path);
  try {
    let low = 0;
    let high = Math.floor((await file.stat()).size / ENTRY);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const order = (await entryAt(file, middle)).compare(wanted);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return false;
  } finally {
    await file.close();
  }
}

/** The number of entries of the file; null when they aren't sorted. */
export async function countBreachedEntries(path: string): Promise<number | null> {
  const file = await open(path);
  let before: Buffer = Buffer.alloc(ENTRY);
  let count = 0;
  for await (const chunk of file.createReadStream({ highWaterMark: 8192 * ENTRY }) as AsyncIterable<Buffer>) {
    for (let at = 0; at + ENTRY <= chunk.length; at += ENTRY, count++) {
      const entry = chunk.subarray(at, at + ENTRY);
      if (before.compare(entry) > 0) return null;
      before = entry;
    }
  }
  return count;
}

async function entryAt(file: FileHandle, index: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(ENTRY), 0, ENTRY, index * ENTRY);
  return buffer.subarray(0, bytesRead);
}

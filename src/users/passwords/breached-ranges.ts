import { LRUCache } from 'lru-cache';
import { hours, seconds } from '../../config/durations.js';

const TIMEOUT = seconds(1);
const BREAK = seconds(60);
const MOST_BYTES = 1024 * 1024; // a padded range has about 40 KB
const LINE = /^[0-9A-F]{35}:\d+\s*$/m;

/** The service was not asked, as a request failed a moment ago. */
export class BreakerOpen extends Error {}

/** Client of a k-anonymity range service: it gets the first five characters of a SHA-1, so it can't tell the password. */
export class BreachedRanges {
  private readonly ranges = new LRUCache<string, Promise<string>>({ max: 100, ttl: hours(24) });
  private openUntil = -Infinity;

  constructor(
    private readonly url: string,
    private readonly now = () => performance.now(),
  ) {}

  /**
   * Whether the service knows a SHA-1, in upper-case hexadecimal.
   * @throws BreakerOpen for a minute after a failure; else the failure: no connection, no answer in a second, not 200
   */
  async has(sha1: string): Promise<boolean> {
    const suffix = sha1.slice(5);
    return new RegExp(`^${suffix}:0*[1-9]`, 'm').test(await this.range(sha1.slice(0, 5))); // a count of 0 is padding
  }

  /** Concurrent callers of a range share one request; a failure isn't cached. */
  private range(prefix: string): Promise<string> {
    const known = this.ranges.get(prefix);
    if (known) return known;
    if (this.now() < this.openUntil) return Promise.reject(new BreakerOpen());
    const range = this.fetch(prefix).catch((error: unknown) => {
      this.ranges.delete(prefix);
      this.openUntil = this.now() + BREAK;
      throw error;
    });
    this.ranges.set(prefix, range);
    return range;
  }

  private async fetch(prefix: string): Promise<string> {
    const response = await fetch(`${this.url}/range/${prefix}`, {
      headers: { 'add-padding': 'true', 'user-agent': 'userhub' },
      redirect: 'manual', // the target of a redirect would learn the prefix, too
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`status ${response.status}`);
    }
    const text = (await readAtMost(response, MOST_BYTES)).toUpperCase();
    if (text.trim() !== '' && !LINE.test(text)) throw new Error('not a range');
    return text;
  }
}

async function readAtMost({ body }: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > most) throw new Error('too long'); // leaving the loop cancels the request
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('latin1');
}

import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

const POSITION = /(file:\/\/[^\s()]+\.js):(\d+):(\d+)/;
const MOST_REMEMBERED = 5_000;

const remembered = new Map<string, string>();
const maps = new Map<string, WeakRef<SourceMap>>();

/**
 * Maps stack traces to the sources of a build, like `node --enable-source-maps`, which however reads all maps at start and
 * keeps them: 30 MiB. Here maps are read when a stack trace is used, and can be garbage-collected.
 */
export function mapStackTraces(): void {
  Error.prepareStackTrace = (error, frames) => {
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- a frame says itself, which its type doesn't tell
    const lines = frames.map((frame) => `    at ${mapped(frame.toString())}`);
    return [Error.prototype.toString.call(error), ...lines].join('\n');
  };
}

function mapped(frame: string): string {
  return frame.replace(POSITION, (position, url: string, line: string, column: string) => {
    const known = remembered.get(position);
    if (known !== undefined) return known;
    const found = sourceOf(url, Number(line), Number(column)) ?? position;
    if (remembered.size < MOST_REMEMBERED) remembered.set(position, found);
    return found;
  });
}

/** The position in the sources, as path:line:column; undefined without a map, as for code of packages. */
function sourceOf(url: string, line: number, column: number): string | undefined {
  try {
    const entry = mapOf(url).findEntry(line - 1, column - 1);
    if (!('originalSource' in entry) || !entry.originalSource) return undefined;
    const file = fileURLToPath(new URL(entry.originalSource, url));
    return `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  } catch {
    return undefined; // an unmapped trace is better than none
  }
}

function mapOf(url: string): SourceMap {
  const kept = maps.get(url)?.deref();
  if (kept) return kept;
  const map = new SourceMap(JSON.parse(readFileSync(fileURLToPath(`${url}.map`), 'utf8')) as SourceMapPayload);
  maps.set(url, new WeakRef(map));
  return map;
}

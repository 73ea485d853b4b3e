import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Injectable } from '@nestjs/common';
import { projectFile } from '../config/project.js';

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Compressed forms that the build leaves beside a file, the smaller one first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** A file as it is sent. */
export interface ConsoleFile {
  content: Buffer;
  type: string;
  encoding?: string;
}

/**
 * The files that the build of the console has left. They are read when somebody asks, so they cost nothing at the start,
 * and a server without them starts as well.
 */
@Injectable()
export class ConsoleFiles {
  private readonly folder: string = projectFile('dist/console');

  /** Those of another build. */
  static in(folder: string): ConsoleFiles {
    return Object.assign(new ConsoleFiles(), { folder });
  }

  /** The page, with its ETag; null where the console has not been built. */
  async page(): Promise<{ content: Buffer; etag: string } | null> {
    const content = await readFile(path.join(this.folder, 'index.html')).catch(nullIfMissing);
    return content && { content, etag: `"${createHash('sha1').update(content).digest('base64url')}"` };
  }

  /** A file of the build, in the smallest form that the client takes; null for a name that the build has not made. */
  async asset(name: string, accepted = ''): Promise<ConsoleFile | null> {
    const folder = path.join(this.folder, 'assets');
    const names = new Set((await readdir(folder).catch(nullIfMissing)) ?? []);
    const type = TYPES[path.extname(name)];
    if (!type || !names.has(name)) return null; // only what is in the list: a name can't lead out of the folder
    const [encoding, extension = ''] = ENCODINGS.find(([code, end]) => accepts(accepted, code) && names.has(name + end)) ?? []; // prettier-ignore
    return { content: await readFile(path.join(folder, name + extension)), type, encoding };
  }
}

/** Whether `Accept-Encoding` names it, and not with `q=0`. */
function accepts(header: string, encoding: string): boolean {
  return header
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().split(/\s*;\s*q=/))
    .some(([name, quality = '1']) => name === encoding && Number(quality) > 0);
}

function nullIfMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}

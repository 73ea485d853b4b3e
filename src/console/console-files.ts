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

/** Precompressed variants written by the build, smallest first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** A file with its headers. */
export interface ConsoleFile {
  content: Buffer;
  type: string;
  encoding?: string;
}

/**
 * The files of the console's build. They are read on request, so they cost nothing at start, and a server without them
 * starts as well.
 */
@Injectable()
export class ConsoleFiles {
  private readonly folder: string = projectFile('dist/console');

  /** The files of a build in another folder. */
  static in(folder: string): ConsoleFiles {
    return Object.assign(new ConsoleFiles(), { folder });
  }

  /** The page with its ETag; null when the console isn't built. */
  async page(): Promise<{ content: Buffer; etag: string } | null> {
    const content = await readFile(path.join(this.folder, 'index.html')).catch(nullIfMissing);
    return content && { content, etag: `"${createHash('sha1').update(content).digest('base64url')}"` };
  }

  /** A file of the build, in the smallest variant that the client accepts; null for an unknown name. */
  async asset(name: string, accepted = ''): Promise<ConsoleFile | null> {
    const folder = path.join(this.folder, 'assets');
    const names = new Set((await readdir(folder).catch(nullIfMissing)) ?? []);
    const type = TYPES[path.extname(name)];
    if (!type || !names.has(name)) return null; // only listed names, so a name can't lead out of the folder
    const [encoding, extension = ''] = ENCODINGS.find(([code, end]) => accepts(accepted, code) && names.has(name + end)) ?? []; // prettier-ignore
    return { content: await readFile(path.join(folder, name + extension)), type, encoding };
  }
}

/** Whether `Accept-Encoding` accepts an encoding: named, and not with `q=0`. */
function accepts(header: string, encoding: string): boolean {
  return header
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';').map((piece) => piece.trim()))
    .some(([name, quality = 'q=1']) => name === encoding && Number(quality.replace(/^q=/, '')) > 0);
}

function nullIfMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}

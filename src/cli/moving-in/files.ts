/** Reads files of accounts: NDJSON, CSV, JSON documents. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse';
import { breaksIn, type RawRow } from '../../users/import/read-rows.js';
import { Failure } from '../failures.js';

/** A row, and the bytes of the file read so far. */
export type Positioned = RawRow & { position: number };
export type Rows = AsyncIterable<Positioned>;

/** NDJSON: an object a line. */
export async function* ndjsonRows(file: string): AsyncGenerator<Positioned> {
  const stream = createReadStream(file);
  let line = 0;
  for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
    line++;
    const content = text.replace(/^\ufeff/, '');
    if (content.trim() === '') continue;
    const position = stream.bytesRead;
    try {
      yield { line, value: JSON.parse(content), position };
    } catch {
      yield { line, problem: 'This line is not valid JSON.', position };
    }
  }
}

/** CSV with a header. @throws Failure when it can't be parsed */
export async function* csvRows(file: string): AsyncGenerator<Positioned> {
  const stream = createReadStream(file);
  const parser = parse({ bom: true, columns: true, info: true, skip_empty_lines: true, trim: true });
  stream.once('error', (error) => parser.destroy(error));
  try {
    for await (const found of stream.pipe(parser)) {
      const { record, info } = found as { record: Record<string, string>; info: { lines: number } };
      yield { line: info.lines - breaksIn(record), value: record, position: stream.bytesRead };
    }
  } catch (error) {
    throw new Failure(`${file}: ${(error as Error).message}`);
  }
}

/** The items of a list in a JSON document, which is read as a whole. */
export async function* documentRows(
  file: string,
  listIn: (document: unknown) => unknown,
  complaint: string,
): AsyncGenerator<Positioned> {
  const list = listIn(await readJson(file));
  if (!Array.isArray(list)) throw new Failure(`${file}: ${complaint}`);
  const position = await sizeOf(file);
  for (const [index, value] of list.entries()) yield { line: index + 1, value: value as unknown, position };
}

/** Converts values to rows of an import; what isn't an object is left as it is, to be refused. */
export async function* converted(rows: Rows, convert: (value: never) => object): AsyncGenerator<Positioned> {
  for await (const row of rows) {
    const isObject = typeof row.value === 'object' && row.value !== null && !Array.isArray(row.value);
    yield isObject ? { ...row, value: convert(row.value as never) } : row;
  }
}

/** @throws Failure when the file can't be read, or isn't JSON */
export async function readJson<T = unknown>(file: string): Promise<T> {
  try {
    return JSON.parse((await readFile(file, 'utf8')).replace(/^\ufeff/, '')) as T;
  } catch (error) {
    throw new Failure(`${file}: ${(error as Error).message}`);
  }
}

/** @throws Failure when the file doesn't exist */
export async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw new Failure(`${file}: ${(error as Error).message}`);
  }
}

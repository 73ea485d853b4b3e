import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';

type Cell = string | number | boolean | Date | null | undefined;

/** A column: its header, and its cell for a row. */
export type CsvColumn<Row> = readonly [head: string, cell: (row: Row) => Cell];

/** Streams rows as CSV (RFC 4180), batch by batch. */
export function csvFile<Row>(
  name: string,
  columns: readonly CsvColumn<Row>[],
  batches: AsyncIterable<Row[]>,
): StreamableFile {
  return new StreamableFile(Readable.from(linesOf(columns, batches)), {
    type: 'text/csv; charset=utf-8',
    disposition: `attachment; filename="${name}"`,
  });
}

async function* linesOf<Row>(
  columns: readonly CsvColumn<Row>[],
  batches: AsyncIterable<Row[]>,
): AsyncGenerator<string> {
  yield line(columns.map(([head]) => head));
  for await (const rows of batches) {
    if (rows.length) yield rows.map((row) => line(columns.map(([, cell]) => cell(row)))).join('');
  }
}

const line = (cells: Cell[]): string => `${cells.map((cell) => quoted(textOf(cell))).join(',')}\r\n`;

const textOf = (cell: Cell): string => (cell instanceof Date ? cell.toISOString() : String(cell ?? ''));

/** A cell that begins so is a formula for spreadsheets, and could leak data; a leading apostrophe makes it text. */
const FORMULA = /^[=+\-@\t\r]/;

function quoted(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

import type { Row } from './rows.js';

type Cells = Record<string, string>;

/** As `2,107 ms`. */
export const milliseconds = (value: number | undefined) =>
  value === undefined ? '' : `${Math.round(value).toLocaleString('en')} ms`;

/** Prints the rows as a table in Markdown, ready for docs/reliability.md. */
export function printTable(rows: Row[]): void {
  printCells(rows.map(cellsOf));
}

/** Prints such a table of whatever has these titles. */
export function printCells(cells: Cells[]): void {
  const titles = Object.keys(cells[0] ?? {});
  const widths = titles.map((title) => Math.max(title.length, ...cells.map((line) => line[title]?.length ?? 0)));
  const line = (texts: string[]) => `| ${texts.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  console.log(`\n${line(titles)}\n|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  for (const one of cells) console.log(line(titles.map((title) => one[title] ?? '')));
}

function cellsOf({ fault, requests, reads, writes, longest, back, writeless, audit, note, problems }: Row): Cells {
  return {
    fault,
    requests: requests ? String(requests) : '',
    'failed reads': reads,
    'failed writes': writes,
    'longest answer': milliseconds(longest),
    'first success': milliseconds(back),
    'without writes': milliseconds(writeless),
    acknowledged: audit ? String(audit.acknowledged) : '',
    'lost / half': audit ? `${audit.lost.length} / ${audit.half.length}` : '',
    note: [note, ...problems].filter(Boolean).join('; '),
  };
}

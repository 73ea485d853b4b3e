/** Results for people: a table, which is Markdown and reads well in a terminal, and a chart. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Line, Results } from './results.js';

const HEAD = ['', 'requests/s', 'p50 ms', 'p99 ms', 'errors', 'CPU µs', 'bound by', 'its CPU µs', 'ratio'];

/**
 * The table, with what it was measured on below it.
 * @param smaller a run with fewer users, to show what growth costs
 */
export function table(results: Results, smaller?: Results): string {
  const head = smaller ? [...HEAD, `rate to that at ${count(smaller.users)} users`] : HEAD;
  const rows = results.lines.map((line) => cellsOf(line, smaller));
  return [grid(head, rows), '', ...footnotes(results)].join('\n');
}

function cellsOf({ name, title, sample, bound }: Line, smaller?: Results): string[] {
  const { rate, p50, p99, errors, cpu } = sample;
  const before = smaller?.lines.find((line) => line.name === name)?.sample.rate;
  return [
    title,
    figure(rate),
    figure(p50),
    figure(p99),
    String(errors),
    cpu === undefined ? '' : count(cpu),
    bound ? `${bound.name} ${figure(bound.rate)}` : '',
    bound?.cpu === undefined ? '' : count(bound.cpu),
    bound ? figure(rate / bound.rate) : '',
    ...(smaller ? [before === undefined ? '' : figure(rate / before)] : []),
  ];
}

function grid(head: string[], rows: string[][]): string {
  const widths = head.map((text, i) => Math.max(3, text.length, ...rows.map((row) => (row[i] ?? '').length)));
  const align = (text: string, i: number) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0));
  const line = (cells: string[]) => `| ${cells.map(align).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function footnotes({
  machine,
  users,
  seconds,
  rounds,
  connections,
  pinned,
  readyMs,
  memory,
  lines,
}: Results): string[] {
  const storm = lines.find(({ logins }) => logins)?.logins;
  const { restMiB, loadedMiB } = memory;
  return [
    ...(storm ? [`While logins ran: ${figure(storm.perSecond)} of them a second, ${count(storm.refused)} told to come back later.`] : []), // prettier-ignore
    `Start to ready on an existing database: ${count(readyMs)} ms.` +
      (restMiB && loadedMiB ? ` Memory: ${count(restMiB)} MiB at rest, ${count(loadedMiB)} MiB after the load.` : ''),
    `Medians of ${rounds} × ${seconds} s over ${connections} connections, ${count(users)} users; ${machine.processors} × ${machine.processor}` +
      `${pinned ? ', the server alone on one' : ''}; Node ${machine.node}, PostgreSQL ${machine.postgres}.`,
  ];
}

/** Three digits are all that such a measurement is good for. */
function figure(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value >= 100 ? count(Number(value.toPrecision(3))) : String(Number(value.toPrecision(value < 1 ? 2 : 3)));
}

const count = (value: number) => Math.round(value).toLocaleString('en-US');

const ROW = 34;
const LEFT = 250;
const WIDTH = 900;
const TOP = 60;
const DECADES = 5; // 1 to 100,000 requests a second

/** Requests a second of each line and of what bounds it, as bars on a logarithmic scale: an SVG for light and dark pages. */
export function chart({ lines, users, machine }: Results): string {
  const height = TOP + lines.length * ROW + 20;
  const marks = Array.from({ length: DECADES + 1 }, (_, i) => 10 ** i);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">
<style>
  text { fill: #24292f } .grid { stroke: #d0d7de } .ours { fill: #0969da } .bound { fill: #afb8c1 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #30363d } .ours { fill: #4493f8 } .bound { fill: #656c76 } }
</style>
<text x="8" y="20">Requests a second with ${count(users)} users on ${escapeXml(machine.processor)}, logarithmic</text>
${legend('ours', 'UserHub', LEFT)}${legend('bound', 'what bounds it: bare Fastify, or bcrypt', LEFT + 90)}
${marks.map((mark) => gridLine(mark, height)).join('\n')}
${lines.map((line, i) => bars(line, TOP + i * ROW)).join('\n')}
</svg>
`;
}

const legend = (kind: string, text: string, x: number) =>
  `<rect class="${kind}" x="${x}" y="31" width="12" height="10"/><text x="${x + 17}" y="41">${text}</text>`;

const lengthOf = (rate: number) => (Math.log10(Math.max(1, rate)) / DECADES) * (WIDTH - LEFT - 80);

function gridLine(mark: number, height: number): string {
  const x = Math.round(LEFT + lengthOf(mark));
  return `<line class="grid" x1="${x}" y1="${TOP - 4}" x2="${x}" y2="${height - 16}"/>
<text x="${x}" y="${height - 4}" text-anchor="middle" font-size="11">${count(mark)}</text>`;
}

function bars({ title, sample, bound }: Line, y: number): string {
  const bar = (kind: string, rate: number, top: number) => {
    const width = lengthOf(rate).toFixed(1);
    const end = LEFT + Number(width) + 4;
    return `<rect class="${kind}" x="${LEFT}" y="${top}" width="${width}" height="12"/><text x="${end.toFixed(1)}" y="${top + 10}" font-size="11">${figure(rate)}</text>`;
  };
  return `<text x="${LEFT - 8}" y="${y + 17}" text-anchor="end">${escapeXml(title)}</text>
${bar('ours', sample.rate, y)}${bound ? bar('bound', bound.rate, y + 13) : ''}`;
}

const escapeXml = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** Puts a run into the page between the marks for its number of users. @throws when the page has no such marks */
export function insertIntoPage(file: string, users: number, text: string): void {
  const page = readFileSync(file, 'utf8');
  const [begin, end] = [`<!-- bench ${users} -->`, `<!-- end of bench ${users} -->`];
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${file} has no place for ${users} users: ${begin}`);
  writeFileSync(file, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}

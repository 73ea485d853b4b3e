import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { BreachedRanges, BreakerOpen } from './breached-ranges.js';

const SUFFIX = 'A'.repeat(35);

describe('ranges of breached passwords', () => {
  const asked: string[] = [];
  let status = 200;
  let text = `${SUFFIX}:12`;
  let now = 0;
  let ranges: BreachedRanges;
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(status, { location: '/elsewhere' }).end(text);
  });

  beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
  afterAll(() => server.close());
  beforeEach(() => {
    asked.length = 0;
    [status, text, now] = [200, `${'B'.repeat(35)}:3\r\n${SUFFIX}:12`, 0];
    ranges = new BreachedRanges(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, () => now);
  });

  it.each([
    ['a count', `${SUFFIX}:12`, true],
    ['small letters', `${SUFFIX.toLowerCase()}:1`, true],
    ['a count of 0, which is padding', `${SUFFIX}:0`, false],
    ['others only', `${'B'.repeat(35)}:5`, false],
    ['it within a longer line', `B${SUFFIX}:5\r\n${'C'.repeat(35)}:1`, false],
    ['nothing', '', false],
  ])('understand %s', async (_, answer, isKnown) => {
    text = answer;
    await expect(ranges.has(`00000${SUFFIX}`)).resolves.toBe(isKnown);
  });

  it('are asked for once, also by several at a time', async () => {
    await Promise.all([ranges.has(`00000${SUFFIX}`), ranges.has(`00000${'B'.repeat(35)}`)]);
    await ranges.has(`00000${SUFFIX}`);
    await ranges.has(`00001${SUFFIX}`);
    expect(asked).toEqual(['/range/00000', '/range/00001']);
  });

  it('are kept up to a hundred', async () => {
    const prefix = (n: number) => n.toString(16).toUpperCase().padStart(5, '0');
    for (let n = 0; n <= 100; n++) await ranges.has(prefix(n) + SUFFIX);
    await ranges.has(prefix(100) + SUFFIX);
    await ranges.has(prefix(0) + SUFFIX);
    expect(asked).toHaveLength(102);
  });

  it.each([
    ['500', 500, ''],
    ['a redirect, which is not followed', 302, ''],
    ['a page', 200, '<html>Sign in to the network</html>'],
    ['a megabyte and more', 200, `${SUFFIX}:12\r\n`.repeat(40_000)],
  ])('are not asked for again for a minute after %s', async (_, ...answer) => {
    await ranges.has(`00009${SUFFIX}`);
    const good = text;
    [status, text] = answer;
    await expect(ranges.has(`00000${SUFFIX}`)).rejects.not.toThrow(BreakerOpen);
    [status, text] = [200, good];
    now = 59_999;
    await expect(ranges.has(`00000${SUFFIX}`)).rejects.toThrow(BreakerOpen);
    await expect(ranges.has(`00009${SUFFIX}`)).resolves.toBe(true); // this one is known
    now = 60_000;
    await expect(ranges.has(`00000${SUFFIX}`)).resolves.toBe(true);
    expect(asked).toEqual(['/range/00009', '/range/00000', '/range/00000']);
  });
});

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server on loopback that answers as a service of ranges of SHA-1 does. */
export interface RangeServer {
  url: string;
  /** What came: the whole of each request. */
  asked: { path: string; method: string; headers: IncomingMessage['headers'] }[];
  /** Passwords that were in a breach. */
  breached: Set<string>;
  /** Passwords that padding is made of: they have a count of 0. */
  padding: Set<string>;
  /** How it answers from now on, instead of with a range. */
  answer: ((response: ServerResponse) => void) | undefined;
  close: () => Promise<void>;
}

/** The SHA-1 of a password, in hexadecimal capitals. */
export const sha1Of = (password: string) => createHash('sha1').update(password).digest('hex').toUpperCase();

/** Starts such a server. */
export async function startRangeServer(): Promise<RangeServer> {
  const ranges: Omit<RangeServer, 'url' | 'close'> = {
    asked: [],
    breached: new Set(),
    padding: new Set(),
    answer: undefined,
  };
  const server = createServer((request, response) => {
    const { url: path = '', method = '', headers } = request;
    ranges.asked.push({ path, method, headers });
    if (ranges.answer) return ranges.answer(response);
    const inRange = (passwords: Set<string>, count: number) =>
      [...passwords]
        .map(sha1Of)
        .filter((sha1) => path === `/range/${sha1.slice(0, 5)}`)
        .map((sha1) => `${sha1.slice(5)}:${count}`);
    const lines = [`${'0'.repeat(35)}:0`, ...inRange(ranges.breached, 37), ...inRange(ranges.padding, 0)];
    response.writeHead(200, { 'content-type': 'text/plain' }).end(lines.join('\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(ranges, {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

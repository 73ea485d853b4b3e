import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './insist.js';

/** What a receiver of webhooks has got. */
export interface Received {
  headers: Record<string, string>;
  /** The exact bytes. */
  text: string;
  body: { type: string; timestamp: string; data: Record<string, any> }; // eslint-disable-line @typescript-eslint/no-explicit-any
}

/** A real HTTP server on loopback that keeps what it is sent. */
export interface Receiver {
  url: string;
  received: Received[];
  /** How it answers from now on; 204 unless said. */
  answer: (how: (request: IncomingMessage, response: ServerResponse) => void) => void;
  /** Waits for the next event of a type. */
  next: (type: string, after?: number) => Promise<Received>;
  close: () => Promise<void>;
}

/** Starts a receiver. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let respond = (_request: IncomingMessage, response: ServerResponse): void => void response.writeHead(204).end();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      received.push({
        headers: request.headers as Record<string, string>,
        text,
        body: JSON.parse(text) as Received['body'],
      });
      respond(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answer: (how) => void (respond = how),
    next: (type, after = 0) =>
      eventually(() => {
        const found = received.slice(after).find(({ body }) => body.type === type);
        if (!found) throw new Error(`No ${type} has come, only ${received.map(({ body }) => body.type).join(', ')}`);
        return found;
      }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sends what `fetch` would put right first. */
import { Agent, request as httpRequest } from 'node:http';
import type { FuzzRequest } from './requests.js';

/** What came back. */
export interface FuzzAnswer {
  status: number;
  headers: Headers;
  text: string;
}

const PATIENCE = 20_000;
const agent = new Agent({ keepAlive: true, maxSockets: 20 });

/** The answer to a request; rejects when there is none, which is as bad as a wrong one. */
export function send(url: string, { method, path, headers, body }: Omit<FuzzRequest, 'who'>): Promise<FuzzAnswer> {
  return new Promise((resolve, reject) => {
    const sent = body === undefined ? undefined : Buffer.from(body);
    const length = sent && { 'content-length': String(sent.length) };
    // not by a URL, which would put `..` and the like right
    const { hostname, port } = new URL(url);
    const request = httpRequest({
      hostname,
      port,
      path,
      method,
      headers: { ...length, ...headers },
      agent,
      timeout: PATIENCE,
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const entries = Object.entries(response.headers).map(
          ([name, value]) => [name, String(value)] as [string, string],
        );
        resolve({
          status: response.statusCode ?? 0,
          headers: new Headers(entries),
          text: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    request.on('timeout', () => request.destroy(new Error(`No answer within ${PATIENCE} ms`)));
    request.on('error', reject);
    request.end(sent);
  });
}

/** Ends the connections that are still open. */
export const hangUp = (): void => agent.destroy();

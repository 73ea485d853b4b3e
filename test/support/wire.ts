import { connect } from 'node:net';
import type { Answer } from './api.js';

/** What came back over a bare socket. */
export interface WireAnswer extends Answer {
  /** How many answers there were before the server closed the connection. */
  answers: number;
}

const PATIENCE = 5_000;

/**
 * Sends bytes that no HTTP client would, and reads until the server closes the connection.
 * Rejects when it is still open after 5 s: nothing that is sent may leave a connection hanging.
 */
export async function exchange(url: string, bytes: string | Buffer): Promise<WireAnswer> {
  const { hostname, port } = new URL(url);
  const raw = await new Promise<string>((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes));
    const timer = setTimeout(() => socket.destroy(new Error(`Still open after ${PATIENCE} ms`)), PATIENCE);
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // the server may close before it has read all that we sent
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(received).toString('utf8'));
    });
  });
  return parse(raw);
}

/** A request head; `Connection: close` unless the lines say otherwise. */
export const head = (requestLine: string, ...headers: string[]): string =>
  [`${requestLine} HTTP/1.1`, 'Host: userhub.test', 'Connection: close', ...headers, '', ''].join('\r\n');

function parse(raw: string): WireAnswer {
  const [top = '', ...rest] = raw.split('\r\n\r\n');
  const [statusLine = '', ...lines] = top.split('\r\n');
  const headers = new Headers(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as [string, string]),
  );
  const text = rest.join('\r\n\r\n').slice(0, Number(headers.get('content-length') ?? 0));
  const answers = raw.match(/^HTTP\/1\.1 \d{3} /gm)?.length ?? 0;
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, text, body: json(text), answers };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

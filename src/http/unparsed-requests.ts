import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { seconds } from '../config/durations.js';
import { malformedRequest, type Problem, problem } from '../problems.js';
import { problemBody } from './problem.filter.js';

const LINGER = seconds(1);

/** Errors of Node's HTTP parser never reach Fastify: they are answered on the socket, which is then closed. */
export function answerUnparsed(error: Error & { code?: string; rawPacket?: unknown }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const problem = unparsedProblem(error.code);
  const body = JSON.stringify(problemBody(problem, requestId));
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  const { rawPacket } = error;
  const isHead = Buffer.isBuffer(rawPacket) && rawPacket.toString('latin1', 0, 5) === 'HEAD '; // an answer to HEAD has no body
  socket.end(`${head.join('\r\n')}\r\n\r\n${isHead ? '' : body}`);
  setTimeout(() => socket.destroy(), LINGER).unref(); // the client may never close its side
}

function unparsedProblem(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return problem('headers_too_large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problem('request_timeout');
    default:
      return malformedRequest('This is not an HTTP request.');
  }
}

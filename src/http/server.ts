import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { seconds } from '../config/durations.js';
import type { Settings } from '../config/settings.js';
import { malformedRequest, methodNotAllowed, notFound, type Problem, problem, unavailable } from '../problems.js';
import { addressIn, nearestAddress } from './addresses.js';
import { trackAllowedMethods } from './allowed-methods.js';
import { checkBody, readBodies } from './bodies.js';
import { hasRefusedEscape } from './json-limits.js';
import { logResponse, logResponses } from '../logging/logging.js';
import { problemBody, sendProblem, toProblem } from './problem.filter.js';
import { pathOf } from '../request.js';
import { sendResourceHeaders } from './conditional-requests.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const BODY_LIMIT = 64 * 1024;
const SLOWEST_REQUEST = seconds(8);
const LONGEST_ANSWER = seconds(10);
const LINGER = seconds(1);
const TICK = seconds(0.5);
const ON_ITS_WAY = 100; // milliseconds for a request that was sent and not read yet

/** Creates the Fastify adapter: limits, content types, request ids, and problem responses for all errors. */
export function createAdapter(settings: Settings, logger: Logger): FastifyAdapter {
  const fixed = fixedHeaders(settings);
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: BODY_LIMIT,
    trustProxy: settings.server.trustProxy.length ? trusting(settings.server.trustProxy) : false,
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2048 },
    // Fastify disables Node's time-outs: without one, a slow sender could hold a connection for ever
    connectionTimeout: seconds(30), // the same for a client that doesn't read
    requestTimeout: SLOWEST_REQUEST, // below the handler's time-out, which includes receiving the body
    keepAliveTimeout: seconds(72), // longer than a load balancer's, so that the balancer never sends into a closing connection
    return503OnClosing: false, // requests that arrive while draining are served
    // a missing Host is refused below: Node's own answer has no body
    http: { headersTimeout: SLOWEST_REQUEST, connectionsCheckingInterval: seconds(1), requireHostHeader: false },
    clientErrorHandler: (error, socket) => answerUnparsed(error, socket),
    frameworkErrors: (error, request, reply) => {
      reply.raw.once('finish', () => logResponse(logger, request as FastifyRequest, reply as unknown as FastifyReply)); // no hook runs
      void reply.headers({ ...fixed, 'x-request-id': request.id });
      sendProblem(request as FastifyRequest, reply as unknown as FastifyReply, toProblem(error));
    },
    skipMiddie: true,
  } as ConstructorParameters<typeof FastifyAdapter>[0]);

  const fastify = adapter.getInstance<FastifyInstance>();
  fastify.decorateRequest('address', { getter: addressOf });
  const allowedMethods = trackAllowedMethods(fastify);
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(fixed).header('x-request-id', request.id);
    if (request.routeOptions.url?.startsWith('/api/')) reply.header('cache-control', 'no-store');
    if (request.method === 'OPTIONS') sendAllow(reply, allowedMethods(pathOf(request.url)));
    done();
  });
  // after the CORS hook, so that front ends can read these answers, and before the body is read
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    if (request.method === 'OPTIONS') return answerOptions(request, reply); // preflights were answered by CORS
    if (!request.host && request.raw.httpVersion === '1.1') {
      reply.header('connection', 'close');
      return done(malformedRequest('The Host header is missing.'));
    }
    if (hasRefusedEscape(request.url)) return done(problem('refused_character'));
    if (request.is404) return done(whyNotRouted(request, allowedMethods));
    checkBody(request);
    done();
  });
  // for other expectations than 100-continue, Node answers a bare 417; ignoring them is allowed (RFC 9110 section 10.1.1)
  fastify.server.on('checkExpectation', (request, response) => fastify.server.emit('request', request, response));
  // with `Expect: 100-continue`, a body that is too large is refused before it is sent
  fastify.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!(Number(request.headers['content-length']) > BODY_LIMIT)) response.writeContinue();
    fastify.server.emit('request', request, response);
  });
  readBodies(fastify);
  sendResourceHeaders(fastify);
  logResponses(fastify, logger);
  limitAnswers(fastify);
  return adapter as unknown as FastifyAdapter;
}

const requestIdOf = (sent: string | string[] | undefined): string =>
  typeof sent === 'string' && REQUEST_ID.test(sent) ? sent : randomUUID();

function sendAllow(reply: FastifyReply, allow: string | undefined): void {
  if (allow) reply.header('allow', `${allow}, OPTIONS`);
}

/** OPTIONS (RFC 9110 section 9.3.7). Not by throwing: the request belongs to a plugin's route, which has another error handler. */
function answerOptions(request: FastifyRequest, reply: FastifyReply): void {
  if (reply.hasHeader('allow')) void reply.code(204).send();
  else sendProblem(request, reply, notFound('route'));
}

function whyNotRouted(request: FastifyRequest, allowedMethods: (path: string) => string | undefined): Problem {
  const allow = allowedMethods(pathOf(request.url));
  return allow ? methodNotAllowed(allow) : notFound('route');
}

/** Which proxies are trusted, with or without a port in the header. */
function trusting(networks: string[]): (address: string, hop: number) => boolean {
  const isTrusted = proxyAddr.compile(networks);
  return (text, hop) => isTrusted(addressIn(text) || text, hop);
}

function addressOf(this: FastifyRequest): string {
  return nearestAddress(this.ips ?? [this.ip]);
}

/** Headers of every answer: nothing may be loaded, embedded, framed or sniffed. HTML pages set a policy of their own. */
function fixedHeaders({ isProduction }: Settings): Record<string, string> {
  return {
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(isProduction && { 'strict-transport-security': 'max-age=31536000; includeSubDomains' }),
  };
}

/**
 * Answers 503 when a request takes longer than 10 s. Fastify's `handlerTimeout` would arm a timer and create an
 * AbortController per request, which costs as much as all else that Fastify does for one.
 *
 * When the server closes, Node waits for connections that never send a whole request, such as a browser's preconnects,
 * without a time limit. They are closed as soon as no request is being answered, or the time-out has passed.
 */
function limitAnswers(fastify: FastifyInstance): void {
  const { server } = fastify;
  const answering = new Map<FastifyReply, number>(); // by the tick in which they began, oldest first
  let tick = 0;
  let isClosing = false;
  const clock = setInterval(() => {
    tick++;
    for (const [reply, since] of answering) {
      if (tick - since <= LONGEST_ANSWER / TICK) break;
      answering.delete(reply);
      sendProblem(reply.request, reply, unavailable());
    }
  }, TICK).unref();
  const closeIfIdle = () => {
    if (isClosing && answering.size === 0) server.closeAllConnections();
  };
  fastify.addHook('onRequest', (_request, reply, done) => {
    answering.set(reply, tick);
    reply.raw.once('close', () => {
      answering.delete(reply);
      if (isClosing) setTimeout(closeIfIdle, ON_ITS_WAY);
    });
    done();
  });
  fastify.addHook('preClose', (done) => {
    isClosing = true;
    setTimeout(closeIfIdle, ON_ITS_WAY);
    setTimeout(() => server.closeAllConnections(), LONGEST_ANSWER).unref();
    done();
  });
  fastify.addHook('onClose', (_fastify, done) => {
    clearInterval(clock);
    done();
  });
}

/** Errors of Node's HTTP parser never reach Fastify: they are answered on the socket, which is then closed. */
function answerUnparsed(error: Error & { code?: string; rawPacket?: unknown }, socket: Socket): void {
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

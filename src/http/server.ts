import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { seconds } from '../config/durations.js';
import type { Settings } from '../config/settings.js';
import { headersTooLarge, malformedRequest, methodNotAllowed, notFound, type Problem, refusedCharacter, requestTimeout } from '../errors.js'; // prettier-ignore
import { trackAllowedMethods } from './allowed-methods.js';
import { readBodies } from './bodies.js';
import { hasRefusedEscape } from './json-limits.js';
import { logResponse, logResponses } from './logging.js';
import { sendPageLinks } from './pages.js';
import { problemBody, sendProblem, toProblem } from './problem.filter.js';
import { sendResourceHeaders } from './resource.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const BODY_LIMIT = 64 * 1024;
const SLOWEST_REQUEST = seconds(8);
const LONGEST_ANSWER = seconds(10);
const LINGER = seconds(1);
const ON_ITS_WAY = 100; // milliseconds for a request that has been sent and not read yet

/** Fastify as UserHub wants it: its limits, its bodies, its request ids, and problems from every corner. */
export function createAdapter(settings: Settings, logger: Logger): FastifyAdapter {
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: BODY_LIMIT,
    trustProxy: settings.trustProxy.length ? settings.trustProxy : false,
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2048 },
    // Fastify switches Node's own time-outs off: a slow sender must not hold a connection for ever
    connectionTimeout: seconds(30), // nor one who doesn't read
    requestTimeout: SLOWEST_REQUEST, // before the handler's time is up, which runs while a body comes in
    keepAliveTimeout: seconds(72), // longer than a balancer's, so that it never writes into a closing connection
    handlerTimeout: LONGEST_ANSWER,
    return503OnClosing: false, // while draining, what still comes is served
    // a missing Host is refused below: Node's own answer would be an empty one
    http: { headersTimeout: SLOWEST_REQUEST, connectionsCheckingInterval: seconds(1), requireHostHeader: false },
    clientErrorHandler: (error, socket) => answerUnparsed(error, socket),
    frameworkErrors: (error, request, reply) => {
      reply.raw.once('finish', () => logResponse(logger, request as FastifyRequest, reply as unknown as FastifyReply)); // no hook runs
      void reply.header('x-request-id', request.id);
      sendProblem(request as FastifyRequest, reply as unknown as FastifyReply, toProblem(error));
    },
    skipMiddie: true,
  } as ConstructorParameters<typeof FastifyAdapter>[0]);

  const fastify = adapter.getInstance<FastifyInstance>();
  const allowedMethods = trackAllowedMethods(fastify);
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  // after CORS has had its say, so that front ends can read these too, and before the body is looked at
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    if (!request.host && request.raw.httpVersion === '1.1') {
      reply.header('connection', 'close');
      return done(malformedRequest('The Host header is missing.'));
    }
    if (hasRefusedEscape(request.url)) return done(refusedCharacter());
    if (request.is404) return done(whyNotRouted(request, allowedMethods));
    done();
  });
  // Node answers any other expectation than 100-continue with a bare 417; ignoring it is as good (RFC 9110 section 10.1.1)
  fastify.server.on('checkExpectation', (request, response) => fastify.server.emit('request', request, response));
  // who asks before sending is told at once that it is too much
  fastify.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!(Number(request.headers['content-length']) > BODY_LIMIT)) response.writeContinue();
    fastify.server.emit('request', request, response);
  });
  readBodies(fastify);
  sendResourceHeaders(fastify);
  sendPageLinks(fastify);
  logResponses(fastify, logger);
  closeWhatAsksForNothing(fastify);
  return adapter as unknown as FastifyAdapter;
}

const requestIdOf = (sent: string | string[] | undefined): string =>
  typeof sent === 'string' && REQUEST_ID.test(sent) ? sent : randomUUID();

function whyNotRouted(request: FastifyRequest, allowedMethods: (path: string) => string | undefined): Problem {
  const allow = allowedMethods(request.url.split('?', 1)[0] ?? '');
  return allow ? methodNotAllowed(allow) : notFound('route');
}

/**
 * Once the server closes, Node waits for connections that never send a whole request, such as a browser's spare ones, and
 * no longer limits how long they take. They end as soon as nobody is being answered, or when nobody can be any more.
 */
function closeWhatAsksForNothing(fastify: FastifyInstance): void {
  const { server } = fastify;
  let answering = 0;
  let isClosing = false;
  const closeIfIdle = () => {
    if (isClosing && answering === 0) server.closeAllConnections();
  };
  server.on('request', (_request, response) => {
    answering++;
    response.once('close', () => {
      answering--;
      if (isClosing) setTimeout(closeIfIdle, ON_ITS_WAY);
    });
  });
  fastify.addHook('preClose', (done) => {
    isClosing = true;
    setTimeout(closeIfIdle, ON_ITS_WAY);
    setTimeout(() => server.closeAllConnections(), LONGEST_ANSWER).unref();
    done();
  });
}

/** What Node's parser can't make a request of never reaches Fastify: it is answered on the socket, and the socket closed. */
function answerUnparsed(error: Error & { code?: string }, socket: Socket): void {
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
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER).unref(); // its own end is the sender's to close, and it may never do so
}

function unparsedProblem(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return headersTooLarge();
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestTimeout();
    default:
      return malformedRequest('This is not an HTTP request.');
  }
}

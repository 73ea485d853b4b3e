import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { seconds } from '../config/durations.js';
import type { Settings } from '../config/settings.js';
import { malformedRequest, methodNotAllowed, notFound, type Problem, problem } from '../problems.js';
import { addressIn, nearestAddress } from './addresses.js';
import { trackAllowedMethods } from './allowed-methods.js';
import { BODY_LIMIT, checkBody, isTooLarge, readBodies } from './bodies.js';
import { hasRefusedEscape } from './json-limits.js';
import { logResponse, logResponses } from '../logging/logging.js';
import { sendProblem } from './problem.filter.js';
import { pathOf } from '../request.js';
import { sendResourceHeaders } from './conditional-requests.js';
import { toProblem } from './error-problems.js';
import { answerUnparsed } from './unparsed-requests.js';
import { limitAnswers } from './answer-time-out.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const SLOWEST_REQUEST = seconds(8);

/** Creates the Fastify adapter: limits, content types, request ids, and problem responses for all errors. */
export function createAdapter(settings: Settings, logger: Logger): FastifyAdapter {
  const fixed = fixedHeaders(settings);
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: BODY_LIMIT,
    trustProxy: settings.server.trustProxy.length ? trusting(settings.server.trustProxy) : false,
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    rewriteUrl: ({ url = '/' }) => (url.startsWith('*') ? `/${url}` : url), // `OPTIONS *`: Fastify runs no hooks for what isn't a path
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
    if (!isTooLarge(request.headers)) response.writeContinue();
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

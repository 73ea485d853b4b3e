import cors from '@fastify/cors';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { days } from '../config/durations.js';
import { isLocalOrigin } from '../config/origins.js';
import type { Settings } from '../config/settings.js';

const EXPOSED_HEADERS = [
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
];
const ACCEPTED_HEADERS = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'X-Request-Id',
  // headers that browser tracing adds to every request (W3C Trace Context and Baggage, Sentry)
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
];
const MOST_REPORTS = 100; // distinct origins; anybody can invent them
const LONGEST_REPORT = 200;

/** Registers CORS: the origins of CORS_ORIGINS, and in development localhost on any port. */
export async function allowOrigins(app: NestFastifyApplication, settings: Settings, logger: Logger): Promise<void> {
  const listed = new Set(settings.server.corsOrigins);
  const isAllowed = (origin: string) =>
    listed.has(origin) || (settings.server.corsAnyLocalPort && isLocalOrigin(origin));
  // not by Nest's enableCors, which sets headers twice
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && isAllowed(origin) ? origin : false),
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ACCEPTED_HEADERS,
    exposedHeaders: EXPOSED_HEADERS,
    credentials: true,
    maxAge: days(1) / 1000,
    strictPreflight: false,
  });
  reportRefusals(app.getHttpAdapter().getInstance(), isAllowed, logger);
}

/** Browsers hardly explain a refused origin, so it is logged, once per origin. */
function reportRefusals(fastify: FastifyInstance, isAllowed: (origin: string) => boolean, logger: Logger): void {
  const reported = new Set<string>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    const origin = request.headers.origin?.slice(0, LONGEST_REPORT);
    if (origin && !reported.has(origin) && !isAllowed(origin) && !isSameOrigin(origin, request.host)) {
      if (reported.size < MOST_REPORTS) {
        reported.add(origin);
        logger.warn({ event: 'origin_refused', origin, msg: 'Requests from this origin are refused: it is not in CORS_ORIGINS.' }); // prettier-ignore
      }
    }
    done();
  });
}

/** Browsers send Origin on writes to the own origin, too. The scheme isn't compared: a proxy may end TLS. */
const isSameOrigin = (origin: string, host: string) => origin.endsWith(`://${host}`);

import type { LoggerService } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { pino, type Logger } from 'pino';
import type { Settings } from '../config/settings.js';
import { pathOf } from '../request.js';
import { traceOf } from './trace-context.js';

/** The process' logger: JSON lines, or readable text on a terminal. */
export async function createLogger(settings: Settings): Promise<Logger> {
  const options = {
    level: settings.logging.level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  };
  if (!process.stdout.isTTY || settings.isProduction) return pino(options);
  const { default: pretty } = await import('pino-pretty');
  return pino(options, pretty({ translateTime: 'SYS:HH:MM:ss', sync: true }));
}

/** Adapts Nest's `Logger` to the process' logger. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log = (message: unknown, ...rest: unknown[]) => this.write('info', message, rest);
  warn = (message: unknown, ...rest: unknown[]) => this.write('warn', message, rest);
  error = (message: unknown, ...rest: unknown[]) => this.write('error', message, rest);
  fatal = (message: unknown, ...rest: unknown[]) => this.write('fatal', message, rest);
  debug = (message: unknown, ...rest: unknown[]) => this.write('debug', message, rest);
  verbose = (message: unknown, ...rest: unknown[]) => this.write('trace', message, rest);

  private write(level: pino.Level, message: unknown, rest: unknown[]): void {
    const context = rest.at(-1);
    // Nest's messages about its own wiring are logged at debug level; main reports a port that can't be bound
    const framework = typeof context === 'string' && FRAMEWORK.has(context) && (level === 'info' || level === 'error');
    this.logger[framework ? 'debug' : level](line(context, message));
  }
}

const FRAMEWORK = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication']);

function line(context: unknown, message: unknown): object {
  if (message instanceof Error) return { context, err: withoutDetails(message), msg: message.message };
  return typeof message === 'object' ? { context, ...message } : { context, msg: message };
}

/** The parts of an error that are safe to log: drivers attach parameters and rows. */
const withoutDetails = ({ name, message, stack }: Error) => ({ type: name, message, stack });

/** Logs one line per response. */
export function logResponses(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    logResponse(logger, request, reply);
    done();
  });
}

/**
 * Logs a response. Paths are logged without their query, which may contain search terms; health checks and files of the
 * console only at debug level.
 */
export function logResponse(logger: Logger, request: FastifyRequest, reply: FastifyReply): void {
  const path = withoutAddresses(pathOf(request.url)).slice(0, 512);
  const level = /^\/(?:health|admin)(?:\/|$)/.test(path) ? 'debug' : 'info';
  if (!logger.isLevelEnabled(level)) return;
  logger[level]({
    request_id: request.id,
    ...traceOf(request),
    method: request.method,
    path,
    status: reply.statusCode,
    duration_ms: Math.round(reply.elapsedTime * 10) / 10,
    ip: request.address || undefined,
    user_id: request.user?.id,
    msg: 'request',
  });
}

/** At signs: NFKC makes one of the last two, as look-ups by address do. */
const AT_SIGN = /[@\uff20\ufe6b]/;
const MOST_DECODINGS = 3;

/**
 * Replaces segments of a path that may be e-mail addresses: after /email/, or with an @, also percent-encoded more than once.
 * By segments, as a regular expression that finds them in the whole path would backtrack for 0.5 s in one of 16 KiB.
 */
function withoutAddresses(path: string): string {
  if (!/[@%]|\/email\//i.test(path)) return path;
  const segments = path.split('/');
  const plain = segments.map(decoded);
  const isAddress = (i: number) => plain[i - 1]?.toLowerCase() === 'email' || AT_SIGN.test(plain[i] ?? '');
  return segments.map((segment, i) => (segment && isAddress(i) ? ':email' : segment)).join('/');
}

function decoded(segment: string): string {
  let text = segment;
  for (let times = 0; times < MOST_DECODINGS && text.includes('%'); times++) {
    text = text.replace(/(?:%[\da-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
  }
  return text;
}

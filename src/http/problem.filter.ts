import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';
import { databaseProblem } from '../database/failures.js';
import {
  malformedRequest,
  notFound,
  Problem,
  problem,
  problem as problemOf,
  type ProblemCode,
  tooManyRequests,
  unavailable,
  unsupportedMediaType,
} from '../problems.js';
import { readOn } from './bodies.js';
import type { OAuthErrorDto, ProblemDto } from './problem.dto.js';
import { traceOf } from '../logging/trace-context.js';

/** Problems for errors of Fastify and Nest, by status. */
const BY_STATUS: Partial<Record<number, () => Problem>> = {
  400: malformedRequest,
  404: () => notFound('route'),
  408: () => problem('request_timeout'),
  413: () => problem('body_too_large'),
  414: () => problem('uri_too_long'),
  415: () => unsupportedMediaType('application/json'),
  503: unavailable,
};

/** Answers every error, from whatever layer, as `application/problem+json` (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('Problem');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const problem = toProblem(error);
    if (problem !== error && problem.status >= 500) this.report(error, problem, request);
    sendProblem(request, http.getResponse<FastifyReply>(), problem);
  }

  /** Logs a bug with its stack trace, a failing dependency in one line; neither goes to the client. */
  private report(error: unknown, { status, code }: Problem, request: FastifyRequest): void {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const sqlstate = (error as { code?: string }).code;
    const report = { event: code, request_id: request.id, ...traceOf(request), sqlstate, reason: message };
    if (status === 500) this.log.error({ ...report, stack });
    else this.log.warn(report);
  }
}

/** The problem for an error: itself, the database's, the framework's, or a bug. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HttpException) return nestProblem(error);
  const status = frameworkStatus(error); // first, as an aborted upload is an ECONNRESET, too
  if (status === undefined) return databaseProblem(error) ?? problem('internal_error');
  return BY_STATUS[status]?.() ?? problem('internal_error');
}

/** Problems with more detail than their status. */
const BY_NEST_STATUS: Partial<Record<number, () => Problem>> = {
  ...BY_STATUS,
  401: () => problem('not_authenticated'),
  404: () => notFound(),
  429: () => tooManyRequests(1),
};

/**
 * An HttpException of code built on UserHub: its status, and below 500 its message. For a status without an entry in the
 * table, the code is the status' name, such as `gone`.
 */
function nestProblem(error: HttpException): Problem {
  const status = error.getStatus();
  const known = BY_NEST_STATUS[status]?.() ?? ofStatus(status);
  if (known.status >= 500) return known;
  const message = messageOf(error);
  return message ? new Problem(known.status, known.code, message, known.extras) : known;
}

function ofStatus(status: number): Problem {
  const title = STATUS_CODES[status];
  if (status < 400 || !title || status === 500) return problem('internal_error');
  const code = CODES[status] ?? (title.toLowerCase().replace(/\W+/g, '_') as ProblemCode);
  return new Problem(status, code, status < 500 ? `${title}.` : problem('internal_error').detail);
}

const CODES: Partial<Record<number, ProblemCode>> = {
  403: 'forbidden',
  405: 'method_not_allowed',
  409: 'conflict',
  412: 'precondition_failed',
  422: 'validation_failed',
  428: 'precondition_required',
  431: 'headers_too_large',
};

/** The message passed to the exception; undefined when it is only Nest's default for the status. */
function messageOf(error: HttpException): string | undefined {
  const response = error.getResponse();
  const said = typeof response === 'string' ? response : (response as { message?: unknown }).message;
  const text = Array.isArray(said) ? said.filter((one) => typeof one === 'string').join('; ') : said;
  const isOwn =
    typeof text === 'string' && text !== '' && text.toLowerCase() !== STATUS_CODES[error.getStatus()]?.toLowerCase();
  return isOwn ? text.slice(0, 500) : undefined;
}

/** Sends a problem, in the format that the route declares. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  if (reply.sent) return;
  const config = request.routeOptions.config as FastifyContextConfig | undefined; // a malformed URL has no route
  const oauth = config?.oauthErrors === true;
  if (problem.code === 'body_too_large' && config?.bulkLimit) return sendProblem(request, reply, tooLargeImport());
  if (problem.status === 413 || problem.status === 415) readOn(request, reply);
  void reply
    .code(oauth ? oauthStatus(problem) : problem.status)
    .headers(oauth ? withoutChallenge(problem) : (problem.extras.headers ?? {}))
    .type(oauth ? 'application/json; charset=utf-8' : 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(oauth ? oauthBody(problem) : problemBody(problem, request.id)));
}

const tooLargeImport = () => problemOf('import_too_large');

/** The body of a problem, as RFC 9457 has it. */
export function problemBody({ status, code, detail, extras }: Problem, requestId: string): ProblemDto {
  const { errors, members } = extras;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? '',
    status,
    code,
    detail,
    errors,
    ...members,
    request_id: requestId,
  };
}

/** Failures whose `error` for OAuth clients is their own code, with the status 400. */
const OAUTH_CODES = new Set<ProblemCode>([
  'invalid_grant',
  'access_denied',
  'email_not_verified',
  'mfa_required',
  'mfa_enrollment_required',
  'account_exists',
]);

/** The status by RFC 6749 section 5.2: 400 for errors of grant or request. */
export const oauthStatus = ({ status, code }: Problem) =>
  status === 401 || status === 422 || OAUTH_CODES.has(code) ? 400 : status;

/** Without `WWW-Authenticate` on a 400: OAuth clients would take it for a challenge and ignore the body. */
function withoutChallenge({ extras }: Problem): Record<string, string> {
  const headers = Object.entries(extras.headers ?? {});
  return Object.fromEntries(headers.filter(([name]) => name !== 'www-authenticate'));
}

/** The body of an error by RFC 6749 section 5.2. */
export function oauthBody(problem: Problem): OAuthErrorDto {
  return { error: oauthError(problem), error_description: problem.detail, ...problem.extras.oauth };
}

function oauthError({ status, code, extras }: Problem): string {
  if (OAUTH_CODES.has(code)) return code;
  if (status === 401) return 'invalid_grant';
  if (extras.errors?.some((error) => error.code === 'unsupported_grant_type')) return 'unsupported_grant_type';
  if (extras.errors?.some((error) => error.code === 'invalid_scope')) return 'invalid_scope';
  if (status === 429) return code;
  if (status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}

/** The status that Fastify gives its own errors. */
function frameworkStatus(error: unknown): number | undefined {
  const { statusCode, name } = (error ?? {}) as { statusCode?: unknown; name?: unknown };
  if (name === 'AbortError') return 503; // aborted because the client has gone, or waited too long
  return typeof statusCode === 'number' ? statusCode : undefined;
}

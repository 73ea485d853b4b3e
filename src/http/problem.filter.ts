import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, problem as problemOf } from '../problems.js';
import { readOn } from './bodies.js';
import { traceOf } from '../logging/trace-context.js';
import { toProblem } from './error-problems.js';
import type { ProblemDto } from './problem.dto.js';
import { oauthBody, oauthStatus, withoutChallenge } from './oauth-errors.js';

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

/** Sends a problem, in the format that the route declares. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  if (reply.sent) return;
  const config = request.routeOptions.config as FastifyContextConfig | undefined; // a malformed URL has no route
  const oauth = config?.oauthErrors === true;
  if (problem.code === 'body_too_large' && config?.bulkLimit)
    return sendProblem(request, reply, problemOf('import_too_large'));
  if (problem.status === 413 || problem.status === 415) readOn(request, reply);
  void reply
    .code(oauth ? oauthStatus(problem) : problem.status)
    .headers(oauth ? withoutChallenge(problem) : (problem.extras.headers ?? {}))
    .type(oauth ? 'application/json; charset=utf-8' : 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(oauth ? oauthBody(problem) : problemBody(problem, request.id)));
}

/** The body of a problem, as RFC 9457 has it. */
export function problemBody({ status, code, detail, extras }: Problem, requestId: string): ProblemDto {
  const { errors, members } = extras;
  const title = STATUS_CODES[status] ?? '';
  return { type: 'about:blank', title, status, code, detail, errors, ...members, request_id: requestId };
}

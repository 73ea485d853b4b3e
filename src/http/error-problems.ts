import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { databaseProblem } from '../database/failures.js';
import {
  malformedRequest,
  notFound,
  Problem,
  problem,
  type ProblemCode,
  tooManyRequests,
  unavailable,
  unsupportedMediaType,
} from '../problems.js';

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

/** The status that Fastify gives its own errors. */
function frameworkStatus(error: unknown): number | undefined {
  const { statusCode, name } = (error ?? {}) as { statusCode?: unknown; name?: unknown };
  if (name === 'AbortError') return 503; // aborted because the client has gone, or waited too long
  return typeof statusCode === 'number' ? statusCode : undefined;
}

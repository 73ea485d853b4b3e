import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { seconds } from '../config/durations.js';
import { type Problem, problem, unsupportedMediaType } from '../problems.js';
import { hasRefusedBytes, jsonProblem } from './json-limits.js';

const FORM = 'application/x-www-form-urlencoded';
const BULK = ['application/x-ndjson', 'text/csv'];
/** Most bytes of a body. */
export const BODY_LIMIT = 64 * 1024;
/** Most bytes of an import file. */
export const BULK_LIMIT = 5 * 1024 * 1024;
const LINGER = seconds(1);

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The members of an HTML form that the route reads; without it, the route reads JSON only. */
    formMembers?: readonly string[];
    /** The route reads NDJSON or CSV of so many bytes at most, and nothing else. */
    bulkLimit?: number;
    /** The route's errors have the form of RFC 6749 section 5.2. */
    oauthErrors?: boolean;
  }
}

/** Registers the content type parsers: JSON everywhere, forms where a route allows them; others are 415. */
export function readBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error'); // refuses __proto__ and constructor.prototype
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined); // an empty chunked body
    const text = body.toString('utf8');
    const failure = isUtf8(body) ? jsonProblem(text) : problem('refused_character');
    if (failure) return done(failure);
    void parseJson(request, text, (error, value) => done(error ? problem('malformed_json') : null, value));
  });
  fastify.addContentTypeParser<Buffer>(FORM, { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, parseForm(request, body));
    } catch (error) {
      done(error as Problem);
    }
  });
  fastify.addContentTypeParser<Buffer>(BULK, { parseAs: 'buffer', bodyLimit: BULK_LIMIT }, (_request, body, done) => {
    if (isUtf8(body) && !body.includes(0)) done(null, body);
    else done(problem('refused_character'));
  });
  fastify.addContentTypeParser('*', (request: FastifyRequest, payload, done) => {
    const failure = unsupportedMediaType(expectedTypes(request));
    if (request.headers['transfer-encoding'] === undefined) return done(failure);
    // only reading tells whether there is a body
    payload.once('data', () => done(failure)).once('end', () => done(null, undefined)).once('error', done).resume(); // prettier-ignore
  });
}

/** Whether the headers announce a body that no route reads. */
export const isTooLarge = (headers: IncomingHttpHeaders): boolean =>
  Number(headers['content-length']) > (isBulk(headers['content-type']) ? BULK_LIMIT : BODY_LIMIT);

/** Called before a body is read. @throws Problem 415 when it has a content coding (RFC 9110 section 8.4) */
export function checkBody(request: FastifyRequest): void {
  const { headers } = request;
  const { 'content-length': length = '0', 'content-encoding': coding } = headers;
  const isEmpty = Number(length) === 0 && headers['transfer-encoding'] === undefined;
  if (isEmpty)
    delete headers['content-type']; // many clients send a content type without a body
  else if (isBulk(headers['content-type']) && !request.routeOptions.config.bulkLimit)
    throw unsupportedMediaType(expectedTypes(request)); // prettier-ignore
  else if (request.routeOptions.config.bulkLimit && !isBulk(headers['content-type']))
    throw unsupportedMediaType(expectedTypes(request)); // prettier-ignore
  else if (coding && coding.toLowerCase() !== 'identity') throw unsupportedMediaType('sent without a content coding');
}

/**
 * Called when a request is answered whose body was refused unread. Closing a connection with unread data resets it, and an
 * answer in flight is lost. So the rest is read and discarded for a while before the connection closes (RFC 9112 section
 * 9.6).
 */
export function readOn({ raw }: FastifyRequest, reply: FastifyReply): void {
  const { shouldKeepAlive } = reply.raw;
  reply.removeHeader('connection'); // Fastify's "close"
  reply.raw.shouldKeepAlive = true; // a client's "close" is honoured at the end, below
  reply.raw.once('finish', () => {
    setTimeout(() => raw.complete || raw.socket.destroy(), LINGER).unref();
    if (shouldKeepAlive) return;
    if (raw.readableEnded) raw.socket.end();
    else raw.once('end', () => raw.socket.end());
  });
}

/**
 * Members that the route doesn't read are ignored (RFC 6749 section 3.2), and an empty value counts as left out. A repeated
 * member becomes an array, and so a validation error.
 */
function parseForm(request: FastifyRequest, body: Buffer): Record<string, string | string[]> {
  const members = request.routeOptions.config.formMembers ?? (body.length === 0 ? [] : undefined);
  if (!members) throw unsupportedMediaType(expectedTypes(request));
  if (hasRefusedBytes(body.toString('latin1'))) throw problem('refused_character');
  const form = new URLSearchParams(body.toString('utf8'));
  const sent = members
    .map((name) => [name, form.getAll(name).filter(Boolean)] as const)
    .filter(([, values]) => values.length > 0);
  return Object.fromEntries(sent.map(([name, values]) => [name, values.length > 1 ? values : values.join()]));
}

const isBulk = (type = '') => BULK.includes(type.split(';', 1)[0]?.trim().toLowerCase() ?? '');

const expectedTypes = (request: FastifyRequest) =>
  request.routeOptions.config.bulkLimit
    ? BULK.join(' or ')
    : request.routeOptions.config.formMembers
      ? `application/json or ${FORM}`
      : 'application/json';

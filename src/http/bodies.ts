import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { seconds } from '../config/durations.js';
import { type Problem, problem, unsupportedMediaType } from '../problems.js';
import { hasRefusedBytes, jsonProblem } from './json-limits.js';

const FORM = 'application/x-www-form-urlencoded';
const BULK = ['application/x-ndjson', 'text/csv'];
/** Bytes of a file of many rows. */
export const BULK_LIMIT = 5 * 1024 * 1024;
const LINGER = seconds(1);

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The members of an HTML form that the route reads; without it, it reads JSON only. */
    formMembers?: readonly string[];
    /** The route reads a file of many rows, of so many bytes at most: NDJSON or CSV, and nothing else. */
    bulkLimit?: number;
    /** The route answers its errors as RFC 6749 section 5.2 says. */
    oauthErrors?: boolean;
  }
}

/** Teaches the server its body types: JSON everywhere, forms where a route says so, nothing else (415). */
export function readBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error'); // refuses __proto__ and constructor.prototype
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined); // it was sent in no chunks
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
    // whether there is a body at all, only reading tells
    payload.once('data', () => done(failure)).once('end', () => done(null, undefined)).once('error', done).resume(); // prettier-ignore
  });
}

/** To be called before a body is read. @throws Problem 415 when it comes in a coding (RFC 9110 section 8.4) that nobody undoes */
export function checkBody(request: FastifyRequest): void {
  const { headers } = request;
  const { 'content-length': length = '0', 'content-encoding': coding } = headers;
  const isEmpty = Number(length) === 0 && headers['transfer-encoding'] === undefined;
  if (isEmpty)
    delete headers['content-type']; // many clients name the type of a body that isn't there
  else if (isBulk(headers['content-type']) && !request.routeOptions.config.bulkLimit)
    throw unsupportedMediaType(expectedTypes(request)); // prettier-ignore
  else if (request.routeOptions.config.bulkLimit && !isBulk(headers['content-type']))
    throw unsupportedMediaType(expectedTypes(request)); // prettier-ignore
  else if (coding && coding.toLowerCase() !== 'identity') throw unsupportedMediaType('sent without a content coding');
}

/**
 * To be called before a request is answered whose body has been refused unread.
 * Closing a connection while a body comes in resets it, and an answer that its sender, or a proxy, has not read yet is lost
 * with it. So the rest is read and thrown away for a while, whoever wants to close (RFC 9112 section 9.6).
 */
export function readOn({ raw }: FastifyRequest, reply: FastifyReply): void {
  const { shouldKeepAlive } = reply.raw;
  reply.removeHeader('connection'); // Fastify's "close"
  reply.raw.shouldKeepAlive = true; // what a client asks for with "close" is done at the end, below
  reply.raw.once('finish', () => {
    setTimeout(() => raw.complete || raw.socket.destroy(), LINGER).unref();
    if (shouldKeepAlive) return;
    if (raw.readableEnded) raw.socket.end();
    else raw.once('end', () => raw.socket.end());
  });
}

/**
 * Other members than the route reads are left out, as OAuth clients send more than is asked for (RFC 6749 section 3.2).
 * One without a value counts as left out. A member that is sent twice becomes an array, and so a validation error.
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

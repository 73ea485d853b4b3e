import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { malformedJson, type Problem, refusedCharacter, unsupportedMediaType } from '../errors.js';
import { hasRefusedBytes, jsonProblem } from './json-limits.js';

const FORM = 'application/x-www-form-urlencoded';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The members of an HTML form that the route reads; without it, it reads JSON only. */
    formMembers?: readonly string[];
    /** The route answers its errors as RFC 6749 section 5.2 says. */
    oauthErrors?: boolean;
  }
}

/** Teaches the server its body types: JSON everywhere, forms where a route says so, nothing else (415). */
export function readBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error'); // refuses __proto__ and constructor.prototype
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined); // many clients name the type of a body that isn't there
    const text = body.toString('utf8');
    const problem = isUtf8(body) ? jsonProblem(text) : refusedCharacter();
    if (problem) return done(problem);
    void parseJson(request, text, (error, value) => done(error ? malformedJson() : null, value));
  });
  fastify.addContentTypeParser<Buffer>(FORM, { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, parseForm(request, body));
    } catch (error) {
      done(error as Problem);
    }
  });
  fastify.addContentTypeParser('*', (request: FastifyRequest, _payload, done) => {
    done(unsupportedMediaType(expectedTypes(request)));
  });
}

/**
 * Other members than the route reads are left out, as OAuth clients send more than is asked for (RFC 6749 section 3.2).
 * A member that is sent twice becomes an array, and so a validation error.
 */
function parseForm(request: FastifyRequest, body: Buffer): Record<string, string | string[]> {
  const members = request.routeOptions.config.formMembers;
  if (!members) throw unsupportedMediaType(expectedTypes(request));
  if (hasRefusedBytes(body.toString('latin1'))) throw refusedCharacter();
  const form = new URLSearchParams(body.toString('utf8'));
  const sent = members.map((name) => [name, form.getAll(name)] as const).filter(([, values]) => values.length > 0);
  return Object.fromEntries(sent.map(([name, values]) => [name, values.length > 1 ? values : values.join()]));
}

const expectedTypes = (request: FastifyRequest) =>
  request.routeOptions.config.formMembers ? `application/json or ${FORM}` : 'application/json';

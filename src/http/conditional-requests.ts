/** ETag, Location and conditional requests. */
import { hash } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { perRoute } from '../access.js';
import { ServerSettings } from '../config/server-settings.js';
import { problem } from '../problems.js';

interface Resource {
  version: number;
  path: string;
  /** Whether the answer contains a secret that is shown once and must not be cached. */
  isSecret?: boolean;
}

/** Only the browser's own cache, revalidated on each use; answers without an ETag are `no-store`. */
const VALIDATED = 'private, no-cache';

const RESOURCE = Symbol('resource');
type Answer = { [RESOURCE]?: Resource } | null | undefined;

declare module 'fastify' {
  interface FastifyReply {
    resource?: Resource;
  }
}

/** Marks an answer as a resource with a version and a path: it gets an `ETag`, and when new a `Location`. */
export function withVersion<T extends object>(answer: T, resource: Resource): T {
  (answer as Exclude<Answer, null | undefined>)[RESOURCE] = resource; // JSON.stringify ignores symbols
  return answer;
}

/** The JSON of an answer, with the headers that {@link withVersion} requests. */
export function serialize(
  answer: object,
  status: number,
): { body: string; etag: string | null; location: string | null } {
  const body = JSON.stringify(answer);
  const resource = (answer as NonNullable<Answer>)[RESOURCE];
  if (!resource) return { body, etag: null, location: null };
  return { body, etag: entityTag(resource.version, body), location: status === 201 ? resource.path : null };
}

/** Sends `ETag` and `Location`, and `304` when `If-None-Match` matches. */
export function sendResourceHeaders(fastify: FastifyInstance): void {
  fastify.decorateReply('resource', undefined);
  fastify.addHook('preSerialization', (_request, reply, payload: Answer, done) => {
    const resource = payload?.[RESOURCE];
    if (resource) {
      reply.resource = resource;
      if (reply.statusCode === 201) reply.header('location', resource.path);
    }
    done(null, payload);
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (reply.statusCode === 412 && reply.hasHeader('etag')) reply.header('cache-control', VALIDATED);
    if (!reply.resource || typeof payload !== 'string') return done(null, payload);
    const etag = entityTag(reply.resource.version, payload);
    reply.header('etag', etag);
    if (!reply.resource.isSecret) reply.header('cache-control', VALIDATED);
    done(null, isFresh(request, etag) ? notModified(request, reply, payload) : payload);
  });
}

/**
 * @param current the resource as a GET would return it now
 * @throws Problem 412, with its current `ETag`, unless its version is accepted
 */
export function assertMatches(current: object, accepted: number[] | undefined): void {
  const version = (current as NonNullable<Answer>)[RESOURCE]?.version;
  if (version === undefined || !accepted || accepted.includes(version)) return;
  throw problem('precondition_failed', { headers: { etag: entityTag(version, JSON.stringify(current)) } });
}

const CONDITIONAL = Symbol('resource:conditional');

/** Marks a write that honours `If-Match`; REQUIRE_IF_MATCH makes it mandatory, except for DELETE. */
export const ConditionalWrite = () => SetMetadata(CONDITIONAL, true);
const isConditional = perRoute((context) => Reflect.getMetadata(CONDITIONAL, context.getHandler()) === true);

/** Reads `If-Match` for the marked writes, and requires it where REQUIRE_IF_MATCH is set. */
@Injectable()
export class PreconditionGuard implements CanActivate {
  constructor(private readonly settings: ServerSettings) {}

  canActivate(context: ExecutionContext): boolean {
    if (!isConditional(context)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const ifMatch = request.headers['if-match'];
    const isRequired = this.settings.requireIfMatch && request.method !== 'DELETE';
    if (ifMatch === undefined && isRequired) throw problem('precondition_required');
    request.versions = acceptedVersions(ifMatch);
    return true;
  }
}

/**
 * The versions that an `If-Match` header (RFC 9110 section 13.1.1) accepts; undefined accepts any. An ETag is the version
 * and a digest of the answer: only the version is compared here, so that what others do to a resource (a like, a sign-in)
 * makes a cached copy stale but never an edit fail. A weak tag never matches.
 */
export function acceptedVersions(ifMatch: string | undefined): number[] | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  return ifMatch.split(',').flatMap((tag) => {
    const version = /^"(\d{1,9})-[\w-]+"$/.exec(tag.trim())?.[1];
    return version ? [Number(version)] : [];
  });
}

const entityTag = (version: number, body: string) => `"${version}-${hash('sha1', body, 'base64url').slice(0, 12)}"`;

/** Whether the client has this version: `If-None-Match` uses the weak comparison (RFC 9110 section 13.1.2). */
export function isFresh({ method, headers }: Pick<FastifyRequest, 'method' | 'headers'>, etag: string): boolean {
  const known = headers['if-none-match'];
  if (!known || (method !== 'GET' && method !== 'HEAD')) return false;
  return known.trim() === '*' || known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

/** For HEAD the payload is kept: Fastify takes Content-Length from it, then drops it. */
function notModified({ method }: FastifyRequest, reply: FastifyReply, payload: string): string | null {
  reply.code(304).removeHeader('content-type').removeHeader('content-length');
  return method === 'HEAD' ? payload : null;
}

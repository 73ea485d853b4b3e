/** Who is calling, and who may call what. */
import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What a person may be. Stored as text; the database checks the same two values. */
export const ROLES = ['user', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The signed-in person behind a request, as the bearer guard found them. */
export interface Principal {
  readonly id: string;
  readonly email: string;
  readonly username: string;
  readonly role: Role;
  readonly sessionId: string;
}

/** Where a request comes from: what security events and throttles remember. */
export interface Origin {
  readonly ip: string;
  readonly userAgent: string | null;
  readonly requestId: string;
  /** Fires when the client has gone, so that work nobody waits for can be dropped. */
  readonly signal: AbortSignal;
}

/** What scripts and the process itself act as: nobody's request. */
export const SCRIPT: Origin = { ip: '', userAgent: null, requestId: '', signal: new AbortController().signal };

declare module 'fastify' {
  interface FastifyRequest {
    user?: Principal;
    /** Where it comes from: an IP address and nothing else, whatever a proxy has written. Empty when unknown. */
    readonly address: string;
  }
}

const PUBLIC = Symbol('access:public');
const ROLES_KEY = Symbol('access:roles');

/** Lets anyone call the route. Every route without it needs a bearer token. */
export const Public = () => SetMetadata(PUBLIC, true);

/** Lets only these roles call the route; others get 403 `forbidden`. */
export const Roles = (...roles: Role[]) => SetMetadata(ROLES_KEY, roles);

/**
 * Reads something off routes, once for each: every request passes several guards that ask, and reflection is slow.
 * @param read sees only what is the same for all requests to a route
 */
export function perRoute<T>(read: (context: ExecutionContext) => T): (context: ExecutionContext) => T {
  const routes = new Map<unknown, Map<unknown, T>>();
  return (context) => {
    const [controller, handler] = [context.getClass(), context.getHandler()];
    const known = routes.get(controller)?.get(handler);
    if (known !== undefined) return known;
    const found = read(context);
    routes.set(controller, (routes.get(controller) ?? new Map<unknown, T>()).set(handler, found));
    return found;
  };
}

/** Whether the route being called is open to anyone. */
export const isPublic = perRoute((context) => metadata(PUBLIC, context) === true);

/** The roles that may call the route; null means any signed-in person. */
export const requiredRoles = perRoute((context) => (metadata(ROLES_KEY, context) as Role[] | undefined) ?? null);

/** The signed-in person, in a controller's arguments. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext) => requestOf(context).user);

/** Where the request comes from, in a controller's arguments. */
export const From = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const http = context.switchToHttp();
  return clientOf(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
});

/** Whether this person may act on that user's own data. */
export const isSelfOrAdmin = (me: Principal, userId: string): boolean => me.id === userId || me.role === 'admin';

/** Describes the sender of a request. */
export function clientOf(request: FastifyRequest, reply: FastifyReply): Origin {
  let signal: AbortSignal | undefined;
  return {
    ip: request.address,
    userAgent: cleanUserAgent(request.headers['user-agent']),
    requestId: request.id,
    get signal() {
      return (signal ??= closeSignal(reply));
    },
  };
}

/** Not `request.signal`: on Node 20 that fires as soon as the body has been read. */
function closeSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  if (raw.destroyed) controller.abort();
  raw.once('close', () => controller.abort());
  return controller.signal;
}

/** A user agent that is safe to log and to store: at most 256 characters, none of them a control character. */
export function cleanUserAgent(userAgent: string | undefined): string | null {
  return userAgent ? userAgent.slice(0, 256).replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?') : null;
}

function requestOf(context: ExecutionContext): FastifyRequest {
  return context.switchToHttp().getRequest<FastifyRequest>();
}

function metadata(key: symbol, context: ExecutionContext): unknown {
  return Reflect.getMetadata(key, context.getHandler()) ?? Reflect.getMetadata(key, context.getClass());
}

/** The path of a request line, without its query; of the absolute form (`GET http://…`, RFC 9112 section 3.2.2) as well. */
export function pathOf(url: string): string {
  const [path = ''] = url.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1);
  return path || '/';
}

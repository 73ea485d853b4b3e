/** Decorators that say who may call a route, and how guards read them. */
import { applyDecorators, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Principal, Role } from './request.js';

/** When a route requires a fresh sign-in. */
export interface FreshRule {
  /** Only of users with a second factor: for routes that existed before second factors did. */
  ifMfa?: boolean;
  /** With two factors, also of users who have set up none. */
  aal2?: boolean;
  /** Only for requests that match. The body is parsed by then, but not validated. */
  when?: (request: FastifyRequest, me: Principal) => boolean;
}

const PUBLIC = Symbol('access:public');
const READS_BEARER = Symbol('access:reads-bearer');
const READS_ACCOUNT = Symbol('access:reads-account');
const FRESH = Symbol('access:fresh');
const BEFORE_MFA = Symbol('access:before-mfa');
const ROLES_KEY = Symbol('access:roles');
const SCOPED = Symbol('access:scoped');

/** Lets anyone call the route. Every route without it needs a bearer token. */
export const Public = () => SetMetadata(PUBLIC, true);

/** Lets anyone call the route, and reads a bearer token if there is one; an invalid one is 401. */
export const PublicOrBearer = () => applyDecorators(Public(), SetMetadata(READS_BEARER, true));

/** Lets the bearer guard's look-up return the caller's whole account, for a route that answers with it. */
export const ReadsAccount = () => SetMetadata(READS_ACCOUNT, true);

/** Lets only these roles call the route; others get 403 `forbidden`. */
export const Roles = (...roles: Role[]) => SetMetadata(ROLES_KEY, roles);

/** The topic of the scopes that a route requires; `any` for every token. */
export type ScopeTopic = 'users' | 'posts' | 'tasks' | 'audit' | 'any';

/**
 * Opens the route, or all of a controller, to access tokens: with the scope `posts:read` for GET and HEAD, `posts:write`
 * for the rest. A route without it is closed to them.
 */
export const Scoped = (topic: ScopeTopic) => SetMetadata(SCOPED, topic);

/** Requires a fresh sign-in, with the second factor if the user has one; or else 403 `step_up_required`. */
export const Fresh = (rule: FreshRule = {}) => SetMetadata(FRESH, rule);

/** Whether the request makes somebody an admin. */
export const makesAdmin = ({ body }: FastifyRequest): boolean =>
  (body as { role?: unknown } | null | undefined)?.role === 'admin';

/** Lets users call the route who must have a second factor and have not shown one: routes for setting it up. */
export const BeforeMfa = () => SetMetadata(BEFORE_MFA, true);

/**
 * Caches what is read from a route's metadata: every request passes several guards, and reflection is slow.
 * @param read must return the same for all requests to a route
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

/** The topic of scopes that a token needs for the route; null when tokens may not call it. */
export const scopeTopic = perRoute((context) => (metadata(SCOPED, context) as ScopeTopic | undefined) ?? null);

/** Whether the route reads a bearer token although it is open to anyone. */
export const readsBearer = perRoute((context) => metadata(READS_BEARER, context) === true);

/** Whether the route answers with the caller's account. */
export const readsAccount = perRoute((context) => metadata(READS_ACCOUNT, context) === true);

/** The roles that may call the route; null means any signed-in person. */
export const requiredRoles = perRoute((context) => (metadata(ROLES_KEY, context) as Role[] | undefined) ?? null);

/** When the route requires a fresh sign-in; null means never. */
export const freshRule = perRoute((context) => (metadata(FRESH, context) as FreshRule | undefined) ?? null);

/** Whether the route may be called before a required second factor is shown. */
export const isBeforeMfa = perRoute((context) => metadata(BEFORE_MFA, context) === true);

function metadata(key: symbol, context: ExecutionContext): unknown {
  return Reflect.getMetadata(key, context.getHandler()) ?? Reflect.getMetadata(key, context.getClass());
}

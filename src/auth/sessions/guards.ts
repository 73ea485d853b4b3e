import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isPublic, readsAccount, readsBearer, requiredRoles, type ScopeTopic, scopeTopic } from '../../access.js';
import { callOf, type Scope } from '../../request.js';
import type { AccessClaims } from './access-tokens.js';
import { BearerTokens } from './bearer-tokens.js';
import { forbidden, problem } from '../../problems.js';
import { JwtStrategy } from './jwt.strategy.js';
import { SessionStore, type SignedIn } from './session-store.js';

/** Requires a valid bearer token, except where a route is `@Public`. */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly strategy: JwtStrategy,
    private readonly tokens: BearerTokens,
    private readonly sessions: SessionStore,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (isPublic(context) && !readsBearer(context)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (isPublic(context) && !isBearer(request)) return true;
    const token = bearerOf(request);
    const reader = token === undefined ? undefined : this.tokens.readerOf(token);
    const account = readsAccount(context);
    const found = reader
      ? reader(token as string, callOf(context), account)
      : this.verify(request).then((claims) => this.sessions.findSignedIn(claims, account));
    return this.letIn(found, request);
  }

  private async letIn(found: Promise<SignedIn | null>, request: FastifyRequest): Promise<boolean> {
    const signedIn = await found;
    if (!signedIn) throw problem('invalid_token');
    request.user = signedIn.me;
    request.credential = signedIn.credential;
    return true;
  }

  /**
   * Runs passport-jwt's strategy as passport does: on an object per request that inherits from it and receives the outcome.
   * Not by Nest's AuthGuard: passport's registry belongs to the process, which may hold several applications, and passport
   * adds ten members to every request.
   */
  private verify(request: FastifyRequest): Promise<AccessClaims> {
    return new Promise((resolve, reject) => {
      const outcome = {
        success: resolve,
        fail: () => reject(isBearer(request) ? problem('invalid_token') : problem('not_authenticated')),
        error: reject,
      };
      Object.assign(Object.create(this.strategy) as JwtStrategy, outcome).authenticate(request as never);
    });
  }
}

const isBearer = ({ headers }: FastifyRequest) => /^bearer(\s|$)/i.test(headers.authorization ?? '');

const bearerOf = ({ headers }: FastifyRequest) => /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];

/** Allows a personal access token what its scopes say, and nothing where a route names no scope. */
@Injectable()
export class ScopeGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { credential, method } = context.switchToHttp().getRequest<FastifyRequest>();
    if (credential?.kind !== 'token') return true;
    const topic = scopeTopic(context);
    if (!topic) throw forbidden("Access tokens can't do this: it needs a session.");
    const missing = scopesFor(topic, method, context).filter((scope) => !covers(credential.scopes, scope));
    // a missing `admin` scope is reported only to owners who are admins; for others RolesGuard refuses
    const needed = missing.filter((scope) => scope !== 'admin' || credential.ownerRole === 'admin');
    if (!needed.length) return true;
    throw problem('insufficient_scope', {
      headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${needed.join(' ')}"` },
    });
  }
}

function scopesFor(topic: ScopeTopic, method: string, context: ExecutionContext): Scope[] {
  const admin: Scope[] = requiredRoles(context)?.includes('admin') ? ['admin'] : [];
  if (topic === 'any') return admin;
  const reads = method === 'GET' || method === 'HEAD' || topic === 'audit';
  return [`${topic}:${reads ? 'read' : 'write'}` as Scope, ...admin];
}

const covers = (scopes: readonly Scope[], scope: Scope) =>
  scopes.includes(scope) || (scope.endsWith(':read') && scopes.includes(scope.replace(':read', ':write') as Scope));

/** Requires one of the roles that a route names. */
@Injectable()
export class RolesGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const roles = requiredRoles(context);
    if (!roles) return true;
    const { user } = context.switchToHttp().getRequest<FastifyRequest>();
    if (user && roles.includes(user.role)) return true;
    throw forbidden();
  }
}

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isPublic, requiredRoles } from '../../request.js';
import { forbidden, problem } from '../../problems.js';
import { JwtStrategy } from './jwt.strategy.js';
import type { SignedIn } from './session-store.js';

/** Lets in who has a valid bearer token, and anyone where a route is public. */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(private readonly strategy: JwtStrategy) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    return isPublic(context) || this.authenticate(context.switchToHttp().getRequest<FastifyRequest>());
  }

  /**
   * As passport does it, with an heir of the strategy for each request, which its outcome is hung on. Not by Nest's
   * AuthGuard: it asks passport, whose strategies are the process's, which may hold several applications, and who hangs
   * ten members on every request.
   */
  private authenticate(request: FastifyRequest): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const outcome = {
        success: ({ me, credential }: SignedIn) => {
          request.user = me;
          request.credential = credential;
          resolve(true);
        },
        fail: () => reject(isBearer(request) ? problem('invalid_token') : problem('not_authenticated')),
        error: reject,
      };
      Object.assign(Object.create(this.strategy) as JwtStrategy, outcome).authenticate(request as never);
    });
  }
}

const isBearer = ({ headers }: FastifyRequest) => /^bearer(\s|$)/i.test(headers.authorization ?? '');

/** Lets in who has one of the roles that a route asks for. */
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

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { isPublic, requiredRoles } from '../access.js';
import { forbidden, invalidToken, notAuthenticated } from '../errors.js';
import { JwtStrategy } from './jwt.strategy.js';

/** Lets in who has a valid bearer token, and anyone where a route is public. */
@Injectable()
export class BearerGuard extends AuthGuard() {
  /**
   * The strategy itself, not its name: passport's names are the process's, which may hold several applications. And an
   * heir of it for each request, as passport hangs the request's callbacks on it (by name, it makes the heir itself).
   */
  constructor(strategy: JwtStrategy) {
    super({
      get defaultStrategy(): object {
        return Object.create(strategy) as object;
      },
    });
  }

  override canActivate(context: ExecutionContext) {
    return isPublic(context) || super.canActivate(context);
  }

  override handleRequest<User>(error: unknown, user: User | false, _info: unknown, context: ExecutionContext): User {
    if (error) throw error as Error;
    if (user) return user;
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    throw /^bearer(\s|$)/i.test(headers.authorization ?? '') ? invalidToken() : notAuthenticated();
  }
}

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
